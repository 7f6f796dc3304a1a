// When to restart, how soon, and when to give up: a pure function of an actor's failures.
#pragma once

#include "understudy/supervision/supervisor.hpp"

#include <deque>

namespace understudy {

/// The moments of one actor's failures that still count.
using FailureHistory = std::deque<TimePoint>;

struct RestartDecision {
  bool restart = false;
  Duration delay{0};
};

/// Notes a failure at `now` and decides. Failures older than the intensity's window are forgotten. `spread`, from -1 to
/// 1, says where within the jitter the delay lies.
inline RestartDecision decide_restart(FailureHistory& history, TimePoint now, const RestartIntensity& intensity,
                                      const Backoff& backoff, double spread = 0) {
  while (!history.empty() && now - history.front() > intensity.within) history.pop_front();
  history.push_back(now);
  if (history.size() > intensity.restarts) return {};
  if (history.size() == 1) return {.restart = true, .delay = backoff.first};
  Duration delay = backoff.next;
  for (std::size_t i = 2; i < history.size() && delay < backoff.longest; ++i) {
    delay = delay > backoff.longest / 2 ? backoff.longest : delay * 2;
  }
  delay = std::min(delay, backoff.longest);
  return {.restart = true,
          .delay = delay +
                   Duration(static_cast<std::int64_t>(static_cast<double>(delay.count()) * backoff.jitter * spread))};
}

}  // namespace understudy
