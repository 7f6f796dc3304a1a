// QuickWrites: whether a writer makes a write where it stands, or on the blocking pool.
//
// A write without a flush goes to the system's cache, which takes some microseconds; the way to another thread and back
// takes longer (BlockingOptions::quick). Now and then such a write waits for the disk all the same: the system is short
// of memory, or the disk does not follow. That holds no worker for long, but costs a thread; so after a slow one all go
// to the pool for a while, and longer after each further one.
//
// Threads: one at a time.
#pragma once

#include "understudy/base/clock.hpp"

#include <algorithm>
#include <chrono>

namespace understudy {

class QuickWrites {
 public:
  /// From here on a write was slow. A thread that has to wait for its processor meanwhile shall not look like a disk.
  static constexpr Duration slow = std::chrono::milliseconds(20);
  static constexpr Duration shortest_pause = std::chrono::seconds(1);
  static constexpr Duration longest_pause = std::chrono::seconds(64);

  /// Whether one that begins now may be made where the writer stands.
  [[nodiscard]] bool may_begin(TimePoint now) const noexcept { return now >= not_before_; }
  /// One that was has taken this time.
  void note(TimePoint begin, TimePoint end) noexcept {
    if (end - begin < slow) {
      pause_ = shortest_pause;
      return;
    }
    not_before_ = end + pause_;
    pause_ = std::min(2 * pause_, longest_pause);
  }

 private:
  TimePoint not_before_{};
  Duration pause_ = shortest_pause;
};

}  // namespace understudy
