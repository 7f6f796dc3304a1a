#include "journal/file_window.hpp"

#include "journal/invariant.hpp"

#include <algorithm>
#include <cstring>
#include <span>

namespace understudy::journal {

Result<FileWindow> FileWindow::open(std::unique_ptr<StorageFile> file) {
  auto size = file->size();
  if (!size) return std::unexpected(size.error());
  return FileWindow(std::move(file), *size);
}

Result<BytesView> FileWindow::view(std::uint64_t offset, std::size_t size) {
  require(offset <= file_bytes_ && size <= file_bytes_ - offset, "only what the file has is read");
  const std::uint64_t buffer_end = buffer_offset_ + buffer_bytes_;
  std::size_t kept = 0;
  if (offset >= buffer_offset_ && offset < buffer_end) kept = static_cast<std::size_t>(buffer_end - offset);
  if (kept < size) {
    const auto wanted = static_cast<std::size_t>(
        std::min<std::uint64_t>(std::max<std::uint64_t>(size, chunk_bytes), file_bytes_ - offset));
    const std::size_t kept_at = kept == 0 ? 0 : static_cast<std::size_t>(offset - buffer_offset_);
    if (buffer_.size() < wanted) buffer_.resize(wanted);
    std::memmove(buffer_.data(), buffer_.data() + kept_at, kept);
    buffer_offset_ = offset;
    buffer_bytes_ = kept;
    auto read = file_->read_at(offset + kept, std::span<char>(buffer_.data() + kept, wanted - kept));
    if (!read) return std::unexpected(read.error());
    buffer_bytes_ += *read;
    if (buffer_bytes_ < size) {
      return failure(ErrorCode::storage_failed, file_->name() + " became shorter while it was read");
    }
  }
  return BytesView(buffer_.data() + (offset - buffer_offset_), size);
}

}  // namespace understudy::journal
