// Commands about users and what they may do.
#include "server/table/rows.hpp"

namespace understudy::server {
namespace {

using namespace table;

constexpr std::string_view per_user = "O(N), N being the number of users";
constexpr std::string_view per_rule = "O(N), N being the number of rules";

// clang-format off
constexpr auto rows = std::to_array<Command>({
    {.name = "acl", .arity = -2, .group = "server", .since = "6.0.0", .complexity = "That of the subcommand",
     .summary = "Asks and tells about users"},
    {.name = "acl|cat", .arity = -2, .flags = about_connection, .group = "server", .since = "6.0.0",
     .complexity = "O(N), N being the number of commands", .usage = "[category]",
     .summary = "Gives the categories, or the commands of one", .session = acl_cat},
    {.name = "acl|deluser", .arity = -3, .flags = administration, .group = "server", .since = "6.0.0",
     .complexity = "O(N), N being the number of connections", .usage = "username [username ...]",
     .summary = "Removes users, and ends their connections", .session = acl_deluser},
    {.name = "acl|dryrun", .arity = -4, .flags = administration, .group = "server", .since = "7.0.0",
     .complexity = per_rule, .usage = "username command [argument ...]",
     .summary = "Says whether a user may run a command; it is not run", .session = acl_dryrun},
    {.name = "acl|genpass", .arity = -2, .flags = about_connection, .group = "server", .since = "6.0.0",
     .complexity = constant, .usage = "[bits]", .summary = "Gives a random password", .session = acl_genpass},
    {.name = "acl|getuser", .arity = 3, .flags = administration, .group = "server", .since = "6.0.0",
     .complexity = per_rule, .usage = "username", .summary = "Gives the rules of a user", .session = acl_getuser},
    {.name = "acl|help", .arity = 2, .flags = always_allowed, .group = "server", .since = "6.0.0",
     .complexity = constant, .summary = "Lists the subcommands", .session = acl_help},
    {.name = "acl|list", .arity = 2, .flags = administration, .group = "server", .since = "6.0.0",
     .complexity = per_user, .summary = "Gives all users, a line each, as in the users' file", .session = acl_list},
    {.name = "acl|load", .arity = 2, .flags = administration, .group = "server", .since = "6.0.0",
     .complexity = per_user, .summary = "Reads the users' file, and has those users only", .task = acl_load},
    {.name = "acl|log", .arity = -2, .flags = administration, .group = "server", .since = "6.0.0",
     .complexity = "O(N), N being the number of entries", .usage = "[count|RESET]",
     .summary = "Gives what was refused of late, and to whom", .session = acl_log},
    {.name = "acl|save", .arity = 2, .flags = administration, .group = "server", .since = "6.0.0",
     .complexity = per_user, .summary = "Writes the users' file; passwords as hashes", .task = acl_save},
    {.name = "acl|setuser", .arity = -3, .flags = administration, .group = "server", .since = "6.0.0",
     .complexity = per_rule, .usage = "username [rule ...]",
     .summary = "Applies rules to a user, who is made if there is none", .session = acl_setuser},
    {.name = "acl|users", .arity = 2, .flags = administration, .group = "server", .since = "6.0.0",
     .complexity = per_user, .summary = "Gives the names of all users", .session = acl_users},
    {.name = "acl|whoami", .arity = 2, .flags = about_connection, .group = "server", .since = "6.0.0",
     .complexity = constant, .summary = "Gives the name of the connection's user", .session = acl_whoami},
});
// clang-format on

}  // namespace

std::span<const Command> acl_commands() noexcept { return rows; }

}  // namespace understudy::server
