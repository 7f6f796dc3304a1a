// The disk, as the journal sees it: one directory of files that are written to, and told to flush.
//
// Two implementations: `open_file_storage` below (a directory of the operating system), and the simulated disk in
// understudy/simulation/simulated_storage.hpp (remembers what was flushed, and loses the rest on a crash).
//
// What an implementation promises:
// - Written bytes are readable at once, and survive the end of the process; they survive power loss only after
// `flush`.
// - `create`, `rename` and `remove` have flushed the directory when they succeed.
// - After a failed `append` or `write_at` any part of the bytes may be in the file. After a failed `flush` nothing is
//   known about the bytes since the flush before, and a later `flush` that succeeds says nothing about them.
//
// Errors, of every member: storage_failed, with a message that names the file, the operation and the system's reason;
// invalid_argument for a name that isn't a plain file name; of `append`, `write_at` and `create` also storage_full:
// no room, but what was there before is as it was. Calls block for as long as the disk takes: call them from the
// blocking pool.
//
// Threads: one object is used by one thread at a time, but a file may be flushed by another while it is written to:
// what was written before is then on the disk. Files, lock and storage may outlive each other in any order.
#pragma once

#include "understudy/base/bytes.hpp"
#include "understudy/base/error.hpp"

#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace understudy {

/// An open file. Closing it (the destructor) does not flush.
class StorageFile {
 public:
  virtual ~StorageFile() = default;

  /// Adds all of `bytes` at the end of the file, however many writes that takes.
  [[nodiscard]] virtual Result<void> append(BytesView bytes) = 0;
  /// Writes all of `bytes` from `offset` on, which must not be behind the end: over what is there, and past the end.
  [[nodiscard]] virtual Result<void> write_at(std::uint64_t offset, BytesView bytes) = 0;
  /// The same with zeros, `bytes` of them. Those that are written stay if more find no room.
  [[nodiscard]] Result<void> write_zeros(std::uint64_t offset, std::uint64_t bytes);
  /// Makes the file longer by `bytes` zeros, from `offset`, its end, on, and finds the room for them: without writing
  /// them, if the system can. What is written over such zeros is slower to flush than over those of `write_zeros`.
  [[nodiscard]] virtual Result<void> allocate(std::uint64_t offset, std::uint64_t bytes) {
    return write_zeros(offset, bytes);
  }
  /// Reads from `offset` on into `into`. Gives the number of bytes read: less than asked for only at the end of the
  /// file.
  [[nodiscard]] virtual Result<std::size_t> read_at(std::uint64_t offset, std::span<char> into) = 0;
  /// The file's length in bytes.
  [[nodiscard]] virtual Result<std::uint64_t> size() = 0;
  /// Cuts the file to `size_bytes`, which must not be more than it has. Durable after `flush`.
  [[nodiscard]] virtual Result<void> truncate(std::uint64_t size_bytes) = 0;
  /// Returns when everything written and cut so far is on the disk.
  [[nodiscard]] virtual Result<void> flush() = 0;
  /// Drops flushed data of this file from the system's cache, so that reads show what the disk has and not what a
  /// failed flush left in memory. Best effort; a file system without such a thing does nothing.
  [[nodiscard]] virtual Result<void> forget_cache() = 0;
  /// The file's name in its directory.
  [[nodiscard]] virtual const std::string& name() const noexcept = 0;
};

/// Holds a directory for one user; the destructor releases it. The system releases it when the process ends, however it
/// ends. A `fork`ed child that lives on keeps it held: start other programs with `exec`, which closes it.
class DirectoryLock {
 public:
  virtual ~DirectoryLock() = default;
};

/// Who holds a directory.
struct LockHolder {
  std::uint64_t process = 0;  ///< Process number, as the holder's machine counts them.
  std::string host;           ///< The holder's host name.
  /// It is this very process: an earlier incarnation, or somebody else in this program, that hasn't let go yet. Waiting
  /// helps; starting the program again doesn't.
  bool held_by_this_process = false;
};

/// One directory. See the head of this file for what is promised, which errors there are, and threads.
class Storage {
 public:
  virtual ~Storage() = default;

  /// Takes the directory for this user alone; doesn't wait.
  /// Errors: directory_locked, naming the holder (ask `lock_holder` for its parts).
  [[nodiscard]] virtual Result<std::unique_ptr<DirectoryLock>> lock() = 0;
  /// Who holds the directory now; empty when nobody does. For messages and for deciding whether to wait: it may have
  /// changed when the call returns.
  [[nodiscard]] virtual Result<std::optional<LockHolder>> lock_holder() = 0;
  /// The names of all files, sorted. Folders are left out.
  [[nodiscard]] virtual Result<std::vector<std::string>> list() = 0;
  /// Makes an empty file. An existing one with that name is an error, and is left alone.
  [[nodiscard]] virtual Result<std::unique_ptr<StorageFile>> create(std::string_view name) = 0;
  /// Opens an existing file for reading, writing and cutting.
  [[nodiscard]] virtual Result<std::unique_ptr<StorageFile>> open(std::string_view name) = 0;
  /// Removes a file.
  [[nodiscard]] virtual Result<void> remove(std::string_view name) = 0;
  /// Removes a file, and gives it, open still: its name is gone, and its room is given back when it is closed. That
  /// takes the system long (tens of milliseconds for a segment that is in its cache), and may be done beside everything
  /// else. Null: it could not be opened, and all of it is gone.
  [[nodiscard]] virtual Result<std::unique_ptr<StorageFile>> remove_open(std::string_view name) {
    if (auto removed = remove(name); !removed) return std::unexpected(removed.error());
    return nullptr;
  }
  /// Gives a file another name. A file that has that name is replaced, in one step.
  [[nodiscard]] virtual Result<void> rename(std::string_view from, std::string_view to) = 0;
  /// The most bytes that the system lets a file of this process have (RLIMIT_FSIZE), as it is now: writes past it give
  /// storage_full however much room there is.
  [[nodiscard]] virtual std::uint64_t file_bytes_max() const noexcept {
    return std::numeric_limits<std::uint64_t>::max();
  }
  /// The directory's path, for messages.
  [[nodiscard]] virtual const std::string& describe() const noexcept = 0;
};

/// The directory at `path` of the operating system; made when missing, with its parents, for this user only (mode
/// 0700). Takes no lock yet. Its file named LOCK belongs to `lock`, and isn't listed. Errors: storage_failed, naming
/// the part of the path that can't be made or used.
[[nodiscard]] Result<std::shared_ptr<Storage>> open_file_storage(const std::filesystem::path& path);

/// The same of a directory that is there, for reading only: nothing in it is made, changed or removed, the file LOCK
/// neither; members that would do so give storage_failed. `lock` keeps others out while it is held if there is such a
/// file; if there is none, nobody has ever used the directory, and it holds nothing.
[[nodiscard]] Result<std::shared_ptr<Storage>> open_file_storage_to_read(const std::filesystem::path& path);

}  // namespace understudy
