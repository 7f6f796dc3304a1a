// The deadline of the work in hand: what an actor inherits from the request it handles, and a task from who spawned it.
#pragma once

#include "understudy/runtime/detail/scheduler.hpp"

namespace understudy {

/// When the work in hand must be done; TimePoint::max() if there is no deadline. In a coroutine of a System: for an
/// actor that of the request it handles (actor/ask.hpp), for a task that of its spawner at that time.
[[nodiscard]] inline TimePoint work_deadline() noexcept { return detail::this_thread().current->deadline(); }

/// What is left of it: Duration::max() without a deadline, zero when it is over. One look at the clock.
[[nodiscard]] inline Duration time_left() noexcept {
  const detail::Context& context = *detail::this_thread().current;
  if (context.deadline() == TimePoint::max()) return Duration::max();
  const TimePoint now = context.scheduler().clock().now();
  return now < context.deadline() ? context.deadline() - now : Duration{0};
}

}  // namespace understudy
