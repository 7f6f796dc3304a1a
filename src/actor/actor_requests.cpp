// What other threads may ask of an actor: to stop, to end its present life, to end for good, to drop what it does.
#include "actor/restart_timer.hpp"
#include "actor/system_core.hpp"
#include "understudy/actor/detail/actor_cell.hpp"

#include <memory>
#include <utility>

namespace understudy::detail {

void ActorCell::request_stop() noexcept {
  if (mailbox_.close()) schedule();
}

bool ActorCell::request_end(std::uint32_t incarnation, Ending ending) {
  if (stopped()) return false;  // Its system may be gone.
  const std::lock_guard lock(system_.lifecycle());
  if (!alive_ || kill_requested()) return false;
  if (incarnation != 0 && incarnation != incarnation_.load(std::memory_order_relaxed)) return false;
  requested_ending_ = std::make_unique<Ending>(std::move(ending));
  request_kill();
  return true;
}

void ActorCell::cancel_work(std::uint64_t number) noexcept {
  if (stopped() || liveness_.handled.load(std::memory_order_relaxed) > number) return;
  std::uint64_t seen = cancelled_work_.load(std::memory_order_relaxed);
  while (seen < number && !cancelled_work_.compare_exchange_weak(seen, number, std::memory_order_relaxed)) {
  }
  // The actor publishes its suspension, then reads `cancelled_work_`; this side has written that, and now, after the
  // barrier in `with_suspension`, looks for a suspension. One of the two sees the other.
  bool claimed = false;
  with_suspension([&](Suspension& suspension) {  // It cannot run meanwhile. No deadline: another life, or a batch.
    const bool in_hand = liveness_.handled.load(std::memory_order_relaxed) == number && deadline() != TimePoint::max();
    claimed = in_hand && suspension.cancel();
  });
  if (claimed) schedule();
}

void ActorCell::terminate(const Error& reason) noexcept {
  if (stopped()) return;
  const std::lock_guard lock(system_.lifecycle());
  terminate_locked(reason);
}

/// Notes that the actor is to end for good. True if an incarnation lives that is now marked to be killed: the caller
/// issues the heavy fence, and takes it down.
bool ActorCell::mark_terminated_locked(const Error& reason) noexcept {
  doomed_ = true;
  if (alive_) {
    if (kill_requested()) return false;
    requested_ending_ = std::make_unique<Ending>(Ending{Ending::Kind::stopped, reason});
    mark_killed();
    return true;
  }
  // It has ended, but waits for its children, which may be stuck.
  if (waits_for_children_) children_.for_each([&](ActorCell& child) { child.terminate_locked(reason); });
  // Between two lives: it need not wait for the next.
  if (std::exchange(held_, false)) {
    schedule();
    return false;
  }
  if (restart_timer_ != nullptr && scheduler().cancel_timer(*restart_timer_)) {
    restart_timer_.reset();
    schedule();
    return false;
  }
  if (sleeper_ && mailbox_.claim_sleeper()) schedule();
  return false;
}

void ActorCell::terminate_locked(const Error& reason) noexcept {
  if (!mark_terminated_locked(reason)) return;
  scheduler().heavy_fence();
  take_down();
}

}  // namespace understudy::detail
