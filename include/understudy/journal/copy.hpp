// A copy of a journal: its newest snapshot and the segments after it, up to the last whole batch. Also of a journal
// that is being written meanwhile, by another process or in this one: nothing of it is locked, held up or changed.
//
//   auto copied = copy_journal(*source, *target);   // two storages; the second one empty
//
// What is in it: every batch that had been written when the call was made, so all that was acknowledged by then under
// Durability::always and interval; of what is written during the call, a part from the first batch on, or nothing.
//
// What is copied is read as a start would read it (checksums, chain, LSNs, what fits to what), and what such a start
// would refuse ends the copy. At its end stands a closing mark, so that in the copy damage to any record can be told
// from an unfinished write. Everything is flushed, and read back from the disk.
//
// A snapshot that begins to count meanwhile takes the segments away that it covers; files that are open by then are
// read to their ends all the same. What cannot be had any more makes the copy start over, a limited number of times.
//
// Threads: as Storage. The call blocks for as long as the disks take.
#pragma once

#include "understudy/base/error.hpp"
#include "understudy/journal/journal.hpp"
#include "understudy/journal/record.hpp"
#include "understudy/journal/storage.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

namespace understudy {

struct CopyOptions {
  /// Is told how far it has come. The bytes are counted twice: as they are copied, and as they are read back.
  ProgressFunction on_progress = {};
  /// Is told why it starts over.
  std::function<void(std::string_view why)> on_start_over = {};
  /// How often it begins at most.
  unsigned attempts_max = 10;
};

/// What a copy holds.
struct JournalCopy {
  std::optional<SnapshotReport> snapshot;
  std::uint64_t records = 0;  ///< In segments, and not covered by the snapshot.
  Lsn last_lsn = 0;
  std::uint64_t segments = 0;
  std::uint64_t bytes = 0;  ///< Of all files.
  /// What stood behind the last whole batch, and was left out: in a journal that is in use a batch that was just being
  /// written, in one that is not, the unfinished write that the next start would cut.
  std::optional<TornTail> left_out;
};

/// Copies the journal in `source` to `target`, which must hold no file. Memory: as Journal::open. After an error the
/// files in `target` are of no use.
/// Errors: data_damaged, naming file, offset and LSN in `source` (or in `target`, if what is read back is not what was
/// written); storage_failed, also when it has started over too often; invalid_argument when `source` holds no journal
/// or `target` is not empty.
[[nodiscard]] Result<JournalCopy> copy_journal(Storage& source, Storage& target, const CopyOptions& options = {});

}  // namespace understudy
