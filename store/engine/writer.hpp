// The writer actor: owns the data directory and the journal in it. A child of the key-value actor, and dies with it.
//
// It takes all that waits in its mailbox, appends it, writes once, flushes once (durability always), and then completes
// everybody who waited: group commit, with nothing waited for on purpose. A write or flush that fails ends it, after
// the requests of that batch have got their error; its end is its parent's too, so that the next incarnation of both
// reads back what the disk really has.
#pragma once

#include "engine/record_format.hpp"
#include "engine/shared_state.hpp"
#include "understudy/actor/mailbox.hpp"
#include "understudy/actor/reply.hpp"
#include "understudy/journal/journal.hpp"

#include <functional>
#include <memory>
#include <variant>
#include <vector>

namespace understudy::store {

/// Called once, when what a request changed or saw is safe, or with the error that kept it from becoming so.
using Completion = std::move_only_function<void(const Result<void>&)>;

/// Opens the journal and hands over the whole map. The first message to each incarnation.
struct Load {
  Reply<KeySpace> reply;
};
/// Changes to append, and who waits for them. The completions of one message, and of those before it, are called in
/// order.
struct Append {
  std::uint64_t batch = 0;
  ChangeList changes;
  std::vector<Completion> completions;
};
/// Flushes what has been written: durability interval.
struct FlushNow {};

/// For the snapshotter. Begins a snapshot that covers all that has been written.
struct BeginSnapshot {
  Reply<std::shared_ptr<SnapshotWriter>> reply;
};
/// Writes and flushes all changes that were sent before. The last of them.
struct FlushAll {
  Reply<Lsn> reply;
};
/// Makes a sealed snapshot count.
struct InstallSnapshot {
  std::shared_ptr<SnapshotWriter> snapshot;
  Reply<SnapshotReport> reply;
};

using WriterMessage = std::variant<Load, Append, FlushNow, BeginSnapshot, FlushAll, InstallSnapshot>;

Task<> writer_actor(Mailbox<WriterMessage>& inbox, std::shared_ptr<SharedState> shared);

}  // namespace understudy::store
