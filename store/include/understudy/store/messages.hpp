// What is sent to the store's actors: a nested sum type. The router takes a RoutingMessage; the key-value actor takes
// the part of it that is its own, so callers may send to either.
#pragma once

#include "understudy/actor/reply.hpp"
#include "understudy/base/bytes.hpp"
#include "understudy/base/clock.hpp"
#include "understudy/store/operation.hpp"
#include "understudy/store/options.hpp"
#include "understudy/store/transaction.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

namespace understudy::store {

/// Gives a key a value. Answered when the change is as safe as the store's durability says.
struct Set {
  Bytes key;
  Bytes value;
  Reply<void> response;
};
/// The value of a key, or nothing. Never one that a crash could still take back.
struct Get {
  Bytes key;
  Reply<std::optional<Bytes>> response;
};
/// Removes a key. The answer says whether it was there.
struct Delete {
  Bytes key;
  Reply<bool> response;
};
/// Runs an operation over any keys, atomically (see transaction.hpp). Answered when its changes, and all it has read,
/// are as safe as the store's durability says. What it captured lives until then.
struct Operate {
  Operation operation;
  Reply<void> response;
};
/// The same, with a durability of its own.
struct OperateWith {
  Operation operation;
  WriteOptions options;
  Reply<void> response;
};
/// Answered when all that was changed before is on the disk, whatever the store's durability.
struct Flush {
  Reply<void> response;
};
/// What a piece of background work has done, and what is left.
struct Reclaimed {
  std::size_t expired = 0;  ///< Keys that had died, and were removed.
  Duration wait{0};         ///< When to ask again; the longest: nothing is to be done.
};
/// Removes keys that have died: a bounded number, in a bounded time. The store asks itself for it.
struct Reclaim {
  Reply<Reclaimed> response;
};
using KeyValueMessage = std::variant<Set, Get, Delete, Operate, OperateWith, Flush, Reclaim>;

/// The store's supervised actors.
enum class ActorType : std::uint8_t { key_value, writer };
[[nodiscard]] std::string_view name_of(ActorType type) noexcept;

/// The state of an actor's life.
struct LifeSign {
  std::uint32_t incarnation = 0;  ///< Which life it is in.
  bool alive = false;             ///< It has not stopped for good.
};
/// Asks for an actor's sign of life.
struct Heartbeat {
  ActorType actor;
  Reply<LifeSign> response;
};
/// Resets an actor. Either of the two resets the key-value actor, whose child the writer is. Answered once the reset
/// has begun: false if the actor was not running.
struct Reset {
  ActorType actor;
  Reply<bool> response;
};

using RoutingMessage = std::variant<KeyValueMessage, Heartbeat, Reset>;

}  // namespace understudy::store
