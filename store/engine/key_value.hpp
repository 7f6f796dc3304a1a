// The key-value actor: owns the map. Each change is passed on to the writer and answered when the writer says it is
// safe; each read of something that is not safe yet waits for the same moment, so that nobody sees a value which a
// crash can still take back.
#pragma once

#include "engine/shared_state.hpp"
#include "understudy/actor/mailbox.hpp"
#include "understudy/store/messages.hpp"

#include <memory>

namespace understudy::store {

Task<> key_value_actor(Mailbox<KeyValueMessage>& inbox, std::shared_ptr<SharedState> shared);

}  // namespace understudy::store
