// Files of the operating system, for file_storage.cpp (the one file that opens, writes and flushes) and
// directory_lock.cpp.
#pragma once

#include "understudy/base/bytes.hpp"
#include "understudy/base/error.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace understudy::journal {

/// Owns an open file or directory.
class FileDescriptor {
 public:
  explicit FileDescriptor(int number) noexcept : number_(number) {}
  FileDescriptor(FileDescriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~FileDescriptor();

  [[nodiscard]] int number() const noexcept { return number_; }

 private:
  int number_;
};

/// storage_failed: "cannot <operation> <path>: <the system's words for the error>".
[[nodiscard]] Error system_failure(std::string_view operation, std::string_view path, int error_number);

/// Reads until `into` is full or the file ends. Gives the bytes read, or an error number.
[[nodiscard]] std::expected<std::size_t, int> read_at(const FileDescriptor& file, std::uint64_t offset,
                                                      std::span<char> into) noexcept;
/// Makes `content` all that the file has, without ever asking for more room than the longer of the two needs.
[[nodiscard]] std::expected<void, int> replace_content(const FileDescriptor& file, BytesView content) noexcept;

}  // namespace understudy::journal
