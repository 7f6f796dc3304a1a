#include "supervision/supervisor_core.hpp"

#include "base/log.hpp"
#include "understudy/base/detail/rounds.hpp"

#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>

namespace understudy {

using detail::ActorCell;
using detail::CellPointer;
using detail::Ending;

namespace {

constexpr Duration shortest_tick = std::chrono::milliseconds(1);
constexpr Duration shortest_watch_round = std::chrono::milliseconds(200);
/// How long an actor may be in the library's hands, which destroy its frame, before that is called a failure.
constexpr Duration patience_with_destructors = std::chrono::seconds(2);

Duration tick_for(const SupervisionOptions& options) {
  return std::max(shortest_tick, std::min(options.heartbeat, options.cutoff) / 20);
}

}  // namespace

SupervisorCore::SupervisorCore(detail::SystemCore& system, SupervisionOptions options)
    : system_(system),
      options_(std::move(options)),
      tick_(tick_for(options_)),
      log_(system, options_.on_incident),
      regroups_(system) {
  if (!system.scheduler().has_control_thread()) return;
  ticker_watch_ =
      std::make_unique<TickerWatch>(std::max(options_.cutoff, shortest_watch_round), [this] { handle_halt(); });
}

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
    set_ticking_locked(false);
  }
  log_.end();
  system_.scheduler().cancel_timer(*this);
  // A tick that is under way, or posted, on the control thread finds that supervision is over; wait until it has
  // passed, unless this is that thread's own doing in a simulation, where nothing runs beside the caller.
  if (detail::this_thread().scheduler != nullptr) return;
  const auto passed = system_.scheduler().make_completion();
  if (ticker_watch_ != nullptr) ticker_watch_->expect_ticks(true);  // Nor is this to wait for ever in silence.
  system_.scheduler().run_on_control([&passed] { passed->set(); });
  static_cast<void>(passed->wait());
  ticker_watch_.reset();
}

void SupervisorCore::set_ticking_locked(bool ticking) {
  ticking_ = ticking;
  if (ticker_watch_ != nullptr) ticker_watch_->expect_ticks(ticking);
}

void SupervisorCore::handle_halt() const {
  log_error("supervision has come to a halt: the control thread, which fires all timers, does not come back{}",
            options_.on_halt ? "" : "; this process ends, and needs to be started anew");
  if (options_.on_halt) {
    options_.on_halt();
  } else {
    std::_Exit(exit_code_start_anew);
  }
}

Duration SupervisorCore::lateness() const {
  const std::lock_guard lock(mutex_);
  if (!ticking_) return Duration{0};
  return std::max(Duration{0}, system_.scheduler().clock().now() - last_tick_ - tick_);
}

// --- the list of actors with work ------------------------------------------------------------------------------------

void SupervisorCore::watch(ActorCell& cell) noexcept {
  if (cell.liveness().watched.exchange(true, std::memory_order_acq_rel)) return;
  if (cell.options().exempt) return;  // Nor does it ask again.
  const std::lock_guard lock(mutex_);
  if (!active_) return;
  watched_.push_back({.cell = CellPointer::share(cell)});
  const std::int64_t now = system_.supervision_time().load(std::memory_order_relaxed);
  next_check_ = std::min(next_check_, now + cutoff_of(cell).count());
  if (ticking_) return;
  set_ticking_locked(true);
  next_check_ = now;
  last_tick_ = system_.scheduler().clock().now();
  arm();
}

void SupervisorCore::arm() noexcept {
  system_.scheduler().start_timer(*this, detail::next_round(system_.scheduler().clock().now(), tick_));
}

// Timers may not be started while they fire: the tick itself runs after.
void SupervisorCore::fire() noexcept {
  system_.scheduler().run_on_control([this] { tick(); });
}

void SupervisorCore::tick() {
  if (ticker_watch_ != nullptr) ticker_watch_->note_tick();
  std::int64_t now = 0;
  bool due = false;
  {
    const std::lock_guard lock(mutex_);
    if (!active_) return;
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
  } else if (active_) {
    set_ticking_locked(false);
  }
}

Duration SupervisorCore::cutoff_of(const ActorCell& cell) const noexcept {
  return cell.options().cutoff.value_or(options_.cutoff);
}

void SupervisorCore::check(std::int64_t now) {
  std::vector<Watched> idle;
  std::vector<Stuck> suspects;
  std::vector<HalfWay> half_way;
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
          soonest = tick_;
          suspects.push_back({.cell = watched.cell,
                              .incarnation = cell.incarnation(),
                              .wait = {},
                              .suspended = false,
                              .since = Duration(now - since),
                              .since_ns = since});
        } else {
          // Half-way it is looked at once, to know later whether it has had a processor meanwhile.
          const Duration half = cutoff_of(cell) / 2;
          if (left <= half && !cell.seems_suspended()) half_way.push_back({.cell = watched.cell, .since_ns = since});
          soonest = std::min(soonest, left > half ? left - half : left);
        }
      }
      soonest = std::min(soonest, std::max(tick_, cutoff_of(cell) / 2));
      if (&*kept != &watched) *kept = std::move(watched);
      ++kept;
    }
    watched_.erase(kept, watched_.end());
    next_check_ = now + soonest.count();
  }
  if (!idle.empty()) let_go_of_idle(idle);
  for (const HalfWay& each : half_way) sample(*each.cell, each.since_ns);
  // What has come for them, while others computed, is seen: they lack a processor, nothing else.
  if (!suspects.empty()) system_.scheduler().look_at_sockets();
  for (Stuck& suspect : suspects) {
    suspect.suspended =
        suspect.cell->with_suspension([&](detail::Suspension& suspension) { suspect.wait = suspension.waiting_for(); });
    if (suspect.suspended && is_exempt(*suspect.cell, suspect.wait)) {
      // Not its fault: it gets a new start once what it waits for has come.
      std::int64_t seen = suspect.cell->liveness().busy_since_ns.load(std::memory_order_relaxed);
      if (seen != 0) suspect.cell->liveness().busy_since_ns.compare_exchange_strong(seen, now);
      continue;
    }
    if (suspect.suspended) {
      handle_stuck(suspect);
    } else if (!lacks_a_processor(suspect)) {
      handle_holding(suspect);
    } else if (suspect.since > std::max(patience_with_destructors, cutoff_of(*suspect.cell) * 4) &&
               !system_.scheduler().look_at_holder(*suspect.cell, [](const detail::HoldingThread&) {})) {
      report_holding(suspect, "in a destructor or a hook, from which it cannot be taken", true);
    }
  }
}

void SupervisorCore::let_go_of_idle(const std::vector<Watched>& idle) {
  for (const Watched& watched : idle) watched.cell->liveness().watched.store(false, std::memory_order_relaxed);
  // An actor that begins to work notes it, then reads `watched`; this side has written `watched`, and after the fence
  // reads what the actor noted: one of the two sees the other.
  system_.scheduler().heavy_fence();
  for (const Watched& watched : idle) {
    samples_.erase(watched.cell->id());
    owed_.erase(watched.cell->id());
    if (watched.cell->stopped()) {
      const std::lock_guard lock(mutex_);
      histories_.erase(watched.cell->id());
      reported_holding_.erase(watched.cell->id());
      stacks_.erase(watched.cell->id());
      continue;
    }
    if (watched.cell->liveness().busy_since_ns.load(std::memory_order_relaxed) != 0) watch(*watched.cell);
  }
}

// --- failures ------------------------------------------------------------------------------------------------------

namespace {

IncidentKind kind_of(Ending::Kind kind) noexcept {
  switch (kind) {
    case Ending::Kind::stuck:
      return IncidentKind::stuck;
    case Ending::Kind::holding:
      return IncidentKind::holding_a_thread;
    case Ending::Kind::reset:
      return IncidentKind::reset;
    case Ending::Kind::returned:
      return IncidentKind::returned;
    case Ending::Kind::crashed:
    case Ending::Kind::stopped:
      break;
  }
  return IncidentKind::crashed;
}

}  // namespace

detail::Verdict SupervisorCore::on_failure(ActorCell& cell, const Ending& ending) noexcept {
  Incident incident;
  incident.when = system_.scheduler().clock().wall_now();
  incident.actor = cell.path();
  incident.incarnation = cell.incarnation();
  incident.kind = kind_of(ending.kind);
  incident.evidence = ending.error.message();
  incident.outcome = IncidentOutcome::stopped;
  incident.since = last_at_work(ending);
  {
    const std::lock_guard lock(mutex_);
    if (!active_) return {};
  }
  const Restart restart = cell.options().restart;
  detail::Verdict verdict;
  bool too_often = false;
  if (restart == Restart::permanent || restart == Restart::transient) {
    verdict = ending.kind == Ending::Kind::reset ? detail::Verdict{.restart = true} : decide(cell.id());
    too_often = !verdict.restart;
    if (too_often) incident.evidence += fmt::format(" (more than {} failures)", options_.intensity.restarts);
  }
  if (verdict.restart) {
    incident.outcome = IncidentOutcome::restarted;
    incident.delay = verdict.delay;
  } else if (cell.parent() != nullptr && (too_often || restart == Restart::with_parent)) {
    incident.outcome = IncidentOutcome::escalated;
    cell.parent()->request_end(0, ending);
  }
  const std::string what = fmt::format("{} has failed too often: {}", incident.actor, incident.evidence);
  log_.add(std::move(incident), take_stack(cell.id()));
  if (too_often && cell.parent() == nullptr && options_.root_failure == RootFailure::shut_down) {
    system_.request_shutdown(Error(ErrorCode::actor_crashed, what));
  }
  if (verdict.restart) verdict.held = regroups_.hold(cell, strategy_over(cell), verdict.delay);
  return verdict;
}

detail::Verdict SupervisorCore::decide(std::uint64_t actor) {
  // From -1 to 1.
  const double spread = static_cast<double>(system_.scheduler().random_number() >> 11U) * 0x1p-52 - 1.0;
  const std::lock_guard lock(mutex_);
  const RestartDecision decision = decide_restart(histories_[actor], system_.scheduler().clock().now(),
                                                  options_.intensity, options_.backoff, spread);
  return {.restart = decision.restart, .delay = decision.delay};
}

Strategy SupervisorCore::strategy_over(const ActorCell& cell) const noexcept {
  return cell.parent() != nullptr ? cell.parent()->options().children : options_.roots;
}

void SupervisorCore::on_stopped(const ActorCell& cell) noexcept { regroups_.leave(cell); }

/// When it took up what it failed in, as far as that is known: supervision time goes as the clock does, or is behind.
TimePoint SupervisorCore::last_at_work(const Ending& ending) const noexcept {
  const TimePoint now = system_.scheduler().clock().now();
  if (ending.busy_since_ns == 0) return now;
  const std::int64_t supervised = system_.supervision_time().load(std::memory_order_relaxed);
  return now - Duration(std::max<std::int64_t>(supervised - ending.busy_since_ns, 0));  // It may have beaten ahead.
}

StackAddresses SupervisorCore::take_stack(std::uint64_t actor) {
  const std::lock_guard lock(mutex_);
  const auto found = stacks_.find(actor);
  if (found == stacks_.end()) return {};
  StackAddresses stack = std::move(found->second);
  stacks_.erase(found);
  return stack;
}

void SupervisorCore::on_restarted(ActorCell& cell) noexcept {
  log_.note_restart(cell.path(), cell.incarnation(), system_.scheduler().clock().now());
}

std::size_t SupervisorCore::watched() const {
  const std::lock_guard lock(mutex_);
  return watched_.size();
}

}  // namespace understudy
