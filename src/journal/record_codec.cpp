#include "journal/record_codec.hpp"

#include "journal/checksum.hpp"
#include "journal/invariant.hpp"
#include "journal/little_endian.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace understudy::journal {

void encode(SegmentHead& head, std::span<char, head_layout::bytes> into) noexcept {
  char* const at = into.data();
  std::ranges::copy(head_layout::magic, at);
  store(at + head_layout::version_at, head.version);
  store(at + head_layout::reserved_at, std::uint32_t{0});
  std::memcpy(at + head_layout::store_id_at, head.store_id.data(), head.store_id.size());
  store(at + head_layout::number_at, head.number);
  store(at + head_layout::first_lsn_at, head.first_lsn);
  store(at + head_layout::previous_at, head.previous);
  head.checksum = checksum(BytesView(at, head_layout::checksum_at), 0);
  store(at + head_layout::checksum_at, head.checksum);
}

std::optional<SegmentHead> decode_segment_head(std::span<const char, head_layout::bytes> bytes) noexcept {
  const char* const at = bytes.data();
  if (BytesView(at, head_layout::magic.size()) != head_layout::magic) return std::nullopt;
  SegmentHead head;
  head.checksum = load<std::uint64_t>(at + head_layout::checksum_at);
  if (head.checksum != checksum(BytesView(at, head_layout::checksum_at), 0)) return std::nullopt;
  head.version = load<std::uint32_t>(at + head_layout::version_at);
  std::memcpy(head.store_id.data(), at + head_layout::store_id_at, head.store_id.size());
  head.number = load<std::uint64_t>(at + head_layout::number_at);
  head.first_lsn = load<std::uint64_t>(at + head_layout::first_lsn_at);
  head.previous = load<std::uint64_t>(at + head_layout::previous_at);
  return head;
}

void encode(BatchHeader& header, std::uint64_t seed, std::span<char, batch_layout::header_bytes> into) noexcept {
  char* const at = into.data();
  std::ranges::copy(batch_layout::magic, at);
  store(at + batch_layout::count_at, header.count);
  store(at + batch_layout::body_bytes_at, header.body_bytes);
  store(at + batch_layout::first_lsn_at, header.first_lsn);
  store(at + batch_layout::durable_lsn_at, header.durable_lsn);
  store(at + batch_layout::previous_at, header.previous);
  store(at + batch_layout::body_checksum_at, header.body_checksum);
  header.checksum = checksum(BytesView(at, batch_layout::checksum_at), seed);
  store(at + batch_layout::checksum_at, header.checksum);
}

std::optional<BatchHeader> decode_batch_header(std::span<const char, batch_layout::header_bytes> bytes,
                                               std::uint64_t seed) noexcept {
  const char* const at = bytes.data();
  if (BytesView(at, batch_layout::magic.size()) != batch_layout::magic) return std::nullopt;
  BatchHeader header;
  header.checksum = load<std::uint64_t>(at + batch_layout::checksum_at);
  if (header.checksum != checksum(BytesView(at, batch_layout::checksum_at), seed)) return std::nullopt;
  header.count = load<std::uint32_t>(at + batch_layout::count_at);
  header.body_bytes = load<std::uint64_t>(at + batch_layout::body_bytes_at);
  header.first_lsn = load<std::uint64_t>(at + batch_layout::first_lsn_at);
  header.durable_lsn = load<std::uint64_t>(at + batch_layout::durable_lsn_at);
  header.previous = load<std::uint64_t>(at + batch_layout::previous_at);
  header.body_checksum = load<std::uint64_t>(at + batch_layout::body_checksum_at);
  return header;
}

void append_record(Bytes& body, RecordKind kind, BytesView payload) {
  require(payload.size() <= payload_bytes_max, "a payload's length is checked before it is encoded");
  std::array<char, record_layout::header_bytes> header{};
  store(header.data(), static_cast<std::uint32_t>(payload.size()));
  header[record_layout::kind_at] = static_cast<char>(kind);
  body.append(header.data(), header.size());
  body.append(payload);
}

bool is_whole(BytesView body, std::uint32_t count) noexcept {
  for (std::uint32_t index = 0; index < count; ++index) {
    if (body.size() < record_layout::header_bytes) return false;
    const auto length = load<std::uint32_t>(body.data());
    if (length > payload_bytes_max) return false;
    if (length > body.size() - record_layout::header_bytes) return false;
    body.remove_prefix(record_layout::header_bytes + length);
  }
  return body.empty();
}

Result<void> replay_records(BytesView body, Lsn first_lsn, const ReplayFunction& apply) {
  for (Lsn lsn = first_lsn; !body.empty(); ++lsn) {
    require(body.size() >= record_layout::header_bytes, "a body is checked before it is replayed");
    const std::size_t length = load<std::uint32_t>(body.data());
    const auto kind = static_cast<RecordKind>(static_cast<std::uint8_t>(body[record_layout::kind_at]));
    body.remove_prefix(record_layout::header_bytes);
    require(length <= body.size(), "a body is checked before it is replayed");
    auto applied = apply(Record{lsn, kind, body.substr(0, length)});
    if (!applied) return applied;
    body.remove_prefix(length);
  }
  return {};
}

}  // namespace understudy::journal
