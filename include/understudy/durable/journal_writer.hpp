// The writer actor: owns a directory and the journal in it, for one other actor, whose child it is.
//
//     auto writer = us::spawn_child("writer", us::journal_writer,
//                                   {.capacity = journal->options().writer_capacity,
//                                    .restart = us::Restart::with_parent}, journal);
//     auto state = std::make_shared<State>();
//     us::ReplayFunction apply = [state](const us::Record& record) { return state->apply(record); };
//     us::Result<us::RecoveryReport> found = co_await writer.ask<us::OpenJournal>(std::move(apply));
//
// Group commit: it takes all that waits in its mailbox, appends it, writes once, flushes once if anything of it wants
// that, and then completes everybody who waited, in order; nothing is waited for on purpose. The disk is used on the
// blocking pool, but for short writes that want no flush: these go to the system's cache, and are made at once
// (src/durable/quick_writes.hpp). A flush that nobody waits for (Durability::interval) goes on beside them: a slow disk
// holds up who wants to hear of it, and nobody else.
//
// Failure: a write or flush that fails is an error for all that waited on it, and the end of the writer; and so of its
// parent's incarnation (Restart::with_parent), whose next one reads back what the disk really has, and goes on in a new
// file. While an earlier writer's last write is still under way on its thread, that holds the directory, and the next
// writer waits until it has let go: two never write side by side.
//
// A full disk: when there is no room for what may come, SharedJournal::room says so, and whoever owns the state refuses
// changes; what was accepted before is written. A look each second finds out when there is room again.
//
// Most actors want durable.hpp, or recorder.hpp, rather than these messages.
#pragma once

#include "understudy/actor/mailbox.hpp"
#include "understudy/actor/reply.hpp"
#include "understudy/durable/record_list.hpp"
#include "understudy/durable/shared_journal.hpp"
#include "understudy/journal/durability.hpp"
#include "understudy/journal/journal.hpp"
#include "understudy/runtime/task.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <variant>
#include <vector>

namespace understudy {

/// Called once, in the writer, when what a request changed or saw is safe, or with the error that kept it from becoming
/// so; with actor_crashed in its owner, when the writer did not take it any more.
using WhenSafe = std::move_only_function<void(const Result<void>&)>;

/// Opens the journal, and gives its records to `apply`, on the blocking pool: it owns all that it touches. The first
/// message to each incarnation. While an earlier incarnation's write is under way it waits for that, as long as the
/// disk takes. Errors: as Journal::open, directory_locked after ten seconds if somebody else in this process holds it;
/// the writer has ended then.
struct OpenJournal {
  ReplayFunction apply;
  Reply<RecoveryReport> reply;
};
/// Records to append, and who waits for them. All of the records are replayed, or none of them. The completions of one
/// message, and of those before it, are called in order.
struct AppendRecords {
  std::uint64_t batch = 0;  ///< From SharedJournal::next_batch; becomes the safe one.
  RecordList records;
  Durability durability = Durability::none;  ///< How safe `records` must be for the completions to be called.
  std::vector<WhenSafe> completions;
};
/// The same, for one who waits: answered after the completions.
struct AppendAndWait {
  AppendRecords append;
  Reply<void> reply;
};
/// Writes what is gathered: see Durability::none.
struct WriteRecords {};
/// Flushes what has been written, beside what is written meanwhile.
struct FlushJournal {};
/// That flush has come to its end. Of the writer's own.
struct FlushEnded {
  std::uint64_t number = 0;
};
/// Looks whether there is room on the disk again.
struct ProbeRoom {};

/// For a snapshotter. Begins a snapshot that covers the records up to `covers`; 0: all that have been sent before.
struct BeginSnapshot {
  Lsn covers = 0;
  Reply<std::shared_ptr<SnapshotWriter>> reply;
};
/// Writes and flushes all that was sent before. The last of it.
struct FlushAll {
  Reply<Lsn> reply;
};
/// Makes a sealed snapshot count.
struct InstallSnapshot {
  std::shared_ptr<SnapshotWriter> snapshot;
  Reply<SnapshotReport> reply;
};

using JournalWriterMessage = std::variant<OpenJournal, AppendRecords, AppendAndWait, WriteRecords, FlushJournal,
                                          FlushEnded, ProbeRoom, BeginSnapshot, FlushAll, InstallSnapshot>;

Task<> journal_writer(Mailbox<JournalWriterMessage>& inbox, std::shared_ptr<SharedJournal> journal);

}  // namespace understudy
