#include "supervision/supervisor_core.hpp"

#include "base/log.hpp"

#include <algorithm>

namespace understudy {

using detail::ActorCell;
using detail::CellPointer;
using detail::Ending;
using detail::Wait;

namespace {

constexpr Duration shortest_tick = std::chrono::milliseconds(1);
constexpr int waits_followed_max = 16;

Duration tick_for(const SupervisionOptions& options) {
  return std::max(shortest_tick, std::min(options.heartbeat, options.cutoff) / 10);
}
double milliseconds_of(Duration duration) { return std::chrono::duration<double, std::milli>(duration).count(); }

}  // namespace

SupervisorCore::SupervisorCore(detail::SystemCore& system, SupervisionOptions options)
    : system_(system), options_(std::move(options)), tick_(tick_for(options_)) {}

SupervisorCore::~SupervisorCore() = default;

void SupervisorCore::begin() {
  std::vector<CellPointer> present;
  system_.for_each([&](ActorCell& cell) { present.push_back(CellPointer::share(cell)); });
  for (const CellPointer& cell : present) {
    cell->liveness().watched.store(false, std::memory_order_relaxed);
    watch(*cell);
  }
}

void SupervisorCore::end() noexcept {
  std::vector<Watched> watched;
  {
    const std::lock_guard lock(mutex_);
    active_ = false;
    watched.swap(watched_);
  }
  {
    // Whoever reports an incident now is waited for: what the function refers to may end with the supervisor.
    const std::lock_guard reporting(reporting_);
    reports_ = false;
  }
  system_.scheduler().cancel_timer(*this);
  // A tick that is under way, or posted, on the control thread finds that supervision is over; wait until it has
  // passed, unless this is that thread's own doing in a simulation, where nothing runs beside the caller.
  if (detail::this_thread().scheduler != nullptr) return;
  const auto passed = system_.scheduler().make_completion();
  system_.scheduler().run_on_control([&passed] { passed->set(); });
  static_cast<void>(passed->wait());
}

// --- the list of actors with work
// -------------------------------------------------------------------------------------

void SupervisorCore::watch(ActorCell& cell) noexcept {
  if (cell.liveness().watched.exchange(true, std::memory_order_acq_rel)) return;
  const std::lock_guard lock(mutex_);
  if (!active_) return;
  watched_.push_back({.cell = CellPointer::share(cell)});
  const std::int64_t now = system_.supervision_time().load(std::memory_order_relaxed);
  next_check_ = std::min(next_check_, now + cutoff_of(cell).count());
  if (ticking_) return;
  ticking_ = true;
  next_check_ = now;
  last_tick_ = system_.scheduler().clock().now();
  arm();
}

void SupervisorCore::arm() noexcept {
  system_.scheduler().start_timer(*this, system_.scheduler().clock().now() + tick_);
}

// Timers may not be started while they fire: the tick itself runs after.
void SupervisorCore::fire() noexcept {
  system_.scheduler().run_on_control([this] { tick(); });
}

void SupervisorCore::tick() {
  std::int64_t now = 0;
  bool due = false;
  {
    const std::lock_guard lock(mutex_);
    if (!active_) {
      ticking_ = false;
      return;
    }
    const TimePoint real = system_.scheduler().clock().now();
    const Duration passed = std::min(real - last_tick_, tick_ * 2);
    last_tick_ = real;
    // The only writer; actors read it as they begin a message.
    now = system_.supervision_time().load(std::memory_order_relaxed) + passed.count();
    system_.supervision_time().store(now, std::memory_order_relaxed);
    due = now >= next_check_;
  }
  if (due) check(now);
  const std::lock_guard lock(mutex_);
  if (active_ && !watched_.empty()) {
    arm();
  } else {
    ticking_ = false;
  }
}

Duration SupervisorCore::cutoff_of(const ActorCell& cell) const noexcept {
  return cell.options().cutoff.value_or(options_.cutoff);
}

void SupervisorCore::check(std::int64_t now) {
  std::vector<Watched> idle;
  std::vector<Stuck> suspects;
  {
    const std::lock_guard lock(mutex_);
    Duration soonest = options_.heartbeat;
    auto kept = watched_.begin();
    for (Watched& watched : watched_) {
      ActorCell& cell = *watched.cell;
      const std::int64_t since = cell.liveness().busy_since_ns.load(std::memory_order_relaxed);
      if (since == 0 || cell.stopped()) {
        if (watched.was_idle || cell.stopped()) {
          idle.push_back(std::move(watched));
          continue;
        }
        watched.was_idle = true;
      } else {
        watched.was_idle = false;
        // What the actor noted may be one tick older than the truth.
        const Duration left = cutoff_of(cell) + tick_ - Duration(now - since);
        if (left <= Duration{0}) {
          suspects.push_back({.cell = watched.cell,
                              .incarnation = cell.incarnation(),
                              .wait = {},
                              .suspended = false,
                              .since = Duration(now - since)});
        } else {
          soonest = std::min(soonest, left);
        }
      }
      soonest = std::min(soonest, std::max(tick_, cutoff_of(cell) / 2));
      if (&*kept != &watched) *kept = std::move(watched);
      ++kept;
    }
    watched_.erase(kept, watched_.end());
    next_check_ = now + soonest.count();
  }
  if (!idle.empty()) let_go_of_idle(std::move(idle));
  for (Stuck& suspect : suspects) {
    suspect.suspended =
        suspect.cell->with_suspension([&](detail::Suspension& suspension) { suspect.wait = suspension.waiting_for(); });
    if (suspect.suspended && is_exempt(*suspect.cell, suspect.wait, 0)) {
      // Not its fault: it gets a new start once what it waits for has come.
      std::int64_t seen = suspect.cell->liveness().busy_since_ns.load(std::memory_order_relaxed);
      if (seen != 0) suspect.cell->liveness().busy_since_ns.compare_exchange_strong(seen, now);
      continue;
    }
    handle_stuck(suspect);
  }
}

void SupervisorCore::let_go_of_idle(std::vector<Watched> idle) {
  for (const Watched& watched : idle) watched.cell->liveness().watched.store(false, std::memory_order_relaxed);
  // An actor that begins to work notes it, then reads `watched`; this side has written `watched`, and after the fence
  // reads what the actor noted: one of the two sees the other.
  system_.scheduler().heavy_fence();
  for (const Watched& watched : idle) {
    if (watched.cell->stopped()) {
      const std::lock_guard lock(mutex_);
      histories_.erase(watched.cell->id());
      reported_holding_.erase(watched.cell->id());
      continue;
    }
    if (watched.cell->liveness().busy_since_ns.load(std::memory_order_relaxed) != 0) watch(*watched.cell);
  }
}

// --- judging
// ----------------------------------------------------------------------------------------------------------

bool SupervisorCore::is_exempt(const ActorCell& origin, const Wait& wait, int depth) {
  if (wait.claimed) return true;  // It stands in a run queue: it lacks a processor, nothing else.
  switch (wait.kind) {
    case Wait::Kind::blocking:
    case Wait::Kind::message:
      return true;
    case Wait::Kind::event:
    case Wait::Kind::timer:
    case Wait::Kind::socket:
      return false;
    case Wait::Kind::room:
    case Wait::Kind::answer:
      break;
  }
  // Waiting for room is the fault of whoever is downstream, and that one is judged for itself; but in a circle of waits
  // nobody can go on.
  if (wait.kind == Wait::Kind::room) return !leads_to(origin, wait, depth);
  if (wait.target == &origin || depth >= waits_followed_max) return false;
  CellPointer target;
  system_.for_each([&](ActorCell& cell) {
    if (&cell == wait.target) target = CellPointer::share(cell);
  });
  if (!target) return false;
  Wait next;
  const bool suspended =
      target->with_suspension([&](detail::Suspension& suspension) { next = suspension.waiting_for(); });
  // An idle target owes no answer that could still come from its own work.
  return suspended && next.kind != Wait::Kind::message && is_exempt(origin, next, depth + 1);
}

bool SupervisorCore::leads_to(const ActorCell& origin, const Wait& wait, int depth) {
  if (wait.claimed || wait.target == nullptr || depth >= waits_followed_max) return false;
  if (wait.target == &origin) return true;
  Wait next;
  bool suspended = false;
  system_.for_each([&](ActorCell& cell) {
    if (&cell != wait.target) return;
    suspended = cell.with_suspension([&](detail::Suspension& suspension) { next = suspension.waiting_for(); });
  });
  return suspended && leads_to(origin, next, depth + 1);
}

void SupervisorCore::handle_stuck(const Stuck& stuck) {
  ActorCell& cell = *stuck.cell;
  const double late = milliseconds_of(stuck.since);
  if (!stuck.suspended) {
    {
      const std::lock_guard lock(mutex_);
      std::uint32_t& reported = reported_holding_[cell.id()];
      if (reported == stuck.incarnation) return;
      reported = stuck.incarnation;
    }
    record({.when = system_.scheduler().clock().wall_now(),
            .actor = cell.path(),
            .incarnation = stuck.incarnation,
            .kind = IncidentKind::holding_a_thread,
            .evidence = fmt::format("no progress for {:.0f} ms without being suspended", late),
            .outcome = IncidentOutcome::reported,
            .delay = Duration{0}});
    return;
  }
  std::string evidence = fmt::format("no progress for {:.0f} ms, waiting for {}", late, name_of(stuck.wait.kind));
  if (stuck.wait.target != nullptr) {
    system_.for_each([&](const ActorCell& other) {
      if (&other == stuck.wait.target) evidence += fmt::format(" from {}", other.path());
    });
  }
  cell.request_end(stuck.incarnation,
                   {Ending::Kind::stuck, {ErrorCode::actor_crashed, cell.path() + " was stuck: " + evidence}});
}

// --- failures
// ---------------------------------------------------------------------------------------------------------

detail::Verdict SupervisorCore::on_failure(ActorCell& cell, const Ending& ending) noexcept {
  Incident incident{.when = system_.scheduler().clock().wall_now(),
                    .actor = cell.path(),
                    .incarnation = cell.incarnation(),
                    .kind = IncidentKind::crashed,
                    .evidence = std::string(ending.error.message()),
                    .outcome = IncidentOutcome::stopped,
                    .delay = Duration{0}};
  if (ending.kind == Ending::Kind::stuck) incident.kind = IncidentKind::stuck;
  if (ending.kind == Ending::Kind::reset) incident.kind = IncidentKind::reset;
  detail::Verdict verdict;
  bool escalate = cell.options().restart == Restart::with_parent;
  {
    const std::lock_guard lock(mutex_);
    if (!active_) return {};
    if (cell.options().restart == Restart::on_failure) {
      if (ending.kind == Ending::Kind::reset) {
        verdict.restart = true;
      } else {
        const RestartDecision decision = decide_restart(histories_[cell.id()], system_.scheduler().clock().now(),
                                                        options_.intensity, options_.backoff);
        verdict = {.restart = decision.restart, .delay = decision.delay};
        escalate = !decision.restart;
        if (escalate) incident.evidence += fmt::format(" (more than {} failures)", options_.intensity.restarts);
      }
    }
  }
  if (verdict.restart) {
    incident.outcome = IncidentOutcome::restarted;
    incident.delay = verdict.delay;
  } else if (escalate && cell.parent() != nullptr) {
    incident.outcome = IncidentOutcome::escalated;
    cell.parent()->request_end(0, ending);
  }
  record(std::move(incident));
  return verdict;
}

void SupervisorCore::on_restarted(ActorCell& cell) noexcept {
  log_info("{} goes on as incarnation {}", cell.path(), cell.incarnation());
}

void SupervisorCore::record(Incident incident) {
  log_warning("{} incarnation {} {}: {}; {}", incident.actor, incident.incarnation, name_of(incident.kind),
              incident.evidence, name_of(incident.outcome));
  if (options_.on_incident) {
    const std::lock_guard reporting(reporting_);
    if (reports_) options_.on_incident(incident);
  }
  const std::lock_guard lock(mutex_);
  ++incident_count_;
  if (incidents_.size() == incidents_kept) incidents_.pop_front();
  incidents_.push_back(std::move(incident));
}

std::vector<Incident> SupervisorCore::incidents() const {
  const std::lock_guard lock(mutex_);
  return {incidents_.begin(), incidents_.end()};
}

std::uint64_t SupervisorCore::incident_count() const {
  const std::lock_guard lock(mutex_);
  return incident_count_;
}

std::size_t SupervisorCore::watched() const {
  const std::lock_guard lock(mutex_);
  return watched_.size();
}

}  // namespace understudy
