// KeySpace: the keys in memory, with their values and their times to die.
//
// A key is one block of memory (entry.hpp), and one pointer in a hash table (key_table.hpp). The tables are many: a key
// belongs to one of a fixed number of parts by its hash. So a table that is laid out anew stops the store for a part's
// worth of keys only, and a scan has a cursor that stays true while tables grow: the number of the next part.
//
// Keys that have a time to die stand in a heap besides, one for each part, by time and hash: 16 bytes each. Changing or
// removing a key leaves what stands in the heap alone; it is found out of date when its time comes, and a heap is made
// anew once half of it is. Nothing dies by itself: what a time to die means is for the owner to say, which also takes
// out those whose time has come (`take_due`).
//
// Which keys are least recently used is known nearly: from a sample, as in Redis. Time is counted in uses, so that the
// count tells a thousandth part of the store's keys from the next whatever their number.
//
// Memory is counted as it is allocated and freed, in the sizes that the allocator gives.
//
// Threads: none of its own; one at a time.
#pragma once

#include "engine/entry.hpp"
#include "engine/key_hash.hpp"
#include "understudy/base/bytes.hpp"
#include "understudy/base/clock.hpp"
#include "understudy/store/transaction.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>

namespace understudy::store {

class KeySpace {
 public:
  using Visit = std::function<void(const Entry&)>;
  /// Told of a key that is about to be removed.
  using Removed = std::function<void(BytesView key)>;

  /// Clients that know the secret of `hash`, which must outlive this, can make it slow.
  explicit KeySpace(KeyHash hash = {});
  KeySpace(KeySpace&&) noexcept;
  KeySpace& operator=(KeySpace&&) noexcept;
  ~KeySpace();

  /// The entry, or null; counts as a use. Valid until that key is changed or any is removed.
  [[nodiscard]] const Entry* find(BytesView key);
  /// What it looks keys up by.
  [[nodiscard]] std::size_t hash_of(BytesView key) const noexcept;
  /// A hint that keys with these hashes are about to be found or set: has the processor fetch what that will look at,
  /// for all of them at once. Up to expected_keys_max; the others are left. Changes nothing, and counts as no use.
  void look_ahead(std::span<const std::size_t> hashes) const noexcept;
  /// A key without `expires_at` has no time to die, whatever it had before. Neither view may be of an entry in here.
  void set(BytesView key, BytesView value, std::optional<WallTime> expires_at = std::nullopt);
  /// Gives a key another time to die, or none. False if it is not there.
  bool expire_at(BytesView key, std::optional<WallTime> expires_at);
  bool erase(BytesView key);
  /// Removes all keys; calls `part_done` now and then meanwhile.
  void clear(const std::function<void()>& part_done = [] {});

  [[nodiscard]] std::size_t size() const noexcept;
  /// Keys that have a time to die.
  [[nodiscard]] std::size_t expiring() const noexcept;
  /// The mean of their times; none if there are none.
  [[nodiscard]] std::optional<WallTime> mean_expiry() const noexcept;
  /// All of it: keys, values, tables. O(1).
  [[nodiscard]] std::size_t memory_bytes() const noexcept;

  /// What a key takes of it: the entry, and its places in tables.
  [[nodiscard]] static std::size_t memory_bytes_of(const Entry& entry) noexcept;

  /// A key that `random` chooses: each is as likely as any other. Null if there are none.
  [[nodiscard]] const Entry* choose(std::uint64_t random) const noexcept;
  void for_each(const Visit& visit) const;
  /// Visits whole parts from number `cursor` on until at least `count` keys have been seen; the next part, or 0 at the
  /// end.
  [[nodiscard]] std::uint64_t scan(std::uint64_t cursor, std::size_t count, const Visit& visit) const;

  /// No key's time comes before this one; none if no key has a time. It may be earlier than any key's.
  [[nodiscard]] std::optional<WallTime> next_due() const noexcept;
  /// Removes keys whose time is at or before `now`, in no order; looks at `most` places of the heaps, so it removes as
  /// many at most. Returns how many. There may be others as long as `next_due` is at or before `now`.
  std::size_t take_due(WallTime now, std::size_t most, const Removed& removed);
  /// Removes the least recently used of a few dozen keys that `random` chooses: one at least, `most` at most, unless
  /// there are none. Returns how many.
  std::size_t evict(std::uint64_t random, std::size_t most, const Removed& removed);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace understudy::store
