#include "journal/segment_reader.hpp"

#include "journal/checksum.hpp"
#include "journal/invariant.hpp"
#include "journal/little_endian.hpp"

#include <algorithm>
#include <span>

namespace understudy::journal {

namespace {

std::span<const char, batch_layout::header_bytes> as_header(BytesView bytes) {
  return std::span<const char, batch_layout::header_bytes>(bytes.data(), batch_layout::header_bytes);
}

}  // namespace

Result<SegmentReader> SegmentReader::open(std::unique_ptr<StorageFile> file) {
  auto window = FileWindow::open(std::move(file));
  if (!window) return std::unexpected(window.error());
  return SegmentReader(std::move(*window));
}

Result<std::optional<SegmentHead>> SegmentReader::read_head() {
  if (file_bytes() < head_layout::bytes) return std::nullopt;
  auto bytes = window_.view(0, head_layout::bytes);
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
  if (at_ == file_bytes()) return EndOfSegment{};
  const std::uint64_t left = file_bytes() - at_;
  if (left < batch_layout::header_bytes) return Damage{at_, "the file ends inside a batch's header"};
  auto header_bytes = window_.view(at_, batch_layout::header_bytes);
  if (!header_bytes) return std::unexpected(header_bytes.error());
  const std::uint64_t seed = batch_seed(head_checksum_, at_);
  const auto header = decode_batch_header(as_header(*header_bytes), seed);
  if (!header) return Damage{at_, "a batch's header fails its checksum"};
  if (header->body_bytes > batch_bytes_max) return Damage{at_, "a batch is longer than the format allows"};
  if (header->body_bytes > left - batch_layout::header_bytes) return Damage{at_, "the file ends inside a batch"};

  const auto batch_bytes = static_cast<std::size_t>(batch_layout::header_bytes + header->body_bytes);
  auto bytes = window_.view(at_, batch_bytes);
  if (!bytes) return std::unexpected(bytes.error());
  const BytesView body = bytes->substr(batch_layout::header_bytes);
  if (checksum(body, seed) != header->body_checksum) return Damage{at_, "a batch's records fail their checksum"};
  const std::uint64_t offset = at_;
  at_ += batch_bytes;
  return GoodBatch{offset, *header, body};
}

Result<std::optional<std::uint64_t>> SegmentReader::assume_head() {
  if (file_bytes() <= head_layout::bytes) return std::nullopt;
  auto bytes = window_.view(head_layout::checksum_at, sizeof(std::uint64_t));
  if (!bytes) return std::unexpected(bytes.error());
  head_checksum_ = load<std::uint64_t>(bytes->data());
  at_ = head_layout::bytes - 1;
  return skip_damage();
}

Result<std::optional<std::uint64_t>> SegmentReader::skip_damage() {
  auto found = find_durable_mark(at_ + 1, 0);  // Any header that is good at its place has one.
  if (found && *found) at_ = **found;
  return found;
}

Result<std::uint64_t> SegmentReader::end_of_content(std::uint64_t offset) {
  std::uint64_t end = offset;
  while (offset < file_bytes()) {
    const auto window =
        static_cast<std::size_t>(std::min<std::uint64_t>(FileWindow::chunk_bytes, file_bytes() - offset));
    auto bytes = window_.view(offset, window);
    if (!bytes) return std::unexpected(bytes.error());
    if (const std::size_t last = bytes->find_last_not_of('\0'); last != BytesView::npos) end = offset + last + 1;
    offset += window;
  }
  return end;
}

Result<std::optional<std::uint64_t>> SegmentReader::find_durable_mark(std::uint64_t offset, Lsn lsn) {
  while (offset + batch_layout::header_bytes <= file_bytes()) {
    const auto window =
        static_cast<std::size_t>(std::min<std::uint64_t>(FileWindow::chunk_bytes, file_bytes() - offset));
    auto bytes = window_.view(offset, window);
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

}  // namespace understudy::journal
