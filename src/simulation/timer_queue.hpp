// The timers of a simulation, earliest first, to the nanosecond: a pairing heap (Fredman, Sedgewick, Sleator and Tarjan
// 1986) whose links are in the timers. Start O(1), take O(log n) amortised, remove O(log n) amortised; no allocation.
// Not thread-safe: its owner locks.
#pragma once

#include "understudy/runtime/detail/scheduler.hpp"

#include <optional>

namespace understudy::detail {

class TimerQueue {
 public:
  /// Adds `timer`, which must not be queued. Returns true if it is now the earliest.
  bool start(Timer& timer, TimePoint deadline) noexcept;
  /// Removes `timer`. False if it is not queued.
  bool remove(Timer& timer) noexcept;
  /// Takes the earliest timer whose deadline is at or before `now`; null if there is none.
  Timer* take_due(TimePoint now) noexcept;
  /// The earliest deadline, if any timer is queued. One at the end of time never comes.
  [[nodiscard]] std::optional<TimePoint> next_deadline() const noexcept;

 private:
  static bool before(const Timer& a, const Timer& b) noexcept;
  static Timer* merge(Timer* a, Timer* b) noexcept;
  static Timer* merge_children(Timer* first) noexcept;
  void take_root() noexcept;

  Timer* root_ = nullptr;
  std::uint64_t started_ = 0;
};

}  // namespace understudy::detail
