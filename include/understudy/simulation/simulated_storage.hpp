// A disk in memory that remembers what was flushed, and forgets the rest the way disks do.
//
//   SimulatedDisk disk(seed);
//   { auto storage = disk.attach(); … }   // what a process does
//   disk.crash();                         // the power fails
//   auto storage = disk.attach();         // what the next process finds
//
// One seed, and one sequence of calls, give the same faults every time.
//
// Faults it can inject:
// - power loss (`crash`, or by itself at the Nth change): of what a file was given since its last good flush, each
// sector of
//   512 bytes is kept, zeroed or filled with garbage, and the file's length cut anywhere; a cut that wasn't flushed
//   happens or doesn't; of the changes to the directory since its last good flush, a part from the first on is kept;
// - the end of the process (`kill`): nothing that was written is lost;
// - appends, flushes, directory flushes and reads that fail. A failed append may have added a part. A failed flush
// loses
//   what it should have saved, as a power loss would, but reads go on showing it until `forget_cache`, and the next
//   flush succeeds without saving it: this is what Linux does;
// - a full disk: an append adds what there is room for, and fails;
// - on demand only: a bit flipped in a file (`flip_bit`), and files put there by a test (`place`).
//
// Faults it must not inject: it never touches flushed data unless told to by `flip_bit` or `place`, never loses a
// directory change that was flushed, and never gives back other bytes than were written before a crash. A journal must
// survive all of the above, but nobody survives a disk that lies about a flush.
//
// Slow operations are the caller's business: nothing here waits or reads a clock.
//
// Threads: every member, and those of the storage it hands out, may be called from any thread; each takes one lock.
#pragma once

#include "understudy/base/bytes.hpp"
#include "understudy/journal/storage.hpp"

#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace understudy {

namespace simulation {
class Disk;
}

/// What fails by itself, and how often: in percent of the operations of that sort.
struct DiskFaults {
  std::uint32_t append_fails_percent = 0;
  std::uint32_t flush_fails_percent = 0;
  /// Of `create`, `remove` and `rename`: the change is seen, but its flush fails.
  std::uint32_t directory_flush_fails_percent = 0;
  std::uint32_t read_fails_percent = 0;
  /// Size of the disk. Appends past it fail.
  std::uint64_t capacity_bytes = std::numeric_limits<std::uint64_t>::max();
};

/// What was asked of the disk since it was made, failed operations included.
struct DiskCounters {
  std::uint64_t appends = 0;
  std::uint64_t flushes = 0;
  std::uint64_t directory_changes = 0;
  std::uint64_t truncates = 0;
  std::uint64_t reads = 0;
  std::uint64_t appended_bytes = 0;

  /// All but reads: what `lose_power_at` counts.
  [[nodiscard]] std::uint64_t changes() const noexcept { return appends + flushes + directory_changes + truncates; }
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

  /// From now on these faults happen. They are off at first.
  void set_faults(const DiskFaults& faults);
  /// Turns one bit of a file, flushed or not. The file must have that byte; `bit` is 0 to 7.
  void flip_bit(std::string_view file, std::uint64_t byte_offset, unsigned bit);
  /// Makes or replaces a file, all of it flushed.
  void place(std::string_view file, BytesView content);
  /// Removes a file as if it had never been there.
  void take_away(std::string_view file);

  /// All files, as reads see them now.
  [[nodiscard]] std::map<std::string, Bytes> files() const;
  [[nodiscard]] DiskCounters counters() const;

 private:
  std::shared_ptr<simulation::Disk> disk_;
};

}  // namespace understudy
