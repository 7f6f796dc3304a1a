#include "engine/reclaimer.hpp"

#include <chrono>
#include <optional>

namespace understudy::store {
namespace {

constexpr Duration after_failure = std::chrono::seconds(1);

}  // namespace

Task<> reclaimer_actor(Mailbox<ReclaimNow>& inbox, Address<KeyValueMessage> key_value) {
  Duration wait{0};
  for (;;) {
    if (wait == Duration::max()) {
      // Not a timer at the end of time: with none at all, a simulation knows that nothing will happen.
      const std::optional<ReclaimNow> woken = co_await inbox.receive();
      if (!woken) co_return;
    } else {
      const Result<ReclaimNow> woken = co_await inbox.receive().within(wait);
      if (!woken && woken.error() == ErrorCode::actor_stopped) co_return;
    }
    const Result<Reclaimed> done = co_await key_value.ask<Reclaim>();
    wait = done ? done->wait : after_failure;
  }
}

}  // namespace understudy::store
