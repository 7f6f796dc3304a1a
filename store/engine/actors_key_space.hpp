// ActorsKeySpace: a KeySpace that an actor owns. Its end is the blocking pool's: freeing some millions of keys takes
// seconds, which would hold a worker, and make the actor, which ends or is replaced, look stuck.
#pragma once

#include "engine/key_space.hpp"
#include "understudy/runtime/end_elsewhere.hpp"

#include <utility>

namespace understudy::store {

class ActorsKeySpace final : public KeySpace {
 public:
  /// Inside the actor.
  explicit ActorsKeySpace(KeySpace keys) noexcept
      : KeySpace(std::move(keys)), scheduler_(detail::this_thread().current->scheduler()) {}
  ActorsKeySpace(const ActorsKeySpace&) = delete;
  ActorsKeySpace& operator=(const ActorsKeySpace&) = delete;
  ~ActorsKeySpace() { detail::end_elsewhere(scheduler_, std::move(static_cast<KeySpace&>(*this))); }

 private:
  detail::Scheduler& scheduler_;
};

}  // namespace understudy::store
