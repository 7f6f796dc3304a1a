// An append-only journal of records in one directory: add, commit, flush; and after any crash, replay.
//
//   auto journal = Journal::open(storage, {}, [&](const Record& record) { return state.apply(record); });
//   (*journal)->add(kind, payload);   // into the open batch, in memory
//   (*journal)->commit();             // the batch goes to the file in one write: survives the end of the process
//   (*journal)->flush();              // all that was committed is on the disk: survives power loss
//
// Group commit is the caller's: add all that waits, commit once, flush once, answer all.
//
// Ended: when a write or flush fails, the journal takes nothing more, and every later call gives storage_failed with
// the first reason. What the failed batch left on the disk is not known, so nothing is retried on that file. Let go of
// this object and open again: that reads what the disk really has, and goes on in a new file.
//
// Full: when the disk, or the journal's own limit, has no room for a batch, `commit` gives storage_full. Then nothing
// of the batch was written, the journal goes on as if it had never been added, and the next may find room. Room is
// reserved ahead, so that one who asks by `reserve_ahead` hears of it before that.
//
// On disk: docs/journal-format.md. Left out on purpose: threads (a writer actor owns the journal and calls it from the
// blocking pool), waiting, and deciding when to flush (see Durability).
//
// Threads: one object is used by one thread at a time. Every call that touches the disk blocks for as long as the disk
// takes.
#pragma once

#include "understudy/base/bytes.hpp"
#include "understudy/base/error.hpp"
#include "understudy/base/random.hpp"
#include "understudy/journal/record.hpp"
#include "understudy/journal/snapshot.hpp"
#include "understudy/journal/storage.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace understudy {

/// How far a start, or a copy (see copy.hpp), has come.
struct JournalProgress {
  std::uint64_t bytes = 0;        ///< Of the files, read so far.
  std::uint64_t bytes_total = 0;  ///< What there is to read.
  std::uint64_t records = 0;      ///< Given to the replay function so far.
};
/// Is told about it, often: once for about a quarter of a MiB. On the thread that makes the call.
using ProgressFunction = std::function<void(const JournalProgress&)>;

/// Settings of a journal.
struct JournalOptions {
  /// A segment ends before the batch that would take it past this many bytes. A larger batch gets a segment of its own.
  std::uint64_t segment_bytes_max = std::uint64_t{64} << 20U;
  /// How much of a segment is written with zeros ahead of the batches: this makes flushes faster, and a full disk known
  /// early. Taken back when a segment ends and when the journal is closed. 0: nothing.
  std::uint64_t reserved_bytes = std::uint64_t{1} << 20U;
  /// The most that segments and snapshot may have together, in bytes, before `commit` gives storage_full; a snapshot
  /// makes room. 0: no limit. One that is being written is not counted.
  std::uint64_t bytes_max = 0;
  /// What is known to have been flushed, from an earlier journal on the same files: if the records up to it are not
  /// there, `open` takes that for damage, and not for an unfinished write. Used in `open` only. 0: nothing is known.
  Lsn durable_lsn = 0;
  /// Where the id of a new store comes from; the operating system's when null. Used in `open` only.
  Random* random = nullptr;
  /// Is told how far the replay has come; may be empty. Used in `open` only.
  ProgressFunction on_progress = {};
};

/// An unfinished write that `open` found at the journal's end and cut off.
struct TornTail {
  std::string file;  ///< The segment's name.
  std::uint64_t offset =
      0;  ///< Where the cut was made. 0: the whole file, whose creation wasn't finished, was removed.
  std::uint64_t bytes_cut = 0;  ///< How much was cut off.
  std::string reason;           ///< What was found there, in words.
};

/// That it was cut, in a line for the log.
[[nodiscard]] std::string describe(const TornTail& torn);

/// A snapshot that counts.
struct SnapshotReport {
  std::string file;           ///< Its name.
  Lsn covers = 0;             ///< Replay begins after this record.
  Lsn end_lsn = 0;            ///< Nothing in it is later.
  std::uint64_t records = 0;  ///< Records in it.
  std::uint64_t bytes = 0;    ///< Its size on the disk.
};

/// What `open` found.
struct RecoveryReport {
  std::optional<SnapshotReport> snapshot;  ///< Where the replay began.
  std::uint64_t records = 0;               ///< Records replayed from segments.
  Lsn first_lsn = 0;                       ///< LSN of the first one; 0 when there was none.
  Lsn last_lsn = 0;                        ///< LSN of the last one; 0 when there was none.
  std::uint64_t segments = 0;              ///< Segment files that hold the journal now.
  std::uint64_t bytes = 0;                 ///< Their sizes together.
  std::optional<TornTail> torn_tail;
};

/// What uses the disk, in bytes.
struct JournalUsage {
  std::uint64_t segments = 0;        ///< Segment files.
  std::uint64_t segment_bytes = 0;   ///< What is written in them.
  std::uint64_t reserved_bytes = 0;  ///< Room in the last one, for what comes next.
  std::uint64_t snapshot_bytes = 0;  ///< Of the snapshot that counts.
};

/// A flush that Journal::begin_flush has begun.
struct JournalFlush {
  std::shared_ptr<StorageFile> file;  ///< To be flushed, on whatever thread. Null: all is on the disk.
  Lsn upto = 0;                       ///< What is on the disk then.
  std::uint64_t bytes = 0;            ///< The same, of the file.
};

/// Gets each record in order. Those of a snapshot come first, in the order in which they were added, and all with the
/// LSN that the snapshot covers. An error it returns ends the replay, and is what `open` returns.
using ReplayFunction = std::function<Result<void>(const Record&)>;

/// A journal, open for appending. See the head of this file. An actor that held its thread and has been replaced can
/// write no more: `add`, `commit`, `flush` and `close` give `cancelled`, and change nothing.
class Journal {
 public:
  /// Locks the directory and gives every record in it, in order, to `apply`. A torn tail is cut and reported; a
  /// directory without a journal is a fresh start. On success everything replayed is durable. On an error nothing was
  /// changed (or no more than the torn tail, when cutting it failed), and what `apply` was given must be thrown away.
  ///
  /// Takes time in proportion to the journal's size, and memory for its largest batch (at least 1 MiB).
  /// Errors: directory_locked; storage_failed; invalid_argument (a segment size of 0); those of `apply`;
  /// data_damaged when anything but a torn tail is wrong, with a message that names file, offset and LSN.
  [[nodiscard]] static Result<std::unique_ptr<Journal>> open(std::shared_ptr<Storage> storage,
                                                             const JournalOptions& options,
                                                             const ReplayFunction& apply);

  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;
  /// Lets go of files and lock. What wasn't committed is gone, and what wasn't flushed isn't flushed: see `close`.
  ~Journal();

  /// Puts a record into the open batch and gives its LSN. Touches no disk. The records of one batch are replayed all or
  /// not at all. Copies `payload`.
  /// Errors: invalid_argument when the payload is longer than payload_bytes_max, or the batch would be more than
  /// batch_bytes_max (commit, then add again); storage_failed once ended.
  [[nodiscard]] Result<Lsn> add(RecordKind kind, BytesView payload);

  /// Writes the open batch, in one write. Begins a new segment, and flushes the old one, when the old one is full.
  /// Nothing to do with an empty batch.
  /// Errors: storage_full; the batch is dropped, its LSNs will be given out again, and the journal goes on.
  /// storage_failed; the journal has ended. Whether the batch is in it shows when it is opened again: all of it, or
  /// none.
  [[nodiscard]] Result<void> commit();

  /// Sees to it that at least half of JournalOptions::reserved_bytes is there for the batches to come. Costs nothing
  /// when it is; otherwise some zeros are written, to a new segment if nothing has been written yet. For calling
  /// between a commit and the next, and for finding out whether there is room again. Errors: storage_full, also when
  /// the journal's own limit is near; the journal goes on. storage_failed; it has ended.
  [[nodiscard]] Result<void> reserve_ahead();
  /// Whether `reserve_ahead` would do more than look at its numbers. Touches no disk.
  [[nodiscard]] bool lacks_room() const noexcept;

  /// Whether committing a batch of so many bytes (payloads, and record_overhead_bytes for each) is one write into room
  /// that is there already: so it begins no segment, flushes nothing, and lets no file grow. Touches no disk.
  [[nodiscard]] bool has_room_ready(std::size_t batch_bytes) const noexcept;

  /// Returns when all that was committed is on the disk; doesn't commit. Costs nothing when all is.
  /// Errors: storage_failed; the journal has ended. Which of the batches since the last good flush are in it shows when
  /// it is opened again.
  [[nodiscard]] Result<void> flush();
  /// The same in two halves, so that short batches can be committed while the disk works: `end_flush` is told what
  /// flushing JournalFlush::file has given. Between the two only `add`, `commit` of what has_room_ready, and what
  /// touches no disk may be called.
  [[nodiscard]] Result<JournalFlush> begin_flush();
  [[nodiscard]] Result<void> end_flush(const JournalFlush& flush, const Result<void>& outcome);

  /// Commits, flushes, and adds a mark that says so: after it, start-up can tell damage to any record from an
  /// unfinished write. Then lets go of files and lock; every later call gives storage_failed. For a clean shutdown.
  /// Errors: storage_failed. Files and lock are let go of in any case.
  [[nodiscard]] Result<void> close();

  /// Begins a snapshot that covers all records up to `covers` (see snapshot.hpp); what is committed from here on goes
  /// to a new segment, so that those before it can be removed. One at a time: a snapshot that was begun before and does
  /// not count yet is given up.
  /// Errors: invalid_argument when nothing has been committed yet, or `covers` is later than what has been added;
  /// storage_failed: nothing has begun, and the journal goes on.
  [[nodiscard]] Result<std::unique_ptr<SnapshotWriter>> begin_snapshot(Lsn covers);

  /// Makes a sealed snapshot count, by a rename; then removes older snapshots and the segments that it makes
  /// superfluous. Nothing to do if a later one counts already.
  /// Errors: invalid_argument when it is not sealed, was given up, is another journal's, or ends later than what is
  /// durable;
  /// storage_failed: it does not count, or something older could not be removed; the journal goes on, and the next
  /// snapshot removes what is left.
  [[nodiscard]] Result<void> install_snapshot(const SnapshotWriter& snapshot);

  /// Of the files that `install_snapshot` has removed those, removed_files_max at most, that are open still. Their room
  /// is given back when they are closed, which takes the system a while, and may be done beside everything else; here
  /// that is at the journal's end.
  [[nodiscard]] std::vector<std::unique_ptr<StorageFile>> take_removed() noexcept;
  static constexpr std::size_t removed_files_max = 256;

  /// LSN of the last record added. 0 when there is none.
  [[nodiscard]] Lsn last_lsn() const noexcept;
  /// LSN of the last record that was written: it survives the end of the process.
  [[nodiscard]] Lsn committed_lsn() const noexcept;
  /// LSN of the last record that was flushed: it survives power loss.
  [[nodiscard]] Lsn durable_lsn() const noexcept;
  /// Size of the open batch: what the next `commit` has to write, in bytes. 0 when there is nothing to commit.
  [[nodiscard]] std::size_t open_batch_bytes() const noexcept;
  /// What `open` found.
  [[nodiscard]] const RecoveryReport& recovery() const noexcept;
  /// The snapshot that counts now, if any.
  [[nodiscard]] const std::optional<SnapshotReport>& snapshot() const noexcept;
  /// What the journal has on the disk now.
  [[nodiscard]] JournalUsage usage() const noexcept;

 private:
  struct State;
  explicit Journal(std::unique_ptr<State> state) noexcept;

  std::unique_ptr<State> state_;
};

}  // namespace understudy
