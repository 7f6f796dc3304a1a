// The state behind SimulatedDisk and all that it handed out. What it may and must not do is said in
// understudy/simulation/simulated_storage.hpp.
#pragma once

#include "simulation/disk_file.hpp"
#include "understudy/base/bytes.hpp"
#include "understudy/base/error.hpp"
#include "understudy/base/random.hpp"
#include "understudy/journal/storage.hpp"
#include "understudy/simulation/simulated_storage.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace understudy::simulation {

/// One step that a power loss makes or doesn't: the name `gone` stands for nothing any more, and `name` for `file`.
/// Either may be absent.
struct DirectoryChange {
  std::string gone;
  std::string name;
  std::shared_ptr<DiskFile> file;
};

class Disk {
 public:
  explicit Disk(std::uint64_t seed) : random_(seed) {}

  // What was handed out belongs to one generation; each crash and kill begins the next, and ends those before. Every
  // operation checks it.
  struct Handle {
    std::uint64_t generation = 0;
    std::shared_ptr<DiskFile> file;
    std::string name;
  };

  [[nodiscard]] std::uint64_t generation() const;
  Result<void> append(const Handle& handle, BytesView bytes);
  /// From an offset that is not behind the file's end.
  Result<void> write_at(const Handle& handle, std::uint64_t offset, BytesView bytes);
  Result<std::size_t> read_at(const Handle& handle, std::uint64_t offset, std::span<char> into);
  Result<std::uint64_t> size(const Handle& handle);
  Result<void> truncate(const Handle& handle, std::uint64_t size_bytes);
  Result<void> flush(const Handle& handle);
  Result<void> forget_cache(const Handle& handle);

  Result<void> lock(std::uint64_t generation, std::uint64_t process);
  void unlock(std::uint64_t generation);
  Result<std::optional<std::uint64_t>> lock_holder(std::uint64_t generation);
  Result<std::vector<std::string>> list(std::uint64_t generation);
  Result<std::shared_ptr<DiskFile>> create(std::uint64_t generation, std::string_view name);
  Result<std::shared_ptr<DiskFile>> open(std::uint64_t generation, std::string_view name);
  Result<void> remove(std::uint64_t generation, std::string_view name);
  Result<void> rename(std::uint64_t generation, std::string_view from, std::string_view to);

  void crash();
  void kill();
  void lose_power_at(std::uint64_t nth);
  void fail_operation(std::uint64_t nth, DiskFailure how);
  void release_stuck();
  void set_faults(const DiskFaults& faults);
  void flip_bit(std::string_view name, std::uint64_t byte_offset, unsigned bit);
  void place(std::string_view name, BytesView content);
  void take_away(std::string_view name);

  std::map<std::string, Bytes> files() const;
  DiskCounters counters() const;
  DiskFaultCounts fault_counts() const;
  std::vector<DiskOperation> history() const;
  std::vector<DiskDamage> damage() const;

 private:
  using Directory = std::map<std::string, std::shared_ptr<DiskFile>, std::less<>>;

  /// Every operation begins with it: takes the virtual time that a slow or stuck one takes.
  void take_time(std::uint64_t generation);
  [[nodiscard]] bool is_released(std::uint64_t generation, std::uint64_t releases) const;

  // All of these expect the mutex to be held.
  [[nodiscard]] bool happens(std::uint32_t percent) { return percent != 0 && random_.chance(percent); }
  Result<void> check(std::uint64_t generation, std::string_view operation, std::string_view name) const;
  /// How this operation fails, if it was told to.
  std::optional<DiskFailure> begin(DiskOperation operation);
  /// For those that change nothing.
  Result<void> begin_look(DiskOperation sort, std::uint32_t fails_percent, std::string_view operation,
                          std::string_view name);
  Result<std::shared_ptr<DiskFile>> find(std::string_view operation, std::string_view name) const;
  Result<void> write(const Handle& handle, std::uint64_t offset, BytesView bytes);
  Result<void> count_change(std::string_view operation, std::string_view name);
  Result<void> change_directory(DiskOperation sort, std::string_view operation, DirectoryChange change);
  /// The file reaches the disk; perhaps not all of it at its place, and perhaps something else rots meanwhile.
  void save(DiskFile& file);
  void save_misdirected(DiskFile& file);
  DiskFile* draw_file_with_data();
  [[nodiscard]] std::uint64_t room_bytes() const;
  std::unexpected<Error> lose_power(std::string_view operation, std::string_view name);
  void crash_now();
  void end_generation();

  mutable std::mutex mutex_;  // guards all below
  SeededRandom random_;
  DiskFaults faults_;
  DiskCounters counters_;
  DiskFaultCounts counts_;
  std::vector<DiskOperation> history_;
  std::uint64_t generation_ = 1;
  std::uint64_t releases_ = 0;                // of stuck operations
  std::uint64_t changes_to_power_loss_ = 0;   // 0: none is ordered
  std::uint64_t operations_to_failure_ = 0;   // 0: none is ordered
  DiskFailure ordered_ = DiskFailure::error;  // how that one fails
  std::optional<std::uint64_t> holder_;       // the process that has the lock
  Directory entries_;                         // as seen
  Directory saved_entries_;                   // as flushed
  std::vector<DirectoryChange> unsaved_changes_;
};

/// The directory as one process sees it.
[[nodiscard]] std::shared_ptr<Storage> make_simulated_storage(std::shared_ptr<Disk> disk, std::uint64_t process);

}  // namespace understudy::simulation
