// Segment heads, batch headers and records, to bytes and back. Pure: no disk, no state.
//
// Whatever bytes a decoder is given, it reads only those, allocates nothing, and says no to what the format doesn't
// allow.
#pragma once

#include "journal/format.hpp"
#include "understudy/base/bytes.hpp"
#include "understudy/base/error.hpp"
#include "understudy/journal/journal.hpp"
#include "understudy/journal/record.hpp"

#include <cstdint>
#include <optional>
#include <span>

namespace understudy::journal {

/// What stands at the start of a segment.
struct SegmentHead {
  std::uint32_t version = format_version;
  StoreId store_id{};
  std::uint64_t number = 0;
  Lsn first_lsn = 0;
  std::uint64_t previous = 0;  ///< Chain value up to here.
  std::uint64_t checksum = 0;  ///< Set by encode and decode. Chain value after the head.
};

/// What stands before the records of a batch.
struct BatchHeader {
  std::uint32_t count = 0;
  std::uint64_t body_bytes = 0;
  Lsn first_lsn = 0;
  Lsn durable_lsn = 0;
  std::uint64_t previous = 0;  ///< Chain value up to here.
  std::uint64_t body_checksum = 0;
  std::uint64_t checksum = 0;  ///< Set by encode and decode. Chain value after the batch.
};

/// The seed of a batch's checksums: binds it to its segment and its place there.
[[nodiscard]] constexpr std::uint64_t batch_seed(std::uint64_t head_checksum, std::uint64_t offset) noexcept {
  return head_checksum + offset;
}

/// Writes the head, and sets its checksum.
void encode(SegmentHead& head, std::span<char, head_layout::bytes> into) noexcept;
/// The head, if these bytes are one of any version (magic and checksum hold). For another version than ours only
/// `version` and `checksum` mean something.
[[nodiscard]] std::optional<SegmentHead> decode_segment_head(std::span<const char, head_layout::bytes> bytes) noexcept;

/// Writes the header, and sets its checksum.
void encode(BatchHeader& header, std::uint64_t seed, std::span<char, batch_layout::header_bytes> into) noexcept;
/// The header, if these bytes are one that was written with this seed.
[[nodiscard]] std::optional<BatchHeader> decode_batch_header(std::span<const char, batch_layout::header_bytes> bytes,
                                                             std::uint64_t seed) noexcept;

/// Adds one record at the end of `body`. The payload's length must have been checked.
void append_record(Bytes& body, RecordKind kind, BytesView payload);
/// Whether `body` is exactly `count` records.
[[nodiscard]] bool is_whole(BytesView body, std::uint32_t count) noexcept;
/// Gives each record of a whole body to `apply`; ends with the first error that it returns.
[[nodiscard]] Result<void> replay_records(BytesView body, Lsn first_lsn, const ReplayFunction& apply);

}  // namespace understudy::journal
