#include "journal/segment_reader.hpp"

#include "journal/checksum.hpp"
#include "journal/invariant.hpp"

#include <algorithm>
#include <cstring>
#include <span>

namespace understudy::journal {

namespace {

constexpr std::size_t chunk_bytes = std::size_t{1} << 20U;

std::span<const char, batch_layout::header_bytes> as_header(BytesView bytes) {
  return std::span<const char, batch_layout::header_bytes>(bytes.data(), batch_layout::header_bytes);
}

}  // namespace

Result<SegmentReader> SegmentReader::open(std::unique_ptr<StorageFile> file) {
  auto size = file->size();
  if (!size) return std::unexpected(size.error());
  return SegmentReader(std::move(file), *size);
}

Result<std::optional<SegmentHead>> SegmentReader::read_head() {
  if (file_bytes_ < head_layout::bytes) return std::nullopt;
  auto bytes = view(0, head_layout::bytes);
  if (!bytes) return std::unexpected(bytes.error());
  auto head = decode_segment_head(std::span<const char, head_layout::bytes>(bytes->data(), head_layout::bytes));
  if (head) {
    head_checksum_ = head->checksum;
    at_ = head_layout::bytes;
  }
  return head;
}

Result<ReadStep> SegmentReader::next() {
  require(at_ >= head_layout::bytes, "the head is read before the batches");
  if (at_ == file_bytes_) return EndOfSegment{};
  const std::uint64_t left = file_bytes_ - at_;
  if (left < batch_layout::header_bytes) return Damage{at_, "the file ends inside a batch's header"};
  auto header_bytes = view(at_, batch_layout::header_bytes);
  if (!header_bytes) return std::unexpected(header_bytes.error());
  const std::uint64_t seed = batch_seed(head_checksum_, at_);
  const auto header = decode_batch_header(as_header(*header_bytes), seed);
  if (!header) return Damage{at_, "a batch's header fails its checksum"};
  if (header->body_bytes > batch_bytes_max) return Damage{at_, "a batch is longer than the format allows"};
  if (header->body_bytes > left - batch_layout::header_bytes) return Damage{at_, "the file ends inside a batch"};

  const auto batch_bytes = static_cast<std::size_t>(batch_layout::header_bytes + header->body_bytes);
  auto bytes = view(at_, batch_bytes);
  if (!bytes) return std::unexpected(bytes.error());
  const BytesView body = bytes->substr(batch_layout::header_bytes);
  if (checksum(body, seed) != header->body_checksum) return Damage{at_, "a batch's records fail their checksum"};
  const std::uint64_t offset = at_;
  at_ += batch_bytes;
  return GoodBatch{offset, *header, body};
}

Result<std::optional<std::uint64_t>> SegmentReader::find_durable_mark(std::uint64_t offset, Lsn lsn) {
  while (offset + batch_layout::header_bytes <= file_bytes_) {
    const auto window = static_cast<std::size_t>(std::min<std::uint64_t>(chunk_bytes, file_bytes_ - offset));
    auto bytes = view(offset, window);
    if (!bytes) return std::unexpected(bytes.error());
    for (std::size_t at = bytes->find(batch_layout::magic); at != BytesView::npos;
         at = bytes->find(batch_layout::magic, at + 1)) {
      if (window - at < batch_layout::header_bytes) break;
      const auto header = decode_batch_header(as_header(bytes->substr(at)), batch_seed(head_checksum_, offset + at));
      if (header && header->durable_lsn >= lsn) return offset + at;
    }
    // The next window begins so that a header which this one cut off is seen whole.
    offset += window - batch_layout::header_bytes + 1;
  }
  return std::nullopt;
}

Result<BytesView> SegmentReader::view(std::uint64_t offset, std::size_t size) {
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
