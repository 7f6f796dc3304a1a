// The pieces of a snapshot. They are read as any client reads, some hundred keys in one operation, and so never hold up
// others for longer; what is read is answered once it is safe.
#pragma once

#include "understudy/durable/snapshotter.hpp"
#include "understudy/store/messages.hpp"

namespace understudy::store {

[[nodiscard]] ReadPiece pieces_of(Address<KeyValueMessage> key_value);

}  // namespace understudy::store
