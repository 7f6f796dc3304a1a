// The pause between two lives of an actor.
#pragma once

#include "understudy/actor/detail/actor_cell.hpp"

namespace understudy::detail {

/// Starts the next incarnation after its delay.
class ActorCell::RestartTimer final : public Timer {
 public:
  explicit RestartTimer(ActorCell& cell) noexcept : cell_(cell) {}

 private:
  void fire() noexcept override { cell_.schedule(); }
  ActorCell& cell_;
};

}  // namespace understudy::detail
