// The tables of KeySpace: what they hold, and how it is found.
//
// A look-up of a key that no cache holds waits for memory four times, one after the other: for its part, for the group
// of the table that its hash points to, for the place there, and for the entry. Who knows beforehand which keys come
// next has the processor fetch all of them at once (KeySpace::look_ahead); that is why a part fills one line of the
// cache, and has its times elsewhere.
//
// Threads: none of its own.
#pragma once

#include "engine/allocation.hpp"
#include "engine/entry.hpp"
#include "engine/key_hash.hpp"
#include "understudy/base/bytes.hpp"
#include "understudy/base/clock.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include <boost/unordered/unordered_flat_set.hpp>

namespace understudy::store {

[[nodiscard]] inline std::int64_t milliseconds_of(WallTime time) noexcept { return time.time_since_epoch().count(); }

/// A key, hashed once.
struct Probe {
  BytesView key;
  std::size_t hash;
};
/// Any key with this hash whose time has come.
struct DueProbe {
  std::size_t hash;
  std::int64_t now;
  KeyHash hash_of;
};
/// The first entry whose place in the table looks like that of this hash, and most likely has it. No entry is looked
/// into.
struct NearProbe {
  std::size_t hash;
  const Entry*& found;
};
/// What a table holds. The pointer changes when the entry moves, which changes neither key nor hash.
struct Slot {
  mutable Entry* entry;
};

struct SlotHash {
  using is_transparent = void;
  using is_avalanching = void;

  KeyHash hash_of;

  std::size_t operator()(const Slot& slot) const noexcept { return hash_of(slot.entry->key()); }
  std::size_t operator()(const Probe& probe) const noexcept { return probe.hash; }
  std::size_t operator()(const DueProbe& probe) const noexcept { return probe.hash; }
  std::size_t operator()(const NearProbe& probe) const noexcept { return probe.hash; }
};
struct SlotEqual {
  using is_transparent = void;
  bool operator()(const Slot& left, const Slot& right) const noexcept {
    return left.entry->key() == right.entry->key();
  }
  bool operator()(const Slot& slot, const Probe& probe) const noexcept { return slot.entry->key() == probe.key; }
  bool operator()(const Probe& probe, const Slot& slot) const noexcept { return slot.entry->key() == probe.key; }
  bool operator()(const Slot& slot, const DueProbe& probe) const noexcept {
    const std::optional<WallTime> at = slot.entry->expires_at();
    return at && milliseconds_of(*at) <= probe.now && probe.hash_of(slot.entry->key()) == probe.hash;
  }
  bool operator()(const DueProbe& probe, const Slot& slot) const noexcept { return (*this)(slot, probe); }
  bool operator()(const Slot& slot, const NearProbe& probe) const noexcept {
    probe.found = slot.entry;
    return true;
  }
  bool operator()(const NearProbe& probe, const Slot& slot) const noexcept { return (*this)(slot, probe); }
};
using Table = boost::unordered_flat_set<Slot, SlotHash, SlotEqual, CountingAllocator<Slot>>;

inline constexpr std::size_t cache_line_bytes = 64;

struct alignas(cache_line_bytes) Part {
  Part(KeyHash hash, std::size_t& bytes) : table(0, SlotHash{hash}, SlotEqual{}, CountingAllocator<Slot>(bytes)) {}

  Table table;
};

/// A key that has a time to die, and when.
struct Due {
  std::int64_t at;
  std::size_t hash;
};

/// The times of a part's keys.
struct Times {
  explicit Times(std::size_t& bytes) : due(CountingAllocator<Due>(bytes)) {}

  std::vector<Due, CountingAllocator<Due>> due;  // A heap; every key that has a time is in it, with that time.
  std::size_t expiring = 0;
};

}  // namespace understudy::store
