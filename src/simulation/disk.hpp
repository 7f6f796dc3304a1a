// The state behind SimulatedDisk and all that it handed out. What it may and must not do is said in
// understudy/simulation/simulated_storage.hpp.
#pragma once

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

/// One file. Only its end is ever changed, so what isn't flushed is one range: from `dirty_from` to the end of
/// `cached`, and, where `saved` is longer than `dirty_from`, a cut that hasn't reached the disk.
struct FileState {
  Bytes cached;                  ///< What reads see.
  Bytes saved;                   ///< What a power loss leaves for sure.
  std::uint64_t dirty_from = 0;  ///< The next flush saves `cached` from here on.
};

/// One step that a power loss makes or doesn't: the name `gone` stands for nothing any more, and `name` for `file`.
/// Either may be absent.
struct DirectoryChange {
  std::string gone;
  std::string name;
  std::shared_ptr<FileState> file;
};

class Disk {
 public:
  explicit Disk(std::uint64_t seed) : random_(seed) {}

  // What was handed out belongs to one generation; each crash and kill begins the next, and ends those before. Every
  // operation checks it.
  struct Handle {
    std::uint64_t generation = 0;
    std::shared_ptr<FileState> file;
    std::string name;
  };

  [[nodiscard]] std::uint64_t generation() const;
  Result<void> append(const Handle& handle, BytesView bytes);
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
  Result<std::shared_ptr<FileState>> create(std::uint64_t generation, std::string_view name);
  Result<std::shared_ptr<FileState>> open(std::uint64_t generation, std::string_view name);
  Result<void> remove(std::uint64_t generation, std::string_view name);
  Result<void> rename(std::uint64_t generation, std::string_view from, std::string_view to);

  void crash();
  void kill();
  void lose_power_at(std::uint64_t nth);
  std::uint64_t power_losses() const;
  void set_faults(const DiskFaults& faults);
  void flip_bit(std::string_view name, std::uint64_t byte_offset, unsigned bit);
  void place(std::string_view name, BytesView content);
  void take_away(std::string_view name);
  std::map<std::string, Bytes> files() const;
  DiskCounters counters() const;

 private:
  using Directory = std::map<std::string, std::shared_ptr<FileState>, std::less<>>;

  // All of these expect the mutex to be held.
  Result<void> check(std::uint64_t generation, std::string_view operation, std::string_view name) const;
  Result<std::shared_ptr<FileState>> find(std::string_view operation, std::string_view name) const;
  Result<void> count_change(std::string_view operation, std::string_view name);
  Result<void> write(const Handle& handle, std::uint64_t offset, BytesView bytes);
  Result<void> change_directory(std::string_view operation, DirectoryChange change);
  std::uint64_t used_bytes() const;
  /// What the disk has of a file when power is lost, or a flush fails, now.
  Bytes torn(const FileState& file);
  void crash_now();
  void end_generation();

  mutable std::mutex mutex_;  // guards all below
  SeededRandom random_;
  DiskFaults faults_;
  DiskCounters counters_;
  std::uint64_t generation_ = 1;
  std::uint64_t changes_to_power_loss_ = 0;  // 0: none is ordered
  std::uint64_t power_losses_ = 0;
  std::optional<std::uint64_t> holder_;  // the process that has the lock
  Directory entries_;                    // as seen
  Directory saved_entries_;              // as flushed
  std::vector<DirectoryChange> unsaved_changes_;
};

/// The directory as one process sees it.
[[nodiscard]] std::shared_ptr<Storage> make_simulated_storage(std::shared_ptr<Disk> disk, std::uint64_t process);

}  // namespace understudy::simulation
