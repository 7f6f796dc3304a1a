// The incidents of one system: counted, the latest kept, told to a function, written to the log, and awaited.
#pragma once

#include "actor/system_core.hpp"
#include "supervision/incident_reporter.hpp"
#include "supervision/stack_capture.hpp"
#include "understudy/runtime/detail/event.hpp"
#include "understudy/supervision/incident.hpp"

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

namespace understudy {

/// Threads: any.
class IncidentLog {
 public:
  static constexpr std::size_t kept_max = 64;

  IncidentLog(detail::SystemCore& system, std::function<void(const Incident&)> on_incident)
      : system_(system), reporter_(std::make_shared<IncidentReporter>(system.scheduler(), std::move(on_incident))) {}
  IncidentLog(const IncidentLog&) = delete;
  IncidentLog& operator=(const IncidentLog&) = delete;
  ~IncidentLog() = default;

  /// Notes an incident. One with a stack is written to the log, and told, when that has been described.
  void add(Incident incident, StackAddresses stack);
  /// The actor's next incarnation begins: says how long it was out of service.
  void note_restart(const std::string& actor, std::uint32_t incarnation, TimePoint now);
  /// Nobody is told any more (IncidentReporter::end).
  void end() noexcept { reporter_->end(); }

  [[nodiscard]] std::vector<Incident> latest() const;
  [[nodiscard]] std::uint64_t count() const;
  /// The incident `number` (the first is 1), if it has happened: the oldest that is kept, if it is older than that.
  [[nodiscard]] std::optional<Incident> find(std::uint64_t number) const;
  /// `happened` is set when the next incident is noted; at once if there are `number` already.
  void notify(detail::Event& happened, std::uint64_t number);
  void forget(detail::Event& happened) noexcept;

 private:
  class Description;
  void tell(const Incident& incident);

  detail::SystemCore& system_;
  const std::shared_ptr<IncidentReporter> reporter_;

  struct Waiter {
    detail::Event* happened;
    std::uint64_t number;
  };
  mutable std::mutex mutex_;  // Guards all that follows.
  std::deque<Incident> kept_;
  std::uint64_t count_ = 0;
  std::vector<Waiter> waiters_;
};

}  // namespace understudy
