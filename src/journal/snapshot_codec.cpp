#include "journal/snapshot_codec.hpp"

#include "journal/checksum.hpp"
#include "journal/little_endian.hpp"

#include <algorithm>
#include <cstring>

namespace understudy::journal {

void encode(SnapshotHead& head, std::span<char, snapshot_layout::bytes> into) noexcept {
  char* const at = into.data();
  std::ranges::copy(snapshot_layout::magic, at);
  store(at + snapshot_layout::version_at, head.version);
  store(at + snapshot_layout::reserved_at, std::uint32_t{0});
  std::memcpy(at + snapshot_layout::store_id_at, head.store_id.data(), head.store_id.size());
  store(at + snapshot_layout::covers_at, head.covers);
  store(at + snapshot_layout::link_lsn_at, head.link_lsn);
  store(at + snapshot_layout::link_at, head.link);
  head.checksum = checksum(BytesView(at, snapshot_layout::checksum_at), 0);
  store(at + snapshot_layout::checksum_at, head.checksum);
}

std::optional<SnapshotHead> decode_snapshot_head(std::span<const char, snapshot_layout::bytes> bytes) noexcept {
  const char* const at = bytes.data();
  if (BytesView(at, snapshot_layout::magic.size()) != snapshot_layout::magic) return std::nullopt;
  SnapshotHead head;
  head.checksum = load<std::uint64_t>(at + snapshot_layout::checksum_at);
  if (head.checksum != checksum(BytesView(at, snapshot_layout::checksum_at), 0)) return std::nullopt;
  head.version = load<std::uint32_t>(at + snapshot_layout::version_at);
  std::memcpy(head.store_id.data(), at + snapshot_layout::store_id_at, head.store_id.size());
  head.covers = load<std::uint64_t>(at + snapshot_layout::covers_at);
  head.link_lsn = load<std::uint64_t>(at + snapshot_layout::link_lsn_at);
  head.link = load<std::uint64_t>(at + snapshot_layout::link_at);
  return head;
}

void encode(BlockHeader& header, std::uint64_t seed, std::span<char, block_layout::header_bytes> into) noexcept {
  char* const at = into.data();
  std::ranges::copy(block_layout::magic, at);
  store(at + block_layout::count_at, header.count);
  store(at + block_layout::raw_bytes_at, header.raw_bytes);
  store(at + block_layout::stored_bytes_at, header.stored_bytes);
  store(at + block_layout::previous_at, header.previous);
  store(at + block_layout::body_checksum_at, header.body_checksum);
  header.checksum = checksum(BytesView(at, block_layout::checksum_at), seed);
  store(at + block_layout::checksum_at, header.checksum);
}

std::optional<BlockHeader> decode_block_header(std::span<const char, block_layout::header_bytes> bytes,
                                               std::uint64_t seed) noexcept {
  const char* const at = bytes.data();
  if (BytesView(at, block_layout::magic.size()) != block_layout::magic) return std::nullopt;
  BlockHeader header;
  header.checksum = load<std::uint64_t>(at + block_layout::checksum_at);
  if (header.checksum != checksum(BytesView(at, block_layout::checksum_at), seed)) return std::nullopt;
  header.count = load<std::uint32_t>(at + block_layout::count_at);
  header.raw_bytes = load<std::uint64_t>(at + block_layout::raw_bytes_at);
  header.stored_bytes = load<std::uint64_t>(at + block_layout::stored_bytes_at);
  header.previous = load<std::uint64_t>(at + block_layout::previous_at);
  header.body_checksum = load<std::uint64_t>(at + block_layout::body_checksum_at);
  return header;
}

void encode(SnapshotEnd& end, std::uint64_t seed, std::span<char, end_layout::bytes> into) noexcept {
  char* const at = into.data();
  std::ranges::copy(end_layout::magic, at);
  store(at + end_layout::reserved_at, std::uint32_t{0});
  store(at + end_layout::records_at, end.records);
  store(at + end_layout::end_lsn_at, end.end_lsn);
  store(at + end_layout::previous_at, end.previous);
  end.checksum = checksum(BytesView(at, end_layout::checksum_at), seed);
  store(at + end_layout::checksum_at, end.checksum);
}

std::optional<SnapshotEnd> decode_snapshot_end(std::span<const char, end_layout::bytes> bytes,
                                               std::uint64_t seed) noexcept {
  const char* const at = bytes.data();
  if (BytesView(at, end_layout::magic.size()) != end_layout::magic) return std::nullopt;
  SnapshotEnd end;
  end.checksum = load<std::uint64_t>(at + end_layout::checksum_at);
  if (end.checksum != checksum(BytesView(at, end_layout::checksum_at), seed)) return std::nullopt;
  end.records = load<std::uint64_t>(at + end_layout::records_at);
  end.end_lsn = load<std::uint64_t>(at + end_layout::end_lsn_at);
  end.previous = load<std::uint64_t>(at + end_layout::previous_at);
  return end;
}

}  // namespace understudy::journal
