// The snapshotter actor: takes snapshots in the background, so that a journal stays short. A child of the actor that
// owns the state, beside the journal's writer.
//
// Two kinds of state (see understudy/journal/snapshot.hpp for why either makes a whole):
// - read piece by piece while others change it: TakeSnapshot, and a function that reads pieces, given as the actor is
//   spawned. That function asks the owner as any client would, so that nothing is held up for longer than a piece. It
//   must show only what is safe, or will be once all that was sent to the writer before is flushed;
// - handed over whole, as it was after a record that is known: SaveState.
//
// The records go to the file on the blocking pool. Only the journal itself is the writer's: it begins the snapshot,
// says when all that it shows is flushed, and makes it count. One snapshot at a time. Memory: one piece, or the state
// that was handed over.
//
// Failure: a snapshot that fails is given up, with a warning in the log; the journal goes on. The next one is begun by
// itself (SharedJournal::snapshot_is_due) a second later, at first; up to a minute at last.
#pragma once

#include "understudy/actor/mailbox.hpp"
#include "understudy/actor/reply.hpp"
#include "understudy/actor/spawn_options.hpp"
#include "understudy/durable/journal_writer.hpp"
#include "understudy/durable/record_list.hpp"
#include "understudy/durable/shared_journal.hpp"
#include "understudy/runtime/task.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <variant>

namespace understudy {

/// A part of a state, as records.
struct SnapshotPiece {
  RecordList records;
  std::uint64_t next = 0;  ///< Where the next one begins; 0: this is the last.
};
/// Reads the piece that begins at `from`; 0 is the first.
using ReadPiece = std::function<Task<Result<std::shared_ptr<SnapshotPiece>>>(std::uint64_t from)>;

/// Takes a snapshot by pieces. Answered when it counts.
struct TakeSnapshot {
  Reply<SnapshotReport> reply;
};
/// Makes a snapshot of `state`: all of it, as it was after record `covers`, which the writer has been sent. Answered
/// when it counts.
struct SaveState {
  Lsn covers = 0;
  std::shared_ptr<const RecordList> state;
  Reply<SnapshotReport> reply;
};
using SnapshotterMessage = std::variant<TakeSnapshot, SaveState>;

/// How snapshots are taken, and what the log calls their records: "keys".
struct SnapshotterSetUp {
  std::string records_are_called = "records";
  ReadPiece read_piece = {};  ///< Unset: TakeSnapshot fails with invalid_argument.
};

/// How it is spawned, as its owner's child. A snapshot takes as long as the disk takes: what is read is answered once
/// it is safe, and others come first. No limit on that is the right one, and a snapshotter that counts as stuck would
/// leave the journal to grow. What it waits for ends: its owner, or a call to the disk; and it ends with its owner.
[[nodiscard]] inline SpawnOptions snapshotter_options() noexcept {
  return {.capacity = 8, .exempt = "waits for its owner and for the disk, and ends with its owner"};
}

Task<> snapshotter(Mailbox<SnapshotterMessage>& inbox, std::shared_ptr<SharedJournal> journal,
                   Address<JournalWriterMessage> writer, SnapshotterSetUp set_up);

}  // namespace understudy
