// The table of commands: the one place that says what the server understands. COMMAND and its kin, the checks of
// arguments, the categories of the ACL and the tables of the page docs/commands.md come from it.
//
// Threads: everything here is constant.
#pragma once

#include "server/command.hpp"

#include <cstdint>
#include <span>
#include <string_view>

namespace understudy::server {

/// All commands; a container is followed by its subcommands.
[[nodiscard]] std::span<const Command> command_table() noexcept;
/// The commands about one thing, in the order of their names: a section of docs/commands.md.
struct CommandSection {
  std::string_view title;
  std::span<const Command> commands;
};
/// The whole table, in the order of the page.
[[nodiscard]] std::span<const CommandSection> command_sections() noexcept;
/// True for "client|list".
[[nodiscard]] bool is_subcommand(const Command& command) noexcept;
/// The subcommands of `container`: empty for most.
[[nodiscard]] std::span<const Command> subcommands_of(const Command& container) noexcept;
/// The row with this name, in letters of any size; null if there is none. "client|list" finds the subcommand.
[[nodiscard]] const Command* find_command(std::string_view name) noexcept;
/// Whether a request of `count` words has as many as the command takes.
[[nodiscard]] bool arity_fits(const Command& command, std::size_t count) noexcept;

/// What a request asks for.
struct Lookup {
  enum class Problem : std::uint8_t { none, unknown_command, unknown_subcommand, wrong_arity };
  /// Null with unknown_command; the container with unknown_subcommand.
  const Command* command = nullptr;
  Problem problem = Problem::none;
};
[[nodiscard]] Lookup look_up(Arguments arguments) noexcept;
/// The error reply for a request that is none of ours, worded as Redis does.
void reply_to_problem(const Lookup& lookup, Arguments arguments, RespWriter& reply);
/// The reply of a container's HELP: its subcommands.
void reply_with_help(const Command& container, RespWriter& reply);

}  // namespace understudy::server
