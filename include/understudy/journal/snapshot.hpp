// A snapshot: the whole state, in a file beside the journal's segments, so that start-up need not replay them all.
//
//   auto snapshot = journal->begin_snapshot(journal->committed_lsn());
//   for (...) (*snapshot)->add(kind, payload);            // the state, in as many records as it takes
//   journal->commit(); journal->flush();                  // all that the snapshot can have seen
//   (*snapshot)->seal(journal->durable_lsn());            // flushed, and read back
//   journal->install_snapshot(**snapshot);                  // counts from here on; older segments go
//
// At start-up the records of the newest snapshot are given to the replay function, then those of the journal after the
// LSN that it covers. Two kinds of state can be kept so:
// - taken in one go, at an LSN that is known: `covers` is that LSN. Any kind of record will do.
// - taken piece by piece while writes go on (no pause, no second copy): each piece shows the state at another time,
//   some later than `covers`. Replay then repeats changes that a piece has seen; so each record must mean the same
//   whether it is applied once or twice, after what came later or not: "x is 5", and not "x has grown by 1".
//
// On disk: docs/journal-format.md, "Snapshot". Blocks of about 256 KiB, compressed (zstd, level 1), chained and under
// checksums as batches are. What is in a block of its own may be larger: one record. Memory: two blocks.
//
// Threads: one object is used by one thread at a time, not the one that uses the journal meanwhile. `add` and `seal`
// block for as long as the disk takes.
#pragma once

#include "understudy/base/bytes.hpp"
#include "understudy/base/error.hpp"
#include "understudy/journal/record.hpp"

#include <cstdint>
#include <memory>

namespace understudy {

/// A snapshot that is being written. See the head of this file. Destroyed before it is installed, it leaves a file with
/// the name of an unfinished one behind, which the next snapshot, or the next start, removes.
class SnapshotWriter {
 public:
  SnapshotWriter(const SnapshotWriter&) = delete;
  SnapshotWriter& operator=(const SnapshotWriter&) = delete;
  ~SnapshotWriter();

  /// Adds a record. Writes when a block is full.
  /// Errors: invalid_argument when the payload is longer than payload_bytes_max; storage_failed, after which every call
  /// gives that.
  [[nodiscard]] Result<void> add(RecordKind kind, BytesView payload);

  /// Ends it: nothing that it shows is later than record `end_lsn`, which must be durable. Writes what is left,
  /// flushes, then reads the file back from the disk and checks all of it. Errors: storage_failed; data_damaged when
  /// what is read is not what was written; invalid_argument when `end_lsn` is lower than `covers`.
  [[nodiscard]] Result<void> seal(Lsn end_lsn);

  /// The last record that it covers: replay begins after it.
  [[nodiscard]] Lsn covers() const noexcept;
  /// Records added so far.
  [[nodiscard]] std::uint64_t records() const noexcept;
  /// Size of the file so far.
  [[nodiscard]] std::uint64_t bytes() const noexcept;

 private:
  friend class Journal;
  struct State;
  explicit SnapshotWriter(std::unique_ptr<State> state) noexcept;

  std::unique_ptr<State> state_;
};

}  // namespace understudy
