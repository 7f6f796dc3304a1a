// The reclaimer actor: has the keys that died removed, in the background. A child of the key-value actor.
//
// Like the snapshotter it has no door of its own: it asks the key-value actor for a bounded piece of work at a time,
// between the messages of others, and waits until that is as safe as any change. It sleeps until the next key is to
// die, and for ever if none is: a store in which nothing expires costs nothing. Whether a key is dead does not hang on
// it: no operation sees one whose time has come.
#pragma once

#include "understudy/actor/mailbox.hpp"
#include "understudy/runtime/task.hpp"
#include "understudy/store/messages.hpp"

namespace understudy::store {

/// There is something to do earlier than it was told.
struct ReclaimNow {};

Task<> reclaimer_actor(Mailbox<ReclaimNow>& inbox, Address<KeyValueMessage> key_value);

}  // namespace understudy::store
