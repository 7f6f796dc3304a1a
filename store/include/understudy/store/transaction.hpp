// Transaction: what an operation sees of the store while the key-value actor runs it.
//
// An operation is a function over a Transaction. It runs inside the key-value actor, alone, from its first line to its
// last: so it is atomic for every reader and writer, and all its changes are one batch of the journal: after a crash
// all of them are there, or none. It must not block or suspend, and should be short: others wait meanwhile. One that is
// long is not taken for stuck as long as it goes on using the transaction: each key that it looks at is progress. An
// exception that leaves it is a crash of the actor.
//
// A key whose time to die has come is not there: for no operation whose `now` is at or after it. The first that comes
// across it erases it, with a record in the journal, and is answered when that record is safe: so it stays gone, also
// when the clock is set back, and after a restart. Others are removed in the background.
#pragma once

#include "understudy/base/bytes.hpp"
#include "understudy/base/clock.hpp"
#include "understudy/store/watch.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

namespace understudy::store {

/// What a walk over the store shows of each key. Views into the store.
struct KeyView {
  BytesView key;
  BytesView value;
  std::optional<WallTime> expires_at;  ///< When it dies; none: never.
};

/// The longest key that should be given, in bytes: a key that dies or is evicted is named in the journal once more, in
/// the batch of whatever comes across it.
inline constexpr std::size_t key_bytes_max = std::size_t{1} << 20U;
/// What a change takes of a batch beside its key and its value, in bytes, at most.
inline constexpr std::size_t change_overhead_bytes = 32;
/// How many keys a processor can usefully be told of at once (Transaction::expect): about as many as it can have on
/// their way from memory.
inline constexpr std::size_t expected_keys_max = 16;

class Transaction {
 public:
  using Visit = std::function<void(const KeyView&)>;

  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  /// The value of `key`, or none. Valid until the next change of that key, or the end of the operation. O(1).
  [[nodiscard]] virtual std::optional<BytesView> get(BytesView key) = 0;
  /// Gives `key` the value `value`, and a time to die; none: it lives for ever, whatever time it had before. One that
  /// is not after `now` removes the key. O(1), with one record in the journal.
  virtual void set(BytesView key, BytesView value, std::optional<WallTime> expires_at = std::nullopt) = 0;
  /// Removes `key`. False if it was not there. O(1), with one record in the journal if it was.
  virtual bool erase(BytesView key) = 0;
  /// A hint that these keys are about to be used, up to expected_keys_max of them: what the store knows of them is on
  /// its way from memory then, of all at once, where each use would have waited for its own. Changes nothing. O(keys).
  virtual void expect(std::span<const BytesView> /*keys*/) {}
  /// When `key` dies; none if it lives for ever, or is not there. O(1).
  [[nodiscard]] virtual std::optional<WallTime> expiry(BytesView key) = 0;
  /// Gives `key` another time to die, or none; one that is not after `now` removes it. False if it is not there. O(1),
  /// with one record in the journal if it changes anything.
  virtual bool expire_at(BytesView key, std::optional<WallTime> expires_at) = 0;
  /// A key, each as likely as any other; none if there is none. Valid until the next change. O(n), a few microseconds
  /// for a million keys.
  [[nodiscard]] virtual std::optional<BytesView> random_key() = 0;
  /// The memory that `key` takes: its own block, as the allocator rounds it, and its places in the store's tables; none
  /// if it is not there. O(1).
  [[nodiscard]] virtual std::optional<std::size_t> memory_bytes(BytesView key) = 0;
  /// The time of day of this operation: the same throughout.
  [[nodiscard]] virtual WallTime now() = 0;
  /// To be called before a change that adds to the store, if it has a memory limit: evicts some keys if that is
  /// reached, or says that the change is not allowed: false. What `get` gave before is not valid any more. O(1), and
  /// O(keys evicted), a few hundred at most.
  [[nodiscard]] virtual bool make_room() = 0;
  /// What this operation can still change, in bytes: each change takes its key, its value and change_overhead_bytes.
  /// All changes of an operation are one batch of the journal, which holds a gigabyte; every operation has at least
  /// 1020 MiB for itself. A change beyond that throws std::length_error: none of the operation's changes stays. O(1).
  [[nodiscard]] virtual std::size_t room_for_changes() const = 0;
  /// Removes every key. O(n), with one record in the journal.
  virtual void clear() = 0;
  /// From here on `watch` is touched by changes of `key`, by this operation's as well. Each watch of a key costs some
  /// memory until the key changes or the watch is let go of. Amortized O(1).
  virtual void watch(BytesView key, const std::shared_ptr<Watch>& watch) = 0;
  /// Keys in the store; those that have died and were not yet come across are among them for a moment. O(1).
  [[nodiscard]] virtual std::size_t size() = 0;

  /// Calls `visit` for every key, in no order that means anything. O(n). `visit` must not change the store.
  virtual void for_each(const Visit& visit) = 0;
  /// Walks a part of the store: calls `visit` for the keys of at least `count` steps from `cursor` on, and returns the
  /// cursor to go on from; 0 when the walk is over. Start with 0. Each key that is there for the whole walk is visited
  /// at least once, also if the store changes meanwhile (as Redis's SCAN promises). `visit` must not change the store.
  [[nodiscard]] virtual std::uint64_t scan(std::uint64_t cursor, std::size_t count, const Visit& visit) = 0;

 protected:
  Transaction() = default;
  ~Transaction() = default;
};

}  // namespace understudy::store
