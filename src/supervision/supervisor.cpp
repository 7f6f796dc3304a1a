#include "understudy/supervision/supervisor.hpp"

#include "base/log.hpp"
#include "supervision/supervisor_core.hpp"

#include <cstdlib>

#include <fmt/format.h>

namespace understudy {

std::string_view name_of(IncidentKind kind) noexcept {
  switch (kind) {
    case IncidentKind::crashed:
      return "crashed";
    case IncidentKind::stuck:
      return "stuck";
    case IncidentKind::holding_a_thread:
      return "holding a thread";
    case IncidentKind::reset:
      return "reset";
    case IncidentKind::returned:
      return "returned";
  }
  return "failed";
}

std::string_view name_of(IncidentOutcome outcome) noexcept {
  switch (outcome) {
    case IncidentOutcome::restarted:
      return "restarted";
    case IncidentOutcome::escalated:
      return "escalated to its parent";
    case IncidentOutcome::stopped:
      return "stopped";
    case IncidentOutcome::reported:
      return "reported";
  }
  return "handled";
}

Supervisor::Supervisor(System& system, SupervisionOptions options)
    : core_(std::make_shared<SupervisorCore>(system.core(), std::move(options))) {
  if (!system.core().set_hook(core_)) {
    log_error("this system has a supervisor already; a system takes one");
    std::abort();
  }
  core_->begin();
}

Supervisor::~Supervisor() { core_->end(); }

std::string describe(const Incident& incident) {
  const auto milliseconds_of = [](Duration duration) {
    return std::chrono::duration<double, std::milli>(duration).count();
  };
  std::string text = fmt::format("{} incarnation {} {}: {}", incident.actor, incident.incarnation,
                                 name_of(incident.kind), name_of(incident.outcome));
  if (incident.delay > Duration{0}) text += fmt::format(" after {:.0f} ms", milliseconds_of(incident.delay));
  text += fmt::format("\n    because {}", incident.evidence);
  if (incident.out_of_service > Duration{0}) {
    text += fmt::format("\n    out of service for {:.1f} ms", milliseconds_of(incident.out_of_service));
  }
  for (const std::string& frame : incident.stack) text.append("\n    in ").append(frame);
  return text;
}

std::vector<Incident> Supervisor::incidents() const { return core_->log().latest(); }
std::uint64_t Supervisor::incident_count() const { return core_->log().count(); }
Task<Incident> Supervisor::incident(std::uint64_t number) const {
  struct Waiter {
    Waiter(IncidentLog& incidents, std::uint64_t wanted) : log(incidents) { log.notify(happened, wanted); }
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;
    ~Waiter() { log.forget(happened); }
    IncidentLog& log;
    detail::Event happened;
  };
  const std::shared_ptr<SupervisorCore> core = core_;
  Waiter waiter(core->log(), number);
  co_await waiter.happened;
  co_return *core->log().find(number);
}
Duration Supervisor::lateness() const { return core_->lateness(); }
std::size_t Supervisor::watched() const { return core_->watched(); }

}  // namespace understudy
