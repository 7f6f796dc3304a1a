// Interval: ticks at a fixed rate.
//
//     us::Interval interval(100ms);
//     for (;;) {
//       const std::uint64_t due = co_await interval.tick();   // 1 when in time
//       ...
//     }
//
// Tick number n is due n periods after the interval was made, whatever the work between the ticks takes: the rate does
// not drift. Missed ticks are not made up for: whoever comes late gets the latest due tick at once (after what is
// ready), is told how many have come due since the last, and the next comes in its time. To wait a period between the
// end of one round and the next, use us::sleep.
#pragma once

#include "understudy/runtime/sleep.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>

namespace understudy {

/// Threads: in one coroutine of a System, which may move between workers.
class Interval {
 public:
  class Tick;

  /// The first tick is due a `period` from now. Shorter ones than a nanosecond are one. In a coroutine of a System.
  explicit Interval(Duration period) noexcept
      : clock_(detail::this_thread().current->scheduler().clock()),
        period_(std::max(period, Duration{1})),
        next_(after(clock_.now(), period_)) {}

  /// Waits until the next tick is due: `co_await interval.tick()`. Gives how many have come due since the last, 1 or
  /// more. One that is destroyed while it waits has taken none.
  [[nodiscard]] Tick tick() noexcept;
  /// Takes what has come due, without waiting: 0 if nothing has.
  [[nodiscard]] std::uint64_t try_tick() noexcept {
    const TimePoint now = clock_.now();
    if (now < next_) return 0;
    const auto missed = static_cast<std::uint64_t>((now - next_) / period_);
    next_ = after(next_, period_ * static_cast<Duration::rep>(missed) + period_);
    return missed + 1;
  }
  [[nodiscard]] bool due() const noexcept { return clock_.now() >= next_; }
  /// When the next tick is due.
  [[nodiscard]] TimePoint next() const noexcept { return next_; }
  [[nodiscard]] Duration period() const noexcept { return period_; }

 private:
  const Clock& clock_;
  Duration period_;
  TimePoint next_;
};

/// The awaitable of Interval::tick.
class [[nodiscard]] Interval::Tick {
 public:
  explicit Tick(Interval& interval) noexcept : interval_(interval) {}
  /// Only before it is awaited: to hand it on.
  Tick(Tick&& other) noexcept : interval_(other.interval_) {}
  Tick(const Tick&) = delete;
  Tick& operator=(const Tick&) = delete;
  ~Tick() = default;

  [[nodiscard]] bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> awaiting) noexcept {
    sleep_.emplace(interval_.next_ - interval_.clock_.now()).await_suspend(awaiting);
  }
  [[nodiscard]] std::uint64_t await_resume() noexcept { return interval_.try_tick(); }

 private:
  Interval& interval_;
  std::optional<sleep> sleep_;
};

inline Interval::Tick Interval::tick() noexcept { return Tick(*this); }

}  // namespace understudy
