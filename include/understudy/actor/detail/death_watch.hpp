// DeathWatch: somebody who is told, once, that an actor has stopped for good.
#pragma once

#include "understudy/actor/detail/actor_cell.hpp"
#include "understudy/actor/detail/cell_pointer.hpp"

namespace understudy::detail {

/// Listed in the actor's cell. Lives where it is used, or on the heap; its owner removes it before it ends, unless it
/// has been told.
class DeathWatch {
 public:
  /// The actor has stopped. On the thread on which it did, or on that of whoever began to watch it too late. Quick.
  virtual void told(const ActorCell& cell) noexcept = 0;

 protected:
  DeathWatch() = default;
  DeathWatch(const DeathWatch&) = delete;
  DeathWatch& operator=(const DeathWatch&) = delete;
  ~DeathWatch() = default;

 private:
  friend class ActorCell;
  // Guarded by the lifecycle mutex of the actor's system.
  DeathWatch* next_ = nullptr;
  bool listed_ = false;
};

}  // namespace understudy::detail
