// Commands about transactions.
#include "server/table/rows.hpp"

namespace understudy::server {
namespace {

using namespace table;

constexpr std::uint32_t at_once = f::noscript | f::loading | f::stale | f::fast | f::allow_busy;

// clang-format off
constexpr auto rows = std::to_array<Command>({
    {.name = "discard", .arity = 1, .flags = at_once, .categories = c::transaction, .group = "transactions",
     .since = "2.0.0", .complexity = "O(N), N being the number of queued commands",
     .summary = "Ends a transaction, and does nothing of it", .session = discard},
    {.name = "exec", .arity = 1, .flags = f::noscript | f::loading | f::stale | f::skip_slowlog,
     .categories = c::transaction, .group = "transactions", .since = "1.2.0", .complexity = "That of the commands",
     .summary = "Runs the commands of a transaction, all or none", .task = exec},
    {.name = "multi", .arity = 1, .flags = at_once, .categories = c::transaction, .group = "transactions",
     .since = "1.2.0", .complexity = constant, .summary = "Begins a transaction: commands wait for EXEC",
     .session = multi},
    {.name = "unwatch", .arity = 1, .flags = at_once, .categories = c::transaction, .group = "transactions",
     .since = "2.2.0", .complexity = constant, .summary = "Forgets the watched keys", .session = unwatch},
    {.name = "watch", .arity = -2, .flags = at_once, .categories = c::transaction, .keys = all_keys,
     .key_access = "RO", .group = "transactions", .since = "2.2.0", .complexity = per_key, .usage = "key [key ...]",
     .summary = "Lets the next EXEC do nothing if one of the keys changes before it", .task = watch},
});
// clang-format on

}  // namespace

std::span<const Command> transaction_commands() noexcept { return rows; }

}  // namespace understudy::server
