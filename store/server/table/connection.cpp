// Commands about the connection.
#include "server/table/rows.hpp"

namespace understudy::server {
namespace {

using namespace table;

// clang-format off
constexpr auto rows = std::to_array<Command>({
    {.name = "auth", .arity = -2, .flags = handshake, .categories = c::connection, .group = "connection",
     .since = "1.0.0", .complexity = constant, .usage = "[username] password", .summary = "Says who the client is",
     .note = "alone, the password is that of the user `default`", .task = auth},
    {.name = "client", .arity = -2, .group = "connection", .since = "2.4.0", .complexity = "That of the subcommand",
     .summary = "Asks and tells about connections"},
    {.name = "client|getname", .arity = 2, .flags = about_connection, .categories = c::connection, .group = "connection",
     .since = "2.6.9", .complexity = constant, .summary = "Gives the connection's name", .session = client_getname},
    {.name = "client|help", .arity = 2, .flags = always_allowed, .categories = c::connection, .group = "connection",
     .since = "5.0.0", .complexity = constant, .summary = "Lists the subcommands", .session = client_help},
    {.name = "client|id", .arity = 2, .flags = about_connection, .categories = c::connection, .group = "connection",
     .since = "5.0.0", .complexity = constant, .summary = "Gives the connection's number", .session = client_id},
    {.name = "client|info", .arity = 2, .flags = about_connection, .categories = c::connection,
     .tips = "nondeterministic_output", .group = "connection", .since = "6.2.0", .complexity = constant,
     .summary = "Describes the connection",
     .note = "fields that mean nothing here are left out. `qbuf`, `qbuf-free` and `tot-mem`: since it last began to "
             "wait", .session = client_info},
    {.name = "client|kill", .arity = -3, .flags = administration, .categories = c::connection, .group = "connection",
     .since = "2.4.0", .complexity = "O(N), N being the number of connections",
     .usage = "ADDRESS:PORT|[ID id] [ADDR address:port] [LADDR address:port] [USER username] "
              "[TYPE type] [SKIPME YES|NO]",
     .summary = "Cuts connections off, whatever they do", .session = client_kill},
    {.name = "client|list", .arity = -2, .flags = administration, .categories = c::connection,
     .tips = "nondeterministic_output", .group = "connection", .since = "2.4.0",
     .complexity = "O(N), N being the number of connections", .usage = "[TYPE type|ID id [id ...]]",
     .summary = "Describes all connections, a line each", .session = client_list},
    {.name = "client|no-evict", .arity = 3, .flags = administration, .categories = c::connection, .group = "connection",
     .since = "7.0.0", .complexity = constant, .usage = "ON|OFF", .summary = "Does nothing: no connection is evicted",
     .session = client_no_evict},
    {.name = "client|pause", .arity = -3, .flags = administration, .categories = c::connection, .group = "connection",
     .since = "2.9.50", .complexity = constant, .usage = "timeout [WRITE|ALL]",
     .summary = "Lets commands wait for some milliseconds: all, CLIENT UNPAUSE too, or those that write or publish",
     .session = client_pause},
    {.name = "client|reply", .arity = 3, .flags = about_connection, .categories = c::connection, .group = "connection",
     .since = "3.2.0", .complexity = constant, .usage = "ON|OFF|SKIP",
     .summary = "Says whether commands are replied to", .session = client_reply},
    {.name = "client|setinfo", .arity = 4, .flags = about_connection, .categories = c::connection, .group = "connection",
     .since = "7.2.0", .complexity = constant, .usage = "LIB-NAME|LIB-VER value",
     .summary = "Names the client library of the connection",
     .note = "from Redis 7.2, because clients send it", .session = client_setinfo},
    {.name = "client|setname", .arity = 3, .flags = about_connection, .categories = c::connection, .group = "connection",
     .since = "2.6.9", .complexity = constant, .usage = "name", .summary = "Names the connection",
     .session = client_setname},
    {.name = "client|unblock", .arity = -3, .flags = administration, .categories = c::connection,
     .group = "connection", .since = "5.0.0", .complexity = constant, .usage = "client-id [TIMEOUT|ERROR]",
     .summary = "Gives 0: no command blocks", .session = client_unblock},
    {.name = "client|unpause", .arity = 2, .flags = administration, .categories = c::connection,
     .group = "connection", .since = "6.2.0", .complexity = "O(N), N being the number of connections that wait",
     .summary = "Ends a pause", .session = client_unpause},
    {.name = "echo", .arity = 2, .flags = f::loading | f::stale | f::fast, .categories = c::connection,
     .group = "connection", .since = "1.0.0", .complexity = constant, .usage = "message",
     .summary = "Gives the message back", .session = echo},
    {.name = "hello", .arity = -1, .flags = handshake, .categories = c::connection, .group = "connection",
     .since = "6.0.0", .complexity = constant, .usage = "[version [AUTH username password] [SETNAME name]]",
     .summary = "Chooses the protocol's version, and describes the server", .task = hello},
    {.name = "ping", .arity = -1, .flags = f::fast, .categories = c::connection, .tips = spread_all,
     .group = "connection", .since = "1.0.0", .complexity = constant, .usage = "[message]",
     .summary = "Gives PONG, or the message", .session = ping},
    {.name = "quit", .arity = -1, .flags = handshake, .categories = c::connection, .group = "connection",
     .since = "1.0.0", .complexity = constant, .summary = "Closes the connection", .session = quit},
    {.name = "reset", .arity = 1, .flags = handshake, .categories = c::connection, .group = "connection",
     .since = "6.2.0", .complexity = constant, .summary = "Makes the connection as it was when it began",
     .session = reset},
    {.name = "select", .arity = 2, .flags = f::loading | f::stale | f::fast, .categories = c::connection,
     .group = "connection", .since = "1.0.0", .complexity = constant, .usage = "index",
     .summary = "Chooses a database; there is one, 0",
     .note = "every other is out of range", .session = select},
});
// clang-format on

}  // namespace

std::span<const Command> connection_commands() noexcept { return rows; }

}  // namespace understudy::server
