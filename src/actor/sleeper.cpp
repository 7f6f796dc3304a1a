// Sleepers: actors that go back to start when their incarnation returns, and wait there on their open mailbox.
#include "actor/system_core.hpp"
#include "understudy/actor/detail/actor_cell.hpp"

#include <mutex>

namespace understudy::detail {

/// True: it sleeps, and may be running elsewhere already, or it begins anew because messages wait. False: none will
/// come.
bool ActorCell::fall_asleep() noexcept {
  stage_ = Stage::start;
  {
    // Under the mutex: who ends it for good finds it asleep, or has been seen here.
    const std::lock_guard lock(system_.lifecycle());
    if (doomed_) return false;
    if (mailbox_.sleep()) return true;
  }
  if (mailbox_.is_exhausted()) return false;
  scheduler().schedule_behind(*this);
  return true;
}

bool ActorCell::request_sleep() noexcept {
  if (!mailbox_.claim_sleeper()) return false;
  sleep_requested_ = true;  // The right to run is the caller's.
  schedule();
  return true;
}

bool ActorCell::stop_if_asleep() noexcept {
  if (!mailbox_.claim_sleeper()) return false;
  const bool asleep = stage_ == Stage::start;
  if (asleep) mailbox_.close();
  schedule();  // Otherwise it goes on waiting.
  return asleep;
}

}  // namespace understudy::detail
