#include "server/command_table.hpp"

#include "server/commands/handlers.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <string>

#include <boost/unordered/unordered_flat_map.hpp>
#include <fmt/format.h>

namespace understudy::server {
namespace {

namespace f = flag;
namespace c = category;

constexpr std::uint32_t always_allowed = f::loading | f::stale;
constexpr std::uint32_t handshake = f::noscript | f::loading | f::stale | f::fast | f::no_auth | f::allow_busy;
constexpr std::uint32_t about_connection = f::noscript | f::loading | f::stale;
constexpr std::uint32_t administration = f::admin | f::noscript | f::loading | f::stale;
constexpr KeyPositions one_key{1, 1, 1};
constexpr KeyPositions all_keys{1, -1, 1};
constexpr std::string_view constant = "O(1)";
constexpr std::string_view per_key = "O(N), N being the number of keys given";
constexpr std::string_view per_entry = "O(N), N being the number of keys in the store";
constexpr std::string_view spread = "request_policy:multi_shard";
constexpr std::string_view spread_sum = "request_policy:multi_shard response_policy:agg_sum";
constexpr std::string_view spread_all = "request_policy:all_shards response_policy:all_succeeded";
constexpr std::string_view unordered = "nondeterministic_output_order";

// clang-format off
constexpr auto table = std::to_array<Command>({
    // Strings.
    {.name = "append", .arity = 3, .flags = f::write | f::denyoom | f::fast, .categories = c::string, .keys = one_key,
     .key_access = "RW insert", .group = "string", .since = "2.0.0", .complexity = "O(N), N being the length of the new value",
     .usage = "key value", .summary = "Adds a value to the end of a key's value", .data = append},
    {.name = "decr", .arity = 2, .flags = f::write | f::denyoom | f::fast, .categories = c::string, .keys = one_key,
     .key_access = "RW access update", .group = "string", .since = "1.0.0", .complexity = constant,
     .usage = "key", .summary = "Takes one from the number a key holds", .data = decr},
    {.name = "decrby", .arity = 3, .flags = f::write | f::denyoom | f::fast, .categories = c::string, .keys = one_key,
     .key_access = "RW access update", .group = "string", .since = "1.0.0", .complexity = constant,
     .usage = "key decrement", .summary = "Takes a number from the number a key holds", .data = decrby},
    {.name = "get", .arity = 2, .flags = f::readonly | f::fast, .categories = c::string, .keys = one_key,
     .key_access = "RO access", .group = "string", .since = "1.0.0", .complexity = constant,
     .usage = "key", .summary = "Gives the value of a key", .data = get},
    {.name = "getdel", .arity = 2, .flags = f::write | f::fast, .categories = c::string, .keys = one_key,
     .key_access = "RW access delete", .group = "string", .since = "6.2.0", .complexity = constant,
     .usage = "key", .summary = "Gives the value of a key, and removes the key", .data = getdel},
    {.name = "getex", .arity = -2, .flags = f::write | f::fast, .categories = c::string, .keys = one_key,
     .key_access = "RW access update", .key_note = "RW and UPDATE because it changes the TTL", .group = "string",
     .since = "6.2.0", .complexity = constant,
     .usage = "key [EX seconds|PX milliseconds|EXAT seconds|PXAT milliseconds|PERSIST]",
     .summary = "Gives the value of a key, and changes when it dies", .data = getex},
    {.name = "getset", .arity = 3, .flags = f::write | f::denyoom | f::fast, .categories = c::string, .keys = one_key,
     .key_access = "RW access update", .group = "string", .since = "1.0.0", .complexity = constant,
     .usage = "key value", .summary = "Sets a key's value, and gives the one before", .data = getset},
    {.name = "incr", .arity = 2, .flags = f::write | f::denyoom | f::fast, .categories = c::string, .keys = one_key,
     .key_access = "RW access update", .group = "string", .since = "1.0.0", .complexity = constant,
     .usage = "key", .summary = "Adds one to the number a key holds", .data = incr},
    {.name = "incrby", .arity = 3, .flags = f::write | f::denyoom | f::fast, .categories = c::string, .keys = one_key,
     .key_access = "RW access update", .group = "string", .since = "1.0.0", .complexity = constant,
     .usage = "key increment", .summary = "Adds a number to the number a key holds", .data = incrby},
    {.name = "mget", .arity = -2, .flags = f::readonly | f::fast, .categories = c::string, .keys = all_keys,
     .key_access = "RO access", .tips = spread, .group = "string", .since = "1.0.0", .complexity = per_key,
     .usage = "key [key ...]", .summary = "Gives the values of several keys", .data = mget},
    {.name = "mset", .arity = -3, .flags = f::write | f::denyoom, .categories = c::string, .keys = {1, -1, 2},
     .key_access = "OW update", .tips = "request_policy:multi_shard response_policy:all_succeeded", .group = "string",
     .since = "1.0.1", .complexity = per_key,
     .usage = "key value [key value ...]", .summary = "Sets the values of several keys, all or none", .data = mset},
    {.name = "psetex", .arity = 4, .flags = f::write | f::denyoom, .categories = c::string, .keys = one_key,
     .key_access = "OW update", .group = "string", .since = "2.6.0", .complexity = constant,
     .usage = "key milliseconds value", .summary = "Sets a key's value, and how long it lives", .data = psetex},
    {.name = "set", .arity = -3, .flags = f::write | f::denyoom, .categories = c::string, .keys = one_key,
     .key_access = "RW access update variable_flags", .key_note = "RW and ACCESS due to the optional `GET` argument",
     .group = "string", .since = "1.0.0", .complexity = constant,
     .usage = "key value [NX|XX] [GET] [EX seconds|PX milliseconds|EXAT seconds|PXAT milliseconds|KEEPTTL]", .summary = "Sets a key's value", .data = set},
    {.name = "setex", .arity = 4, .flags = f::write | f::denyoom, .categories = c::string, .keys = one_key,
     .key_access = "OW update", .group = "string", .since = "2.0.0", .complexity = constant,
     .usage = "key seconds value", .summary = "Sets a key's value, and how long it lives", .data = setex},
    {.name = "setnx", .arity = 3, .flags = f::write | f::denyoom | f::fast, .categories = c::string, .keys = one_key,
     .key_access = "OW insert", .group = "string", .since = "1.0.0", .complexity = constant,
     .usage = "key value", .summary = "Sets a key's value, unless the key is there", .data = setnx},
    {.name = "strlen", .arity = 2, .flags = f::readonly | f::fast, .categories = c::string, .keys = one_key,
     .key_access = "RO", .group = "string", .since = "2.2.0", .complexity = constant,
     .usage = "key", .summary = "Gives the length of a key's value", .data = strlen},

    // Keys.
    {.name = "dbsize", .arity = 1, .flags = f::readonly | f::fast, .categories = c::keyspace,
     .tips = "request_policy:all_shards response_policy:agg_sum", .group = "server", .since = "1.0.0",
     .complexity = constant, .summary = "Gives the number of keys", .data = dbsize},
    {.name = "del", .arity = -2, .flags = f::write, .categories = c::keyspace, .keys = all_keys,
     .key_access = "RM delete", .tips = spread_sum, .group = "generic", .since = "1.0.0", .complexity = per_key,
     .usage = "key [key ...]", .summary = "Removes keys; gives how many were there", .data = del},
    {.name = "exists", .arity = -2, .flags = f::readonly | f::fast, .categories = c::keyspace, .keys = all_keys,
     .key_access = "RO", .tips = spread_sum, .group = "generic", .since = "1.0.0", .complexity = per_key,
     .usage = "key [key ...]", .summary = "Gives how many of the keys are there", .data = exists},
    {.name = "expire", .arity = -3, .flags = f::write | f::fast, .categories = c::keyspace, .keys = one_key,
     .key_access = "RW update", .group = "generic", .since = "1.0.0", .complexity = constant,
     .usage = "key seconds [NX|XX|GT|LT]", .summary = "Says how long a key lives", .data = expire},
    {.name = "expireat", .arity = -3, .flags = f::write | f::fast, .categories = c::keyspace, .keys = one_key,
     .key_access = "RW update", .group = "generic", .since = "1.2.0", .complexity = constant,
     .usage = "key seconds [NX|XX|GT|LT]", .summary = "Says when a key dies, in seconds since 1970", .data = expireat},
    {.name = "expiretime", .arity = 2, .flags = f::readonly | f::fast, .categories = c::keyspace, .keys = one_key,
     .key_access = "RO access", .group = "generic", .since = "7.0.0", .complexity = constant,
     .usage = "key", .summary = "Gives when a key dies, in seconds since 1970", .data = expiretime},
    {.name = "flushall", .arity = -1, .flags = f::write, .categories = c::keyspace | c::dangerous, .tips = spread_all,
     .group = "server", .since = "1.0.0", .complexity = per_entry,
     .usage = "[ASYNC|SYNC]", .summary = "Removes every key", .data = flushall},
    {.name = "flushdb", .arity = -1, .flags = f::write, .categories = c::keyspace | c::dangerous, .tips = spread_all,
     .group = "server", .since = "1.0.0", .complexity = per_entry,
     .usage = "[ASYNC|SYNC]", .summary = "Removes every key", .data = flushall},
    {.name = "keys", .arity = 2, .flags = f::readonly, .categories = c::keyspace | c::dangerous,
     .tips = "request_policy:all_shards nondeterministic_output_order", .group = "generic", .since = "1.0.0",
     .complexity = per_entry, .usage = "pattern", .summary = "Gives the keys that fit a pattern", .data = keys},
    {.name = "persist", .arity = 2, .flags = f::write | f::fast, .categories = c::keyspace, .keys = one_key,
     .key_access = "RW update", .group = "generic", .since = "2.2.0", .complexity = constant,
     .usage = "key", .summary = "Lets a key live for ever", .data = persist},
    {.name = "pexpire", .arity = -3, .flags = f::write | f::fast, .categories = c::keyspace, .keys = one_key,
     .key_access = "RW update", .group = "generic", .since = "2.6.0", .complexity = constant,
     .usage = "key milliseconds [NX|XX|GT|LT]", .summary = "Says how long a key lives", .data = pexpire},
    {.name = "pexpireat", .arity = -3, .flags = f::write | f::fast, .categories = c::keyspace, .keys = one_key,
     .key_access = "RW update", .group = "generic", .since = "2.6.0", .complexity = constant,
     .usage = "key milliseconds [NX|XX|GT|LT]", .summary = "Says when a key dies, in milliseconds since 1970",
     .data = pexpireat},
    {.name = "pexpiretime", .arity = 2, .flags = f::readonly | f::fast, .categories = c::keyspace, .keys = one_key,
     .key_access = "RO access", .group = "generic", .since = "7.0.0", .complexity = constant,
     .usage = "key", .summary = "Gives when a key dies, in milliseconds since 1970", .data = pexpiretime},
    {.name = "pttl", .arity = 2, .flags = f::readonly | f::fast, .categories = c::keyspace, .keys = one_key,
     .key_access = "RO access", .tips = "nondeterministic_output", .group = "generic", .since = "2.6.0",
     .complexity = constant, .usage = "key", .summary = "Gives how many milliseconds a key has to live", .data = pttl},
    {.name = "scan", .arity = -2, .flags = f::readonly, .categories = c::keyspace,
     .tips = "nondeterministic_output request_policy:special", .group = "generic", .since = "2.8.0",
     .complexity = "O(1) a call, O(N) for the whole walk, N being the number of keys in the store",
     .usage = "cursor [MATCH pattern] [COUNT count] [TYPE type]", .summary = "Walks the keys, part by part", .data = scan},
    {.name = "ttl", .arity = 2, .flags = f::readonly | f::fast, .categories = c::keyspace, .keys = one_key,
     .key_access = "RO access", .tips = "nondeterministic_output", .group = "generic", .since = "1.0.0",
     .complexity = constant, .usage = "key", .summary = "Gives how many seconds a key has to live", .data = ttl},
    {.name = "type", .arity = 2, .flags = f::readonly | f::fast, .categories = c::keyspace, .keys = one_key,
     .key_access = "RO", .group = "generic", .since = "1.0.0", .complexity = constant,
     .usage = "key", .summary = "Gives the type of a key's value: string, or none", .data = type},
    {.name = "unlink", .arity = -2, .flags = f::write | f::fast, .categories = c::keyspace, .keys = all_keys,
     .key_access = "RM delete", .tips = spread_sum, .group = "generic", .since = "4.0.0", .complexity = per_key,
     .usage = "key [key ...]", .summary = "Removes keys, as DEL", .data = del},

    // The connection.
    {.name = "auth", .arity = -2, .flags = handshake, .categories = c::connection, .group = "connection",
     .since = "1.0.0", .complexity = constant, .usage = "[username] password",
     .summary = "Says who the client is; no password can be set yet", .session = auth},
    {.name = "client", .arity = -2, .group = "connection", .since = "2.4.0", .complexity = "That of the subcommand",
     .summary = "Asks and tells about connections"},
    {.name = "client|getname", .arity = 2, .flags = about_connection, .categories = c::connection, .group = "connection",
     .since = "2.6.9", .complexity = constant, .summary = "Gives the connection's name", .session = client_getname},
    {.name = "client|help", .arity = 2, .flags = always_allowed, .categories = c::connection, .group = "connection",
     .since = "5.0.0", .complexity = constant, .summary = "Prints this help.", .session = client_help},
    {.name = "client|id", .arity = 2, .flags = about_connection, .categories = c::connection, .group = "connection",
     .since = "5.0.0", .complexity = constant, .summary = "Gives the connection's number", .session = client_id},
    {.name = "client|info", .arity = 2, .flags = about_connection, .categories = c::connection,
     .tips = "nondeterministic_output", .group = "connection", .since = "6.2.0", .complexity = constant,
     .summary = "Describes the connection", .session = client_info},
    {.name = "client|list", .arity = -2, .flags = administration, .categories = c::connection,
     .tips = "nondeterministic_output", .group = "connection", .since = "2.4.0",
     .complexity = "O(N), N being the number of connections", .usage = "[TYPE type|ID id [id ...]]",
     .summary = "Describes all connections, a line each", .session = client_list},
    {.name = "client|no-evict", .arity = 3, .flags = administration, .categories = c::connection, .group = "connection",
     .since = "7.0.0", .complexity = constant, .usage = "ON|OFF", .summary = "Does nothing: no connection is evicted",
     .session = client_no_evict},
    {.name = "client|setinfo", .arity = 4, .flags = about_connection, .categories = c::connection, .group = "connection",
     .since = "7.2.0", .complexity = constant, .usage = "LIB-NAME|LIB-VER value",
     .summary = "Names the client library of the connection", .session = client_setinfo},
    {.name = "client|setname", .arity = 3, .flags = about_connection, .categories = c::connection, .group = "connection",
     .since = "2.6.9", .complexity = constant, .usage = "name", .summary = "Names the connection",
     .session = client_setname},
    {.name = "echo", .arity = 2, .flags = f::loading | f::stale | f::fast, .categories = c::connection,
     .group = "connection", .since = "1.0.0", .complexity = constant, .usage = "message",
     .summary = "Gives the message back", .session = echo},
    {.name = "hello", .arity = -1, .flags = handshake, .categories = c::connection, .group = "connection",
     .since = "6.0.0", .complexity = constant, .usage = "[version [AUTH username password] [SETNAME name]]",
     .summary = "Chooses the protocol's version, and describes the server", .session = hello},
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
     .summary = "Chooses a database; there is one, 0", .session = select},

    // The server.
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
     .summary = "Changes maxmemory and maxmemory-policy", .session = config_set},
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

constexpr std::size_t name_bytes_max = 64;

class Index {
 public:
  Index() {
    for (const Command& command : table) rows_.emplace(command.name, &command);
  }
  [[nodiscard]] const Command* find(std::string_view name) const noexcept {
    const auto found = rows_.find(name);
    return found == rows_.end() ? nullptr : found->second;
  }

 private:
  boost::unordered_flat_map<std::string_view, const Command*> rows_;
};

const Index& index() {
  static const Index instance;
  return instance;
}

char small(char letter) noexcept { return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + 32) : letter; }

/// `name` in small letters; empty if it is longer than any of ours.
class SmallName {
 public:
  explicit SmallName(std::string_view name) noexcept { append(name); }
  void append(std::string_view text) noexcept {
    if (too_long_ || size_ + text.size() > bytes_.size()) {
      too_long_ = true;
      return;
    }
    for (const char letter : text) bytes_[size_++] = small(letter);
  }
  [[nodiscard]] std::string_view view() const noexcept {
    return too_long_ ? std::string_view{} : std::string_view(bytes_.data(), size_);
  }

 private:
  std::array<char, name_bytes_max> bytes_{};
  std::size_t size_ = 0;
  bool too_long_ = false;
};

std::string capitals(std::string_view text) {
  std::string result(text);
  for (char& letter : result) letter = letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 32) : letter;
  return result;
}

}  // namespace

std::span<const Command> command_table() noexcept { return table; }

bool is_subcommand(const Command& command) noexcept { return command.name.contains('|'); }

std::span<const Command> subcommands_of(const Command& container) noexcept {
  const std::size_t first = static_cast<std::size_t>(&container - table.data()) + 1;
  std::size_t last = first;
  if (is_subcommand(container)) return {};
  while (last < table.size() && is_subcommand(table[last])) ++last;
  return std::span(table).subspan(first, last - first);
}

const Command* find_command(std::string_view name) noexcept { return index().find(SmallName(name).view()); }

bool arity_fits(const Command& command, std::size_t count) noexcept {
  const auto words = static_cast<std::size_t>(command.arity < 0 ? -command.arity : command.arity);
  return command.arity < 0 ? count >= words : count == words;
}

Lookup look_up(Arguments arguments) noexcept {
  SmallName name(arguments[0]);
  // A subcommand is no command of its own.
  const Command* command = arguments[0].contains('|') ? nullptr : index().find(name.view());
  if (command == nullptr) return {.command = nullptr, .problem = Lookup::Problem::unknown_command};
  if (arguments.size() > 1 && !subcommands_of(*command).empty()) {
    name.append("|");
    name.append(arguments[1]);
    const Command* subcommand = index().find(name.view());
    if (subcommand == nullptr) return {.command = command, .problem = Lookup::Problem::unknown_subcommand};
    command = subcommand;
  }
  if (!arity_fits(*command, arguments.size())) return {.command = command, .problem = Lookup::Problem::wrong_arity};
  return {.command = command};
}

void reply_to_problem(const Lookup& lookup, Arguments arguments, RespWriter& reply) {
  constexpr std::size_t shown_max = 128;
  switch (lookup.problem) {
    case Lookup::Problem::none:
      return;
    case Lookup::Problem::wrong_arity:
      reply.error(fmt::format("ERR wrong number of arguments for '{}' command", lookup.command->name));
      return;
    case Lookup::Problem::unknown_subcommand:
      reply.error(fmt::format("ERR unknown subcommand '{}'. Try {} HELP.", arguments[1].substr(0, shown_max),
                              capitals(lookup.command->name)));
      return;
    case Lookup::Problem::unknown_command: {
      std::string shown;
      for (const BytesView argument : arguments.subspan(1)) {
        if (shown.size() >= shown_max) break;
        shown += fmt::format("'{}' ", argument.substr(0, shown_max - shown.size()));
      }
      reply.error(fmt::format("ERR unknown command '{}', with args beginning with: {}",
                              arguments[0].substr(0, shown_max), shown));
      return;
    }
  }
}

void reply_with_help(const Command& container, RespWriter& reply) {
  const std::span<const Command> subcommands = subcommands_of(container);
  reply.array(1 + 2 * subcommands.size());
  reply.simple(fmt::format("{} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:", capitals(container.name)));
  const auto line = [&](const Command& command) {
    const std::string name = capitals(command.name.substr(container.name.size() + 1));
    reply.simple(command.usage.empty() ? name : fmt::format("{} {}", name, command.usage));
    reply.simple(fmt::format("    {}", command.summary));
  };
  for (const Command& command : subcommands) line(command);
}

}  // namespace understudy::server
