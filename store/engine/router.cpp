#include "engine/router.hpp"

#include "understudy/actor/spawn.hpp"

namespace understudy::store {
namespace {

/// A route: waits for its actor in the router's stead. What it holds is bounded by its mailbox; what comes beyond that
/// ends with `mailbox_full`.
Task<> route_actor(Mailbox<KeyValueMessage>& inbox, Address<KeyValueMessage> target) {
  while (auto message = co_await inbox.receive()) {
    static_cast<void>(co_await target.tell(std::move(*message)));
  }
}

}  // namespace

std::string_view name_of(ActorType type) noexcept { return type == ActorType::key_value ? "key-value" : "writer"; }

Task<> router_actor(Mailbox<RoutingMessage>& inbox, std::shared_ptr<SharedState> shared,
                    Address<KeyValueMessage> key_value) {
  const Address<KeyValueMessage> route =
      spawn_child("key-value-route", route_actor, {.capacity = shared->options.route_capacity}, key_value);
  while (auto message = co_await inbox.receive()) {
    if (auto* request = std::get_if<KeyValueMessage>(&*message)) {
      static_cast<void>(route.try_tell(std::move(*request)));
    } else if (auto* heartbeat = std::get_if<Heartbeat>(&*message)) {
      heartbeat->response(LifeSign{.incarnation = key_value.incarnation(), .alive = !key_value.stopped()});
    } else if (auto* reset = std::get_if<Reset>(&*message)) {
      reset->response(key_value.reset());
    }
  }
}

}  // namespace understudy::store
