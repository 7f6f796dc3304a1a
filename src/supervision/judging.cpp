// Is an actor past its cutoff at fault, and what is done about it.
#include "supervision/processor_time.hpp"
#include "supervision/supervisor_core.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace understudy {

using detail::ActorCell;
using detail::CellPointer;
using detail::Ending;
using detail::Wait;

namespace {

constexpr int waits_followed_max = 16;
/// How long a thread that gets a processor may take to say where it is.
constexpr Duration capture_patience = std::chrono::milliseconds(20);

double milliseconds_of(Duration duration) { return std::chrono::duration<double, std::milli>(duration).count(); }

}  // namespace

bool SupervisorCore::is_exempt(ActorCell& origin, const Wait& wait) {
  if (wait.claimed) return true;  // It stands in a run queue: it lacks a processor, nothing else.
  switch (wait.kind) {
    case Wait::Kind::blocking:
      return system_.supervision_time().load(std::memory_order_relaxed) < wait.budget_ends_ns;
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
  // Waiting for room, or behind others in a mailbox, is the fault of whoever is downstream, and that one is judged for
  // itself; but in a circle of waits nobody can go on.
  if (leads_to(origin, wait, 0)) return false;
  return wait.kind == Wait::Kind::room || wait.unread || is_being_answered(origin, wait);
}

/// Whether whoever has the request of `origin` in hand is still at the message in which it was first seen with it: then
/// that one is judged for itself. One that has come back for the next, or is idle, has put the request aside.
bool SupervisorCore::is_being_answered(ActorCell& origin, const Wait& wait) {
  const CellPointer target = system_.find_living(wait.target);
  if (!target) return false;
  bool idle = false;
  target->with_suspension(
      [&](detail::Suspension& suspension) { idle = suspension.waiting_for().kind == Wait::Kind::message; });
  if (idle) return false;
  const Owed now{.message = origin.liveness().handled.load(std::memory_order_relaxed),
                 .by = target->id(),
                 .at_message = target->liveness().handled.load(std::memory_order_relaxed)};
  Owed& seen = owed_[origin.id()];
  if (seen.message != now.message || seen.by != now.by) seen = now;
  return seen.at_message == now.at_message;
}

bool SupervisorCore::leads_to(const ActorCell& origin, const Wait& wait, int depth) {
  if (wait.claimed || wait.target == nullptr || depth >= waits_followed_max) return false;
  if (wait.target == &origin) return true;
  // Found first: looking at a suspension takes microseconds, and is not for the tree's lock.
  const CellPointer target = system_.find_living(wait.target);
  if (!target) return false;
  Wait next;
  const bool suspended =
      target->with_suspension([&](detail::Suspension& suspension) { next = suspension.waiting_for(); });
  return suspended && leads_to(origin, next, depth + 1);
}

void SupervisorCore::handle_stuck(const Stuck& stuck) {
  ActorCell& cell = *stuck.cell;
  std::string evidence =
      fmt::format("no progress for {:.0f} ms, waiting for {}", milliseconds_of(stuck.since), name_of(stuck.wait.kind));
  if (stuck.wait.kind == Wait::Kind::blocking) evidence += " past its budget";
  if (stuck.wait.target != nullptr) {
    if (const CellPointer other = system_.find_living(stuck.wait.target)) {
      evidence += fmt::format(" from {}", other->path());
    }
  }
  cell.request_end(stuck.incarnation,
                   {Ending::Kind::stuck, {ErrorCode::actor_crashed, cell.path() + " was stuck: " + evidence}});
}

void SupervisorCore::sample(const ActorCell& cell, std::int64_t since_ns) {
  ProcessorSample& kept = samples_[cell.id()];
  if (kept.since_ns == since_ns) return;
  const bool runs = system_.scheduler().look_at_holder(
      cell, [&](const detail::HoldingThread& thread) { kept.used = processor_time_of(thread); });
  if (!runs) return;
  kept.since_ns = since_ns;
  kept.at = system_.scheduler().clock().now();
}

/// True for one that runs, but has had no processor: that is nobody's fault.
bool SupervisorCore::lacks_a_processor(const Stuck& suspect) {
  if (!system_.scheduler().replaces_threads()) return false;
  const auto found = samples_.find(suspect.cell->id());
  if (found == samples_.end() || found->second.since_ns != suspect.since_ns) {
    sample(*suspect.cell, suspect.since_ns);
    return true;  // It is looked at again at the next tick.
  }
  bool lacks = true;  // Not if it is in the library just now: then it is getting on.
  system_.scheduler().look_at_holder(*suspect.cell, [&](const detail::HoldingThread& thread) {
    const Duration used = processor_time_of(thread) - found->second.used;
    const Duration passed = system_.scheduler().clock().now() - found->second.at;
    // Half a cutoff of computing without progress is enough, however long it took to get it.
    lacks = used < std::min(passed / 4, cutoff_of(*suspect.cell) / 2) && is_runnable(thread);
  });
  return lacks;
}

void SupervisorCore::handle_holding(const Stuck& holding) {
  ActorCell& cell = *holding.cell;
  detail::Scheduler& scheduler = system_.scheduler();
  const std::uint32_t given_up = scheduler.abandoned()->threads_now.load(std::memory_order_relaxed);
  if (!scheduler.replaces_threads()) {
    report_holding(holding, "without being suspended", false);
    return;
  }
  if (given_up >= options_.abandoned_threads_max) {
    report_holding(
        holding,
        fmt::format("without being suspended; {} threads are left behind already, and no more may be", given_up), true);
    return;
  }
  StackAddresses stack;
  scheduler.look_at_holder(
      cell, [&](const detail::HoldingThread& thread) { stack = capture_stack(thread, capture_patience); });
  {
    const std::lock_guard lock(mutex_);
    stacks_[cell.id()] = std::move(stack);
  }
  const std::string evidence =
      fmt::format("no progress for {:.0f} ms without being suspended", milliseconds_of(holding.since));
  cell.request_end(holding.incarnation,
                   {Ending::Kind::holding, {ErrorCode::actor_crashed, cell.path() + " held its thread: " + evidence}});
  cell.take_from_thread();
}

/// One that cannot be replaced: said once for each incarnation. `needs_a_new_process`: nor can the system go on
/// without.
void SupervisorCore::report_holding(const Stuck& holding, const std::string& where, bool needs_a_new_process) {
  const ActorCell& cell = *holding.cell;
  {
    const std::lock_guard lock(mutex_);
    std::uint32_t& reported = reported_holding_[cell.id()];
    if (reported == holding.incarnation) return;
    reported = holding.incarnation;
  }
  Incident incident;
  incident.when = system_.scheduler().clock().wall_now();
  incident.actor = cell.path();
  incident.incarnation = holding.incarnation;
  incident.kind = IncidentKind::holding_a_thread;
  incident.evidence = fmt::format("no progress for {:.0f} ms {}", milliseconds_of(holding.since), where);
  incident.outcome = IncidentOutcome::reported;
  log_.add(incident, {});
  if (needs_a_new_process) {
    system_.request_shutdown(
        Error(ErrorCode::actor_crashed, fmt::format("{} holds its thread, {}: this process needs to be started anew",
                                                    incident.actor, incident.evidence)));
  }
}

}  // namespace understudy
