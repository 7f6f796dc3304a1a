// Time, reached through an interface so that the simulated runtime can give its own (virtual) time.
//
// The real implementation is `system_clock_source()` in src/base/clock.cpp, the only file that reads a clock of the
// operating system. The simulated one is owned by the simulated runtime.
#pragma once

#include <chrono>
#include <cstdint>

namespace understudy {

/// Time in nanoseconds since an arbitrary start. Never goes back; the source of every deadline and timer.
using Duration = std::chrono::nanoseconds;
struct MonotonicClockTag {
  using rep = Duration::rep;
  using period = Duration::period;
  using duration = Duration;
  static constexpr bool is_steady = true;
};
using TimePoint = std::chrono::time_point<MonotonicClockTag, Duration>;

/// `duration` after `start`; `start` if it is negative, and the end of time if that comes before: so that the longest
/// Duration means "for ever", and the shortest "now".
[[nodiscard]] constexpr TimePoint after(TimePoint start, Duration duration) noexcept {
  if (duration <= Duration{0}) return start;
  return start > TimePoint::max() - duration ? TimePoint::max() : start + duration;
}

/// Time of day in milliseconds since 1970-01-01 UTC. May jump; used for what people read and for absolute expiry.
using WallTime = std::chrono::time_point<std::chrono::system_clock, std::chrono::milliseconds>;

/// Where time comes from. Threads: every member may be called from any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual TimePoint now() const noexcept = 0;
  [[nodiscard]] virtual WallTime wall_now() const noexcept = 0;
};

/// The clock of the operating system. Lives for ever.
[[nodiscard]] const Clock& system_clock_source() noexcept;

}  // namespace understudy
