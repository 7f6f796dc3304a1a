// When the reclaimer is to ask for a piece of its work: what the key-value actor tells it, and remembers of that.
#pragma once

#include "understudy/base/clock.hpp"

#include <algorithm>
#include <chrono>
#include <optional>

namespace understudy::store {

class ReclaimSchedule {
 public:
  /// How long the reclaimer is to wait after a piece. `next_due` is when the next key is to die; `too_large`: there are
  /// keys to evict; while the disk is full nothing can be done.
  [[nodiscard]] Duration after_piece(std::optional<WallTime> next_due, WallTime now, bool too_large, bool disk_full) {
    // Between two pieces, unless one left something to do: keys that die one by one are removed by the dozen.
    constexpr std::chrono::milliseconds pause(100);
    constexpr std::chrono::milliseconds pause_disk_full(1000);
    constexpr std::chrono::milliseconds pause_longest(60'000);  // The clock may be set ahead meanwhile.
    known_due_ = too_large ? WallTime::min() : next_due.value_or(WallTime::max());
    Duration wait{0};
    if (!too_large && !next_due) {
      wait = Duration::max();
    } else if (!too_large && *next_due > now) {
      wait = std::clamp<Duration>(*next_due - now, pause, pause_longest);
    }
    return disk_full ? std::max<Duration>(wait, pause_disk_full) : wait;
  }

  /// Whether it must be woken: there is something to do earlier than it was told. Then it counts as told.
  [[nodiscard]] bool must_wake(std::optional<WallTime> next_due, bool too_large) {
    const bool told = known_due_ == WallTime::min();
    if (told || (!too_large && (!next_due || *next_due >= known_due_))) return false;
    known_due_ = WallTime::min();
    return true;
  }

 private:
  /// What the reclaimer waits for; the earliest: it is about to ask.
  WallTime known_due_ = WallTime::min();
};

}  // namespace understudy::store
