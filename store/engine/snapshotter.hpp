// The snapshotter actor: takes snapshots of the map in the background, so that the journal stays short. A child of the
// key-value actor.
//
// It has no door of its own: it reads the map as any client does, some hundred keys in one operation, and so never
// holds up others for longer; what it reads is answered once it is safe. The pieces go to the file on the blocking
// pool. Only the journal itself is the writer's: it begins the snapshot, says when all that it shows is flushed, and
// makes it count. Memory: one piece. See understudy/journal/snapshot.hpp for why pieces of different times make a
// whole.
#pragma once

#include "engine/shared_state.hpp"
#include "engine/writer.hpp"
#include "understudy/actor/mailbox.hpp"
#include "understudy/actor/reply.hpp"
#include "understudy/store/messages.hpp"

#include <memory>

namespace understudy::store {

Task<> snapshotter_actor(Mailbox<TakeSnapshot>& inbox, std::shared_ptr<SharedState> shared,
                         Address<KeyValueMessage> key_value, Address<WriterMessage> writer);

}  // namespace understudy::store
