// All that a journal's files hold, damaged or not, without changing anything: for tools that check, show and salvage.
//
// `Journal::open` stops at the first damage, and so it should; these go on behind it, at the next place where a batch
// or a block is good again.
//
// Threads: as Storage. They block for as long as the disk takes.
#pragma once

#include "understudy/base/error.hpp"
#include "understudy/journal/journal.hpp"
#include "understudy/journal/record.hpp"
#include "understudy/journal/storage.hpp"

#include <cstdint>
#include <string>

namespace understudy {

/// One file of a journal, once it has been read.
struct ScannedFile {
  std::string name;
  bool is_snapshot = false;
  std::uint64_t bytes = 0;
  std::uint64_t records = 0;  ///< Whole ones.
  /// Of a segment: of its first and last whole record. Of a snapshot: what it covers, and where it ends, 0 if its end
  /// mark is damaged.
  Lsn first_lsn = 0;
  Lsn last_lsn = 0;
};

/// A part of a file that is not whole and good.
struct ScannedDamage {
  std::string file;
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;  ///< Up to the next good batch or block, or the file's end. 0: something is missing there.
  std::string what;         ///< In words.
};

/// Is told what a scan finds, in order: snapshots, by what they cover; then segments, by their numbers.
class JournalScan {
 public:
  virtual ~JournalScan() = default;
  /// A whole record; of a snapshot with the LSN that this covers. `offset`: of its batch or block. An error ends the
  /// scan, and is what it gives.
  virtual Result<void> on_record(const ScannedFile& file, std::uint64_t offset, const Record& record) = 0;
  virtual void on_damage(const ScannedDamage& damage) = 0;
  /// A file has come to its end.
  virtual void on_file(const ScannedFile& file) = 0;
};

/// Reads every file. Memory: for the largest batch or block. Errors: storage_failed; those of `on_record`. Damage is no
/// error.
[[nodiscard]] Result<void> scan_journal(Storage& storage, JournalScan& scan);

/// What `Journal::open` would find, and its error if it would refuse. Gives the records to `apply`, as it does. Takes
/// no lock.
[[nodiscard]] Result<RecoveryReport> examine_journal(Storage& storage, const ReplayFunction& apply);

}  // namespace understudy
