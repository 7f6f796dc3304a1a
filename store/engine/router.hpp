// The router: the store's only door. It looks at each message and hands it to its route; it never waits, so a route
// whose actor is slow holds up only itself.
#pragma once

#include "engine/shared_state.hpp"
#include "understudy/actor/mailbox.hpp"
#include "understudy/store/messages.hpp"

#include <memory>

namespace understudy::store {

Task<> router_actor(Mailbox<RoutingMessage>& inbox, std::shared_ptr<SharedState> shared,
                    Address<KeyValueMessage> key_value);

}  // namespace understudy::store
