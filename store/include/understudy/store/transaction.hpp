// Transaction: what an operation sees of the store while the key-value actor runs it.
//
// An operation is a function over a Transaction. It runs inside the key-value actor, alone, from its first line to its
// last: so it is atomic for every reader and writer, and all its changes are one batch of the journal: after a crash
// all of them are there, or none. It must not block or suspend, and should be short. An exception that leaves it is a
// crash of the actor.
#pragma once

#include "understudy/base/bytes.hpp"

#include <cstddef>
#include <functional>
#include <optional>
#include <string_view>

namespace understudy::store {

class Transaction {
 public:
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  /// The value of `key`, or null. Valid until the next change of that key, or the end of the operation. O(1).
  [[nodiscard]] virtual const Bytes* get(BytesView key) = 0;
  /// Gives `key` the value `value`. O(1), with one record in the journal.
  virtual void set(BytesView key, Bytes value) = 0;
  /// Removes `key`. False if it was not there. O(1), with one record in the journal if it was.
  virtual bool erase(BytesView key) = 0;
  /// Removes every key. O(n), with one record in the journal.
  virtual void clear() = 0;
  /// Keys in the store. O(1).
  [[nodiscard]] virtual std::size_t size() = 0;

  /// Calls `visit(key, value)` for every key, in no order that means anything. O(n). `visit` must not change the store.
  virtual void for_each(const std::function<void(BytesView, const Bytes&)>& visit) = 0;
  /// Walks a part of the store: calls `visit` for the keys of at least `count` steps from `cursor` on, and returns the
  /// cursor to go on from; 0 when the walk is over. Start with 0. Each key that is there for the whole walk is visited
  /// at least once, also if the store changes meanwhile (as Redis's SCAN promises). `visit` must not change the store.
  [[nodiscard]] virtual std::uint64_t scan(std::uint64_t cursor, std::size_t count,
                                           const std::function<void(BytesView, const Bytes&)>& visit) = 0;

 protected:
  Transaction() = default;
  ~Transaction() = default;
};

}  // namespace understudy::store
