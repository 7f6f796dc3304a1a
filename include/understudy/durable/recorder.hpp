// Recorder: the hand with which an actor writes to its journal. It gathers records, and the answers that wait for them,
// and passes both to the writer; and it knows how far all of it is safe.
//
//     while (auto message = co_await inbox.receive()) {
//       recorder.add(kind, payload);                            // and change the state
//       recorder.when_safe([reply = std::move(message->reply)](const us::Result<void>& outcome) mutable {
//         reply.complete(outcome);
//       });
//       co_await recorder.send();
//     }
//
// An actor that handles several messages before it sends (Mailbox::try_receive) makes one batch of what they change:
// after a crash all of that is there, or none.
//
// Readers. What has been recorded may still be taken back by a crash until it is safe; whatever is answered out of it
// must wait for the same moment: is_safe(batch) says whether it has come, when_safe waits for it. So an actor remembers
// for each part of its state the number of the batch that changed it last (the store does for each key), or one number
// for all of it (as Durable does).
//
// Threads: the actor's own, as its mailbox.
#pragma once

#include "understudy/actor/address.hpp"
#include "understudy/durable/journal_writer.hpp"
#include "understudy/durable/snapshotter.hpp"
#include "understudy/runtime/task.hpp"

#include <cstdint>
#include <memory>
#include <utility>

namespace understudy {

/// Opens the journal as the present actor's: spawns its writer as a child, and gives every record to `apply`, on the
/// blocking pool; see OpenJournal. Only inside an actor (checked).
struct OpenedJournal {
  Address<JournalWriterMessage> writer;
  RecoveryReport found;
};
[[nodiscard]] Task<Result<OpenedJournal>> open_journal(std::shared_ptr<SharedJournal> journal, ReplayFunction apply);

class Recorder {
 public:
  /// Of this incarnation; `last_lsn` is that of the last record there was when the journal was opened.
  Recorder(std::shared_ptr<SharedJournal> journal, Address<JournalWriterMessage> writer,
           Address<SnapshotterMessage> snapshotter, Lsn last_lsn);

  /// The number of the batch that is being filled.
  [[nodiscard]] std::uint64_t batch() const noexcept { return open_.batch; }
  /// Whether batch number `batch`, and all before it, are as safe as their durability says. Not the one being filled.
  [[nodiscard]] bool is_safe(std::uint64_t batch) const noexcept { return batch <= journal_->safe_batch(); }
  /// Fails while the disk is full: nothing should be added then. See SharedJournal::room.
  [[nodiscard]] Result<void> room() const { return journal_->room(); }
  [[nodiscard]] Durability durability() const noexcept { return journal_->options().durability; }

  /// Adds a record to the batch, and gives its LSN. The batch becomes as safe as the strongest of its records wants,
  /// before anybody who waits for it is told.
  /// Throws std::length_error, and adds nothing, if the record, or the batch with it, is longer than a journal takes
  /// (payload_bytes_max, batch_bytes_max): the end of this incarnation, which has changed its state by then.
  template <typename... Parts>
  Lsn add(Durability durability, RecordKind kind, const Parts&... parts) {
    check_length((BytesView(parts).size() + ... + 0));
    open_.records.add(kind, parts...);
    want(durability);
    return ++last_lsn_;
  }
  template <typename... Parts>
  Lsn add(RecordKind kind, const Parts&... parts) {
    return add(durability(), kind, parts...);
  }
  /// Adds a whole list; made elsewhere, for example in the order of the operations that make it. Throws as above.
  void add(RecordList records);
  /// The batch is to be as safe as that, at least.
  void want(Durability durability) noexcept { open_.durability = stronger_of(open_.durability, durability); }
  /// Calls `completion` once the batch that is being filled is safe, or has failed. In the writer.
  void when_safe(WhenSafe completion) { open_.completions.push_back(std::move(completion)); }

  [[nodiscard]] bool empty() const noexcept { return open_.records.empty() && open_.completions.empty(); }
  /// Bytes that have been added to the batch.
  [[nodiscard]] std::size_t bytes() const noexcept { return open_.records.bytes(); }
  /// LSN of the last record added. 0 when there is none.
  [[nodiscard]] Lsn last_lsn() const noexcept { return last_lsn_; }

  /// Passes the batch on to the writer, and begins the next; waits while the writer's mailbox is full, not for the
  /// disk. Nothing to do with an empty one. Throws if the writer is gone: the end of this incarnation.
  [[nodiscard]] Task<> send();

  /// The same, and waits until the batch, and all before it, is safe. Counts as waiting for the disk. Errors:
  /// storage_failed, storage_full, actor_crashed (the writer had); the incarnation is about to end then.
  [[nodiscard]] Task<Result<void>> send_and_wait();

  /// Whether it is time for a snapshot; see SharedJournal.
  [[nodiscard]] bool snapshot_is_due() const noexcept { return journal_->snapshot_is_due(); }
  /// Has one taken, by pieces. Does not wait.
  void take_snapshot() { tell_snapshotter(TakeSnapshot{}); }
  /// Has one made of `state`: all of it, as it is after the last record that was sent. Does not wait. Not between add
  /// and send (checked). `reply` is answered when it counts.
  void save_state(std::shared_ptr<const RecordList> state, Reply<SnapshotReport> reply = {});

  [[nodiscard]] const std::shared_ptr<SharedJournal>& journal() const noexcept { return journal_; }

 private:
  void check_length(std::size_t payload_bytes) const;
  void begin_batch();
  void tell_snapshotter(SnapshotterMessage message);

  std::shared_ptr<SharedJournal> journal_;
  Address<JournalWriterMessage> writer_;
  Address<SnapshotterMessage> snapshotter_;
  AppendRecords open_;
  Lsn last_lsn_;
};

}  // namespace understudy
