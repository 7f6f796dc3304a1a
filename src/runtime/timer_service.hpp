// The timers of a system: one wheel for each worker, and one for all other threads, each under a lock of its own that
// is nearly always free; and the control thread, which fires what is due.
//
// Who wakes the control thread. `wake_at_` is the moment at which it will look at the wheels again; whoever starts a
// timer that is due earlier lowers it and asks the control thread to set its alarm anew. Before the control thread
// looks at the wheels it raises `wake_at_` to "never": a timer that is started behind its back, in a wheel it has seen
// already, is then noticed by the one who starts it (the wheel's lock orders the two).
#pragma once

#include "runtime/timer_wheel.hpp"
#include "understudy/runtime/detail/spin_lock.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <vector>

namespace understudy::detail {

class TimerService {
 public:
  /// `set_alarm` is called, on any thread, when the control thread should call `run_due` earlier than it was told.
  TimerService(const Clock& clock, std::uint32_t shards, std::move_only_function<void()> set_alarm);
  TimerService(const TimerService&) = delete;
  TimerService& operator=(const TimerService&) = delete;
  ~TimerService() = default;

  /// Calls `timer.fire()` at `deadline` or up to a tick later. Any thread; `shard` is the calling worker's.
  void start(Timer& timer, TimePoint deadline, std::uint32_t shard) noexcept;
  /// Afterwards the timer is in no wheel, and its `fire` is not running. True if it had not fired. Any thread but the
  /// one that fires.
  bool cancel(Timer& timer) noexcept;
  /// Fires what is due. Only the control thread.
  void run_due() noexcept;
  /// The moment at which `run_due` is wanted next; TimePoint::max(): at none. Any thread.
  [[nodiscard]] TimePoint wake_at() const noexcept;

 private:
  // A cache line each, so that workers do not disturb one another.
  struct alignas(64) Shard {
    SpinLock lock;
    TimerWheel wheel;
    // The timer whose `fire` runs. Written by the control thread: set under the lock, cleared (release) after `fire`;
    // read by who cancels (acquire), after it has held the lock and not found the timer in the wheel.
    std::atomic<Timer*> firing{nullptr};
  };

  void fire_due_of(Shard& shard, TimePoint now) noexcept;
  /// Lowers `wake_at_`. True if it was later.
  bool wake_by(TimePoint moment) noexcept;

  const Clock& clock_;
  std::vector<Shard> shards_;
  std::move_only_function<void()> set_alarm_;
  // Nanoseconds. Raised by the control thread before it looks at the wheels, lowered by it and by those who start
  // timers; the wheels' locks order them (see above), so relaxed suffices.
  std::atomic<std::int64_t> wake_at_{TimePoint::max().time_since_epoch().count()};
};

}  // namespace understudy::detail
