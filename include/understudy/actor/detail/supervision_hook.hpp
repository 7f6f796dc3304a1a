// What a system asks of its supervision, which lies in the layer above. A system without one stops what fails.
#pragma once

#include "understudy/actor/detail/actor_cell.hpp"

namespace understudy::detail {

/// What becomes of an actor whose incarnation has ended by a failure.
struct Verdict {
  bool restart = false;
  Duration delay{0};
  bool held = false;  ///< The hook has the right to run it, and starts it later (ActorCell::release_held).
};

/// Threads: any; the cell given is kept alive by the caller for the call.
class SupervisionHook {
 public:
  /// An incarnation has ended by a crash, a hang or a reset, or has returned and is permanent; its frame is gone and
  /// its children have stopped.
  virtual Verdict on_failure(ActorCell& cell, const Ending& ending) noexcept = 0;
  /// A cell that nobody looks at has begun to work. Sets its mark `watched`.
  virtual void watch(ActorCell& cell) noexcept = 0;
  /// The next incarnation is about to run.
  virtual void on_restarted(ActorCell& cell) noexcept = 0;
  /// It has stopped for good.
  virtual void on_stopped(const ActorCell& cell) noexcept = 0;

 protected:
  SupervisionHook() = default;
  SupervisionHook(const SupervisionHook&) = delete;
  SupervisionHook& operator=(const SupervisionHook&) = delete;
  ~SupervisionHook() = default;
};

}  // namespace understudy::detail
