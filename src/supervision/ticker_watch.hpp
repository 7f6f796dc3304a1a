// Who watches the watchman: a thread that notices when the supervisor's ticker has come to a halt.
//
// The ticker runs on the control thread, as all timers do. If that thread is held (by a fault of ours, or of something
// that runs there), no actor is looked at any more and nothing is ever late: the worst of all failures, because it is
// silent. So while the ticker should run, this thread looks whether it does. It counts its own wakings, not time: a
// process that was stopped and continued, or a machine that slept, has missed none.
#pragma once

#include "understudy/base/clock.hpp"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>

namespace understudy {

class TickerWatch {
 public:
  /// How many times in a row it finds the ticker where it was before it calls that a halt.
  static constexpr int rounds_max = 10;

  /// `on_halt` is called once at most, on this thread, after about `rounds_max` times `round` without a tick.
  TickerWatch(Duration round, std::function<void()> on_halt);
  TickerWatch(const TickerWatch&) = delete;
  TickerWatch& operator=(const TickerWatch&) = delete;
  /// Joins the thread: `on_halt` must come to an end, or end the process.
  ~TickerWatch();

  /// Whether ticks are to come from now on. Any thread.
  void expect_ticks(bool expected);
  /// The ticker: one more.
  void note_tick() noexcept { ticks_.fetch_add(1, std::memory_order_relaxed); }

 private:
  void run();
  /// Looks on while ticks are expected. True: they have stopped coming.
  bool look_on(std::unique_lock<std::mutex>& lock);

  const Duration round_;
  const std::function<void()> on_halt_;
  // Relaxed: a number that changes or does not.
  std::atomic<std::uint64_t> ticks_{0};
  std::mutex mutex_;
  std::condition_variable changed_;
  bool expected_ = false;  // Guarded by mutex_, as the next.
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace understudy
