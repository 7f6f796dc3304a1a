// What a command is: a row of the table (command_table.hpp), and what its handler is given.
//
// Two kinds. A data command is a function over a Transaction: it runs inside the store, with its neighbours of the same
// pipeline, and must not block. A session command is about the connection or the server, and runs in the session.
//
// A handler writes exactly one reply, and checks all its arguments before it changes anything. What `arity` says has
// been checked before it is called.
#pragma once

#include "server/resp_writer.hpp"
#include "understudy/runtime/task.hpp"
#include "understudy/store/transaction.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

namespace understudy::server {

class Client;
struct Conversation;
struct ServerContext;

/// The command's words, its name first.
using Arguments = std::span<const BytesView>;

/// The longest reply that is made of several values, with what the value that goes beyond it takes.
inline constexpr std::size_t reply_bytes_max = std::size_t{1} << 30U;

struct DataCall {
  store::Transaction& store;
  Arguments arguments;
  RespWriter& reply;
  /// Keys that walks over the store have come to.
  std::size_t keys_seen = 0;
};

struct SessionCall {
  ServerContext& server;
  Client& client;
  Conversation& conversation;
  Arguments arguments;
  /// In the protocol version of the connection, which a handler may change (HELLO, RESET).
  RespWriter& reply;
  /// Set by a handler: the connection ends once the reply is written.
  bool close = false;
  /// False inside a transaction: what a command would wait for is looked at once.
  bool may_wait = true;
};

using DataHandler = void (*)(DataCall&);
using SessionHandler = void (*)(SessionCall&);
using TaskHandler = Task<> (*)(SessionCall&);

/// Properties as COMMAND INFO names them, in its order.
namespace flag {
enum : std::uint32_t {
  write = 1U << 0U,
  readonly = 1U << 1U,
  denyoom = 1U << 2U,
  admin = 1U << 3U,
  noscript = 1U << 4U,
  loading = 1U << 5U,
  stale = 1U << 6U,
  fast = 1U << 7U,
  no_auth = 1U << 8U,
  allow_busy = 1U << 9U,
  pubsub = 1U << 10U,
  skip_slowlog = 1U << 11U,
  no_multi = 1U << 12U,
  no_async_loading = 1U << 13U,
};
}  // namespace flag

/// Categories that do not follow from the flags.
namespace category {
enum : std::uint32_t {
  keyspace = 1U << 0U,
  string = 1U << 1U,
  dangerous = 1U << 2U,
  connection = 1U << 3U,
  transaction = 1U << 4U,
  administrative = 1U << 5U,  ///< Without the flag.
};
}  // namespace category

/// Which arguments are keys: the first, the last (negative: counted from the end), and the step between two.
struct KeyPositions {
  int first = 0;
  int last = 0;
  int step = 0;
};

/// Which arguments are channels: the first and the last (negative: counted from the end). `patterns`: they are patterns
/// of channels. Only what may be refused to a user is named: who leaves a channel needs no permission.
struct ChannelPositions {
  int first = 0;
  int last = 0;
  bool patterns = false;
};

struct Command {
  /// In small letters; of a subcommand "container|name".
  std::string_view name = {};
  /// Words, the name (of a subcommand: both names) included. Negative: at least so many.
  int arity = 0;
  std::uint32_t flags = 0;
  std::uint32_t categories = 0;
  KeyPositions keys = {};
  /// What is done to the keys, in the words of Redis, separated by spaces: "RO access".
  std::string_view key_access = {};
  /// If what is done to the second of two keys is something else. The first is then that at `keys.first` alone.
  std::string_view second_key_access = {};
  std::string_view key_note = {};
  ChannelPositions channels = {};
  /// Advice for clients and proxies, separated by spaces.
  std::string_view tips = {};
  std::string_view group = {};
  /// The version of Redis it is known from; of our own commands, our version.
  std::string_view since = {};
  std::string_view complexity = {};
  /// The arguments, for people.
  std::string_view usage = {};
  std::string_view summary = {};
  /// What docs/commands.md adds to the summary, behind a semicolon, in Markdown.
  std::string_view note = {};
  // Exactly one of these; none in a container that needs a subcommand.
  DataHandler data = nullptr;
  SessionHandler session = nullptr;
  TaskHandler task = nullptr;
};

}  // namespace understudy::server
