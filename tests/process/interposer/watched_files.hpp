// Which descriptors of this process are files of the data directory, the directory itself, or the folder around it.
//
// The directory is named by DISK_WATCH_DIRECTORY, an absolute path without links. Its file LOCK counts for nothing.
//
// Threads: any.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace understudy::process_test {

enum class Watched : std::uint8_t { no, file, directory, folder_around };

/// To be called when a descriptor has been opened, and with `no` when it is to be closed.
void note_opened(int descriptor);
void note_closed(int descriptor);

[[nodiscard]] Watched watched(int descriptor) noexcept;

/// The name in the data directory that `path`, seen from the directory `at`, stands for; empty if it is none of its
/// files.
[[nodiscard]] std::optional<std::string> watched_name(int at, std::string_view path);
[[nodiscard]] bool is_watched_directory(std::string_view path);

/// Its number, by which the recording knows it.
[[nodiscard]] std::uint64_t inode_of(int descriptor) noexcept;

}  // namespace understudy::process_test
