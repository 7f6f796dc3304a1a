// A disk in memory that remembers what was flushed, and forgets the rest the way disks do.
//
//   SimulatedDisk disk(seed);
//   { auto storage = disk.attach(); … }   // what a process does
//   disk.crash();                         // the power fails
//   auto storage = disk.attach();         // what the next process finds
//
// One seed, and one sequence of calls, give the same faults every time.
//
// What it does of itself, as every disk does:
// - Power loss (`crash`, or in the middle of a change: `lose_power_at`). What a file was given since its last good
//   flush is a list of changes, writes and cuts. Of each sector of 512 bytes that they touch, the disk then has what
//   some number of them left there: all, none (the old content stays, though a later change elsewhere is kept), or the
//   first few; or it is zeroed, or filled with garbage. The file's length is that after some of them, or in the middle
//   of an append. Bytes beside those that were written survive in the same sector. Of the changes to the directory
//   whose flush failed, renames too, a part from the first on is kept.
// - The end of the process (`kill`): nothing that was written is lost.
//
// Faults that it injects when told to, by percentages (`set_faults`) or at one operation (`fail_operation`): DiskFaults
// and DiskFailure say which. The worst are those that nobody is told of: writes that land elsewhere, and old data that
// rots. Nobody survives them in every case, but whoever reads must find them out; `damage` says where they are.
//
// Without such faults it never touches flushed data, never loses a directory change that was flushed, and gives back
// what was written until a crash.
//
// Slow and stuck operations wait in virtual time, on a thread of the blocking pool, in the blocking calls of a
// SimulatedSystem. Elsewhere there is no virtual time, and nothing waits.
//
// Threads: every member, and those of the storage it hands out, may be called from any thread; each takes one lock.
#pragma once

#include "understudy/base/bytes.hpp"
#include "understudy/base/clock.hpp"
#include "understudy/journal/storage.hpp"

#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace understudy {

namespace simulation {
class Disk;
}

/// What happens by itself, and how often: in percent of the operations of that sort. All off at first.
struct DiskFaults {
  /// Writes that fail (EIO), of which any part may be in the file.
  std::uint32_t append_fails_percent = 0;
  /// Writes of which a part, and not all, got into the file before they failed.
  std::uint32_t short_write_percent = 0;
  /// A failed flush loses what it should have saved, as a power loss would; but reads go on showing it until the cache
  /// is dropped (`forget_cache`, a crash, `cache_dropped_percent`), and the next flush succeeds without saving it: this
  /// is what Linux does.
  std::uint32_t flush_fails_percent = 0;
  /// `create`, `remove` and `rename` that fail, with nothing done.
  std::uint32_t directory_change_fails_percent = 0;
  /// The same, but the change is seen, and its flush fails: a crash may undo it until the next one succeeds.
  std::uint32_t directory_flush_fails_percent = 0;
  std::uint32_t read_fails_percent = 0;
  std::uint32_t list_fails_percent = 0;
  /// Size of the disk. Of an append past it, what there is room for is written, and it fails (ENOSPC).
  std::uint64_t capacity_bytes = std::numeric_limits<std::uint64_t>::max();

  /// Operations that take long: up to this much more virtual time.
  std::uint32_t slow_percent = 0;
  Duration slow_time_max = std::chrono::milliseconds(200);
  /// Operations that do not come back for this long; Duration::max(): until `release_stuck`, `crash` or `kill`.
  std::uint32_t stuck_percent = 0;
  Duration stuck_time = Duration::max();

  /// Of reads: before it, the cache of the file is dropped for want of memory, and what the disk has is read.
  std::uint32_t cache_dropped_percent = 0;
  /// Of flushes: one sector of what was written goes to another place, in this file or another one, or nowhere; its own
  /// place keeps what it had. The flush succeeds, and reads show what was written until the cache is dropped.
  std::uint32_t misdirected_percent = 0;
  /// Of flushes: meanwhile a sector of old data, of any file, rots: a bit of it is flipped, or it is zeroed, or filled
  /// with garbage. Reads show it once the cache is dropped.
  std::uint32_t rot_percent = 0;
};

/// What may be asked of a disk, for `fail_operation` and `history`. A write is an append too.
enum class DiskOperation : std::uint8_t {
  write,
  read,
  flush,
  cut,
  size,
  drop_cache,
  create,
  open,
  remove,
  rename,
  list,
};

/// How one operation fails.
enum class DiskFailure : std::uint8_t {
  error,         ///< EIO. Nothing is done; a flush loses data (see flush_fails_percent).
  error_after,   ///< EIO, though all is done; of a directory change all but its flush.
  short_write,   ///< EIO. Half of the bytes are written.
  no_space,      ///< ENOSPC. Half of the bytes are written, no file is made, a flush loses data.
  power_before,  ///< The power fails before it.
  power_torn,    ///< In the middle of it.
  power_after,   ///< Right after it; what a flush was to save is saved.
};
/// Whether that can happen to this operation, and is not the same as another failure of it.
[[nodiscard]] bool can_fail(DiskOperation operation, DiskFailure how) noexcept;

/// What was asked of the disk since it was made, failed operations included.
struct DiskCounters {
  std::uint64_t appends = 0;  ///< Writes in place too.
  std::uint64_t flushes = 0;
  std::uint64_t directory_changes = 0;
  std::uint64_t truncates = 0;
  std::uint64_t reads = 0;
  std::uint64_t appended_bytes = 0;

  /// All but reads: what `lose_power_at` counts.
  [[nodiscard]] std::uint64_t changes() const noexcept { return appends + flushes + directory_changes + truncates; }
};

/// Flushed data that is not what was flushed any more, and nobody was told.
struct DiskDamage {
  enum class Kind : std::uint8_t {
    rot,          ///< Old data.
    misdirected,  ///< It should have been written here.
    overwritten,  ///< By what should have been written elsewhere.
  };
  Kind kind = Kind::rot;
  std::string file;  ///< Its name now.
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
};

/// Faults that have happened, by kind.
struct DiskFaultCounts {
  std::uint64_t failed_writes = 0;  ///< Short ones apart.
  std::uint64_t short_writes = 0;
  std::uint64_t failed_flushes = 0;
  std::uint64_t failed_directory_changes = 0;  ///< Their flushes too.
  std::uint64_t failed_reads = 0;              ///< Of lists, sizes and opens too.
  std::uint64_t full = 0;
  std::uint64_t slow = 0;
  std::uint64_t stuck = 0;
  std::uint64_t dropped_caches = 0;
  std::uint64_t misdirected = 0;
  std::uint64_t rotten = 0;
  std::uint64_t power_losses = 0;
  std::uint64_t dropped_sectors = 0;  ///< By power losses and failed flushes, in part or whole; and then:
  std::uint64_t zeroed_sectors = 0;
  std::uint64_t garbage_sectors = 0;
  std::uint64_t lost_directory_changes = 0;  ///< By power losses.
};

/// One directory on a simulated disk. Outlives the processes that use it; see the head of this file.
class SimulatedDisk {
 public:
  explicit SimulatedDisk(std::uint64_t seed);
  SimulatedDisk(const SimulatedDisk&) = delete;
  SimulatedDisk& operator=(const SimulatedDisk&) = delete;
  ~SimulatedDisk();

  /// The directory, as the process with this number sees it. May be attached more than once at a time; the lock holds
  /// between all of them. May outlive this object.
  [[nodiscard]] std::shared_ptr<Storage> attach(std::uint64_t process = 1);

  /// The power fails now. Everything handed out before gives storage_failed for ever, and its lock is free.
  void crash();
  /// The process ends now, nothing written is lost. Everything handed out before gives storage_failed for ever, and its
  /// lock is free.
  void kill();
  /// The power will fail in the middle of a change: the `nth` from now on, 1 being the next. That change gives
  /// storage_failed and may have been done in part. Stands across `crash` and `kill`; 0 takes it back.
  void lose_power_at(std::uint64_t nth);
  /// How often power was lost so far.
  [[nodiscard]] std::uint64_t power_losses() const;

  /// From now on these faults happen.
  void set_faults(const DiskFaults& faults);
  /// One operation will fail so: the `nth` from now on, 1 being the next, reads included; `error` where it cannot fail
  /// so. Stands across `crash` and `kill`; 0 takes it back. What it was is in `history`.
  void fail_operation(std::uint64_t nth, DiskFailure how);
  /// Operations that are stuck go on.
  void release_stuck();

  /// Turns one bit of a file, flushed or not. The file must have that byte; `bit` is 0 to 7.
  void flip_bit(std::string_view file, std::uint64_t byte_offset, unsigned bit);
  /// Makes or replaces a file, all of it flushed.
  void place(std::string_view file, BytesView content);
  /// Removes a file as if it had never been there.
  void take_away(std::string_view file);

  /// All files, as reads see them now.
  [[nodiscard]] std::map<std::string, Bytes> files() const;
  [[nodiscard]] DiskCounters counters() const;
  [[nodiscard]] DiskFaultCounts fault_counts() const;
  /// Every operation so far, in order: what `fail_operation` counts.
  [[nodiscard]] std::vector<DiskOperation> history() const;
  /// What rotted or went astray, by `rot_percent` and `misdirected_percent`, in the files that are there; by their
  /// names.
  [[nodiscard]] std::vector<DiskDamage> damage() const;

 private:
  std::shared_ptr<simulation::Disk> disk_;
};

}  // namespace understudy
