// Loading: how an incarnation of the key-value actor gets the map back.
#pragma once

#include "engine/key_space.hpp"
#include "engine/shared_state.hpp"
#include "understudy/durable/journal_writer.hpp"

#include <memory>

namespace understudy::store {

/// The map, and the writer that has the journal it came from.
struct Loaded {
  Address<JournalWriterMessage> writer;
  std::shared_ptr<KeySpace> keys;
  Lsn last_lsn = 0;
};

/// Starts a writer as the calling actor's child, and replays the journal. Says in the log, and in the load report, what
/// was found. Errors: as OpenJournal.
Task<Result<Loaded>> load(std::shared_ptr<SharedState> shared);

/// After a load that failed, in the actor: returns if the store is to stop for good, having noted why; throws if the
/// next incarnation is to try again.
void stop_or_throw(SharedState& shared, const Error& error);

}  // namespace understudy::store
