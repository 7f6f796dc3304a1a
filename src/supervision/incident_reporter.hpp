// Tells the program's own function of incidents: one at a time, in order, on a blocking thread, which it may hold as
// long as it likes without holding up an actor, a timer, or supervision.
#pragma once

#include "understudy/runtime/detail/scheduler.hpp"
#include "understudy/supervision/incident.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>

namespace understudy {

/// Threads: any.
class IncidentReporter : public std::enable_shared_from_this<IncidentReporter> {
 public:
  /// Incidents that wait to be told. What comes beyond takes the place of the oldest, and that is said in the log.
  static constexpr std::size_t untold_max = 64;

  IncidentReporter(detail::Scheduler& scheduler, std::function<void(const Incident&)> function)
      : scheduler_(scheduler), function_(std::move(function)) {}
  IncidentReporter(const IncidentReporter&) = delete;
  IncidentReporter& operator=(const IncidentReporter&) = delete;
  ~IncidentReporter() = default;

  void tell(const Incident& incident);
  /// Nobody is told any more. A call that is under way is waited for, 5 s at most.
  void end() noexcept;

 private:
  class Round;
  void tell_all() noexcept;

  detail::Scheduler& scheduler_;
  std::function<void(const Incident&)> function_;  // Only by the one round that is under way.

  std::mutex mutex_;  // Guards all that follows.
  std::deque<Incident> untold_;
  std::uint64_t skipped_ = 0;
  bool in_round_ = false;
  bool ended_ = false;
  detail::Completion* round_over_ = nullptr;  // Of `end`, which waits for the round that is under way.
};

}  // namespace understudy
