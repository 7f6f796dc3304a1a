// Commands about the server.
#include "server/table/rows.hpp"

namespace understudy::server {
namespace {

using namespace table;

// clang-format off
constexpr auto rows = std::to_array<Command>({
    {.name = "command", .arity = -1, .flags = always_allowed, .categories = c::connection, .tips = unordered,
     .group = "server", .since = "2.8.13", .complexity = "O(N), N being the number of commands",
     .summary = "Describes all commands", .session = command},
    {.name = "command|count", .arity = 2, .flags = always_allowed, .categories = c::connection, .group = "server",
     .since = "2.8.13", .complexity = constant, .summary = "Gives the number of commands", .session = command_count},
    {.name = "command|docs", .arity = -2, .flags = always_allowed, .categories = c::connection, .tips = unordered,
     .group = "server", .since = "7.0.0", .complexity = "O(N), N being the number of commands",
     .usage = "[name ...]", .summary = "Gives what people want to know of commands", .session = command_docs},
    {.name = "command|getkeys", .arity = -4, .flags = always_allowed, .categories = c::connection, .group = "server",
     .since = "2.8.13", .complexity = "O(N), N being the number of arguments", .usage = "command [argument ...]",
     .summary = "Gives which arguments of a command are keys", .session = command_getkeys},
    {.name = "command|help", .arity = 2, .flags = always_allowed, .categories = c::connection, .group = "server",
     .since = "5.0.0", .complexity = constant, .summary = "Prints this help.", .session = command_help},
    {.name = "command|info", .arity = -2, .flags = always_allowed, .categories = c::connection, .tips = unordered,
     .group = "server", .since = "2.8.13", .complexity = "O(N), N being the number of commands",
     .usage = "[name ...]", .summary = "Describes commands", .session = command_info},
    {.name = "command|list", .arity = -2, .flags = always_allowed, .categories = c::connection, .tips = unordered,
     .group = "server", .since = "7.0.0", .complexity = "O(N), N being the number of commands",
     .usage = "[FILTERBY MODULE name|ACLCAT category|PATTERN pattern]", .summary = "Gives the names of commands",
     .session = command_list},
    {.name = "config", .arity = -2, .group = "server", .since = "2.0.0", .complexity = "That of the subcommand",
     .summary = "Asks about settings"},
    {.name = "config|get", .arity = -3, .flags = administration, .group = "server", .since = "2.0.0",
     .complexity = "O(N), N being the number of settings", .usage = "pattern [pattern ...]",
     .summary = "Gives the settings whose names fit a pattern", .session = config_get},
    {.name = "config|help", .arity = 2, .flags = always_allowed, .group = "server", .since = "5.0.0",
     .complexity = constant, .summary = "Prints this help.", .session = config_help},
    {.name = "config|set", .arity = -4, .flags = administration,
     .tips = "request_policy:all_nodes response_policy:all_succeeded", .group = "server", .since = "2.0.0",
     .complexity = "O(N), N being the number of settings", .usage = "setting value [setting value ...]",
     .summary = "Changes maxmemory, maxmemory-policy and requirepass", .session = config_set},
    {.name = "info", .arity = -1, .flags = always_allowed, .categories = c::dangerous,
     .tips = "nondeterministic_output request_policy:all_shards response_policy:special", .group = "server",
     .since = "1.0.0", .complexity = "O(N), N being the number of connections", .usage = "[section ...]",
     .summary = "Describes the server and how it is doing", .session = info},
    {.name = "understudy", .arity = -2, .group = "understudy", .since = "0.1.0", .complexity = "That of the subcommand",
     .summary = "What is particular to this server"},
    {.name = "understudy|help", .arity = 2, .flags = always_allowed, .group = "understudy", .since = "0.1.0",
     .complexity = constant, .summary = "Prints this help.", .session = understudy_help},
    {.name = "understudy|reset", .arity = 3, .flags = administration, .group = "understudy", .since = "0.1.0",
     .complexity = "O(N), N being the records of the journal", .usage = "KEY-VALUE|WRITER",
     .summary = "Resets an actor of the store: its next incarnation recovers the state", .task = understudy_reset},
    {.name = "understudy|snapshot", .arity = 2, .flags = administration, .group = "understudy", .since = "0.1.0",
     .complexity = "O(N), N being the number of keys",
     .summary = "Takes a snapshot, and answers when it counts; the journal before it then goes",
     .task = understudy_snapshot},
    {.name = "understudy|status", .arity = 2, .flags = administration, .group = "understudy", .since = "0.1.0",
     .complexity = constant, .summary = "Gives the store's statistics", .session = understudy_status},
});
// clang-format on

}  // namespace

std::span<const Command> server_commands() noexcept { return rows; }

}  // namespace understudy::server
