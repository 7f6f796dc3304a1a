// What the rows of the table have in common, and the parts of it.
//
// Each part is a file of rows about one thing, in the order of their names, so that a container is followed by its
// subcommands. Adding a command: its row here, its handler in commands/handlers.hpp; scripts/commands_page.py then
// writes its line in docs/commands.md.
#pragma once

#include "server/commands/handlers.hpp"

#include <array>
#include <span>

namespace understudy::server {

[[nodiscard]] std::span<const Command> string_commands() noexcept;
[[nodiscard]] std::span<const Command> key_commands() noexcept;
[[nodiscard]] std::span<const Command> connection_commands() noexcept;
[[nodiscard]] std::span<const Command> transaction_commands() noexcept;
[[nodiscard]] std::span<const Command> pubsub_commands() noexcept;
[[nodiscard]] std::span<const Command> acl_commands() noexcept;
[[nodiscard]] std::span<const Command> server_commands() noexcept;

namespace table {

namespace f = flag;
namespace c = category;

inline constexpr std::uint32_t always_allowed = f::loading | f::stale;
inline constexpr std::uint32_t handshake = f::noscript | f::loading | f::stale | f::fast | f::no_auth | f::allow_busy;
inline constexpr std::uint32_t about_connection = f::noscript | f::loading | f::stale;
inline constexpr std::uint32_t administration = f::admin | f::noscript | f::loading | f::stale;
inline constexpr KeyPositions one_key{1, 1, 1};
inline constexpr KeyPositions all_keys{1, -1, 1};
inline constexpr KeyPositions two_keys{1, 2, 1};
inline constexpr KeyPositions second_word{2, 2, 1};
inline constexpr std::string_view constant = "O(1)";
inline constexpr std::string_view per_key = "O(N), N being the number of keys given";
inline constexpr std::string_view per_byte = "O(N), N being the length of the value";
inline constexpr std::string_view per_entry = "O(N), N being the number of keys in the store";
inline constexpr std::string_view spread = "request_policy:multi_shard";
inline constexpr std::string_view spread_sum = "request_policy:multi_shard response_policy:agg_sum";
inline constexpr std::string_view spread_all = "request_policy:all_shards response_policy:all_succeeded";
inline constexpr std::string_view unordered = "nondeterministic_output_order";

}  // namespace table
}  // namespace understudy::server
