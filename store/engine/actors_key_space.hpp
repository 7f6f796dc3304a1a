// ActorsKeySpace: a KeySpace that an actor owns. Its end is the blocking pool's: freeing some millions of keys takes
// seconds, which would hold a worker, and make the actor, which ends or is replaced, look stuck.
#pragma once

#include "engine/key_space.hpp"
#include "understudy/runtime/blocking.hpp"

#include <cstdint>
#include <exception>
#include <limits>
#include <memory>
#include <utility>

namespace understudy::store {

class ActorsKeySpace final : public KeySpace {
 public:
  /// Inside the actor.
  explicit ActorsKeySpace(KeySpace keys) noexcept
      : KeySpace(std::move(keys)), scheduler_(detail::this_thread().current->scheduler()) {}
  ActorsKeySpace(const ActorsKeySpace&) = delete;
  ActorsKeySpace& operator=(const ActorsKeySpace&) = delete;
  ~ActorsKeySpace() {
    try {
      auto end = [keys = std::make_shared<KeySpace>(std::move(static_cast<KeySpace&>(*this)))]() mutable {
        keys.reset();
      };
      using End = detail::BlockingCall<decltype(end)>;
      End::start(scheduler_, std::make_shared<End>(std::move(end), std::numeric_limits<std::int64_t>::max()));
    } catch (const std::exception&) {
      // Without memory it ends here.
    }
  }

 private:
  detail::Scheduler& scheduler_;
};

}  // namespace understudy::store
