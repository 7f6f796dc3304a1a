// The LOCK file: who may use a directory, and what the one who can't is told.
//
// The lock itself is `flock` on the open file, which the system releases when its owner ends, however it ends. The text
// in the file ("process host token") is for messages only, and may be out of date.
#pragma once

#include "journal/file_storage.hpp"
#include "understudy/base/error.hpp"
#include "understudy/journal/storage.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace understudy::journal {

inline constexpr std::string_view lock_file_name = "LOCK";

/// What the holder writes into the file.
struct LockText {
  std::uint64_t process = 0;
  std::string host;
  std::uint64_t token = 0;  ///< Drawn once by each process: tells this process from another with its number.

  friend bool operator==(const LockText&, const LockText&) = default;
};

/// What this process writes.
[[nodiscard]] LockText own_lock_text();
[[nodiscard]] std::string encode(const LockText& text);
/// Empty for anything but what `encode` gives.
[[nodiscard]] std::optional<LockText> decode_lock_text(std::string_view bytes);

/// Takes the lock on an open LOCK file; `directory` is for messages. Errors: directory_locked, naming the holder.
[[nodiscard]] Result<std::unique_ptr<DirectoryLock>> take_directory_lock(FileDescriptor file,
                                                                         const std::string& directory);
/// Who holds the lock on an open LOCK file.
[[nodiscard]] Result<std::optional<LockHolder>> find_lock_holder(const FileDescriptor& file,
                                                                 const std::string& directory);

}  // namespace understudy::journal
