#include "journal/snapshot_reader.hpp"

#include "journal/checksum.hpp"
#include "journal/invariant.hpp"
#include "journal/little_endian.hpp"
#include "journal/record_codec.hpp"

#include <algorithm>
#include <span>

#include <zstd.h>

namespace understudy::journal {

namespace {

template <std::size_t Size>
std::span<const char, Size> exactly(BytesView bytes) {
  return std::span<const char, Size>(bytes.data(), Size);
}

}  // namespace

Result<SnapshotReader> SnapshotReader::open(std::unique_ptr<StorageFile> file) {
  auto window = FileWindow::open(std::move(file));
  if (!window) return std::unexpected(window.error());
  return SnapshotReader(std::move(*window));
}

Result<std::optional<SnapshotHead>> SnapshotReader::read_head() {
  if (file_bytes() < snapshot_layout::bytes) return std::nullopt;
  auto bytes = window_.view(0, snapshot_layout::bytes);
  if (!bytes) return std::unexpected(bytes.error());
  auto head = decode_snapshot_head(exactly<snapshot_layout::bytes>(*bytes));
  if (head) {
    head_checksum_ = head->checksum;
    chain_ = head->checksum;
    covers_ = head->covers;
    at_ = snapshot_layout::bytes;
  }
  return head;
}

Result<SnapshotStep> SnapshotReader::next() {
  require(at_ >= snapshot_layout::bytes, "the head is read before the blocks");
  const std::uint64_t left = file_bytes() - at_;
  // The end mark is shorter than a block's header: no block fits into what is left then.
  if (left == end_layout::bytes) return read_end();
  if (left < block_layout::header_bytes) return Damage{at_, "the file ends before the snapshot does"};
  auto header_bytes = window_.view(at_, block_layout::header_bytes);
  if (!header_bytes) return std::unexpected(header_bytes.error());
  const std::uint64_t seed = batch_seed(head_checksum_, at_);
  const auto header = decode_block_header(exactly<block_layout::header_bytes>(*header_bytes), seed);
  if (!header) return Damage{at_, "a block's header fails its checksum"};
  if (header->previous != chain_) return Damage{at_, "a block doesn't follow on the one before it"};
  if (header->raw_bytes > batch_bytes_max || header->stored_bytes > header->raw_bytes) {
    return Damage{at_, "a block is longer than the format allows"};
  }
  if (header->stored_bytes > left - block_layout::header_bytes) return Damage{at_, "the file ends inside a block"};
  const auto block_bytes = static_cast<std::size_t>(block_layout::header_bytes + header->stored_bytes);
  auto bytes = window_.view(at_, block_bytes);
  if (!bytes) return std::unexpected(bytes.error());
  const BytesView stored = bytes->substr(block_layout::header_bytes);
  if (checksum(stored, seed) != header->body_checksum) return Damage{at_, "a block's records fail their checksum"};
  SnapshotStep step = unpack(*header, stored);
  at_ += block_bytes;
  return step;
}

SnapshotStep SnapshotReader::unpack(const BlockHeader& header, BytesView stored) {
  BytesView body = stored;
  if (header.stored_bytes < header.raw_bytes) {
    raw_.resize(static_cast<std::size_t>(header.raw_bytes));
    const std::size_t got = ZSTD_decompress(raw_.data(), raw_.size(), stored.data(), stored.size());
    if (ZSTD_isError(got) != 0U || got != raw_.size()) return Damage{at_, "a block can't be decompressed"};
    body = raw_;
  }
  if (!is_whole(body, header.count)) return Damage{at_, "a block's records don't fill it"};
  chain_ = header.checksum;
  records_ += header.count;
  return GoodBlock{at_, header.count, body};
}

Result<std::optional<std::uint64_t>> SnapshotReader::assume_head() {
  if (file_bytes() <= snapshot_layout::bytes) return std::nullopt;
  auto bytes = window_.view(snapshot_layout::checksum_at, sizeof(std::uint64_t));
  if (!bytes) return std::unexpected(bytes.error());
  head_checksum_ = load<std::uint64_t>(bytes->data());
  at_ = snapshot_layout::bytes - 1;
  return skip_damage();
}

Result<std::optional<std::uint64_t>> SnapshotReader::skip_damage() {
  skipped_ = true;
  auto found = find_block(at_ + 1);
  if (found && *found) at_ = **found;
  return found;
}

/// Where the next header, or the end mark, is good at its place. The chain goes on from what it says was before it.
Result<std::optional<std::uint64_t>> SnapshotReader::find_block(std::uint64_t offset) {
  while (offset + end_layout::bytes <= file_bytes()) {
    const auto window =
        static_cast<std::size_t>(std::min<std::uint64_t>(FileWindow::chunk_bytes, file_bytes() - offset));
    auto bytes = window_.view(offset, window);
    if (!bytes) return std::unexpected(bytes.error());
    constexpr BytesView both_begin = "US";
    for (std::size_t at = bytes->find(both_begin); at != BytesView::npos; at = bytes->find(both_begin, at + 1)) {
      const std::uint64_t seed = batch_seed(head_checksum_, offset + at);
      const BytesView rest = bytes->substr(at);
      if (rest.size() >= block_layout::header_bytes) {
        const auto header = decode_block_header(exactly<block_layout::header_bytes>(rest), seed);
        if (header) chain_ = header->previous;
        if (header) return offset + at;
      }
      if (offset + at + end_layout::bytes == file_bytes()) {
        const auto end = decode_snapshot_end(exactly<end_layout::bytes>(rest), seed);
        if (end) chain_ = end->previous;
        if (end) return offset + at;
      }
    }
    if (offset + window == file_bytes()) break;
    // The next window begins so that a header which this one cut off is seen whole.
    offset += window - block_layout::header_bytes + 1;
  }
  return std::nullopt;
}

Result<SnapshotStep> SnapshotReader::read_end() {
  auto bytes = window_.view(at_, end_layout::bytes);
  if (!bytes) return std::unexpected(bytes.error());
  const auto end = decode_snapshot_end(exactly<end_layout::bytes>(*bytes), batch_seed(head_checksum_, at_));
  if (!end) return Damage{at_, "the end mark fails its checksum"};
  if (end->previous != chain_) return Damage{at_, "the end mark doesn't follow on the last block"};
  if (!skipped_ && end->records != records_) return Damage{at_, "the end mark counts other records than there are"};
  if (end->end_lsn < covers_) return Damage{at_, "the end mark names an LSN before the one that is covered"};
  return *end;
}

}  // namespace understudy::journal
