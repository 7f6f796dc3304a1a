// A view of a file's bytes, through one buffer: of 1 MiB, or of the largest piece that was asked for.
#pragma once

#include "understudy/base/bytes.hpp"
#include "understudy/base/error.hpp"
#include "understudy/journal/storage.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace understudy::journal {

class FileWindow {
 public:
  /// What is read at once, at least.
  static constexpr std::size_t chunk_bytes = std::size_t{1} << 20U;

  /// Takes an open file. Errors: those of the file.
  [[nodiscard]] static Result<FileWindow> open(std::unique_ptr<StorageFile> file);

  /// `size` bytes from `offset` on, which the file must have; valid until the next call. `offset` may jump.
  /// Errors: those of the file.
  [[nodiscard]] Result<BytesView> view(std::uint64_t offset, std::size_t size);

  [[nodiscard]] std::uint64_t file_bytes() const noexcept { return file_bytes_; }
  /// Gives the file away; the window is of no more use.
  [[nodiscard]] std::unique_ptr<StorageFile> release_file() noexcept { return std::move(file_); }

 private:
  FileWindow(std::unique_ptr<StorageFile> file, std::uint64_t file_bytes) noexcept
      : file_(std::move(file)), file_bytes_(file_bytes) {}

  std::unique_ptr<StorageFile> file_;
  std::uint64_t file_bytes_;
  Bytes buffer_;  // holds the file's bytes from buffer_offset_ on, buffer_bytes_ of them
  std::uint64_t buffer_offset_ = 0;
  std::size_t buffer_bytes_ = 0;
};

}  // namespace understudy::journal
