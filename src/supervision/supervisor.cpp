#include "understudy/supervision/supervisor.hpp"

#include "base/log.hpp"
#include "supervision/supervisor_core.hpp"

#include <cstdlib>

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

std::vector<Incident> Supervisor::incidents() const { return core_->incidents(); }
std::uint64_t Supervisor::incident_count() const { return core_->incident_count(); }
std::size_t Supervisor::watched() const { return core_->watched(); }

}  // namespace understudy
