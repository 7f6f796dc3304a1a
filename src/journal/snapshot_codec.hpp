// Snapshot heads, block headers and end marks, to bytes and back. Pure: no disk, no state. Decoders as in
// record_codec.hpp.
#pragma once

#include "journal/format.hpp"
#include "understudy/journal/record.hpp"

#include <cstdint>
#include <optional>
#include <span>

namespace understudy::journal {

/// What stands at the start of a snapshot.
struct SnapshotHead {
  std::uint32_t version = snapshot_version;
  StoreId store_id{};
  Lsn covers = 0;              ///< Replay begins after it.
  Lsn link_lsn = 0;            ///< The last record that was committed when the snapshot was begun...
  std::uint64_t link = 0;      ///< ... and the journal's chain value after it.
  std::uint64_t checksum = 0;  ///< Set by encode and decode. Chain value after the head.
};

/// What stands before the records of a block.
struct BlockHeader {
  std::uint32_t count = 0;
  std::uint64_t raw_bytes = 0;     ///< Of the records.
  std::uint64_t stored_bytes = 0;  ///< Of what is in the file: compressed, or the records where both are the same.
  std::uint64_t previous = 0;      ///< Chain value up to here.
  std::uint64_t body_checksum = 0;
  std::uint64_t checksum = 0;  ///< Set by encode and decode. Chain value after the block.
};

/// What stands at the end.
struct SnapshotEnd {
  std::uint64_t records = 0;
  Lsn end_lsn = 0;  ///< Nothing in the snapshot is later.
  std::uint64_t previous = 0;
  std::uint64_t checksum = 0;  ///< Set by encode and decode.
};

void encode(SnapshotHead& head, std::span<char, snapshot_layout::bytes> into) noexcept;
/// As decode_segment_head: of any version.
[[nodiscard]] std::optional<SnapshotHead> decode_snapshot_head(
    std::span<const char, snapshot_layout::bytes> bytes) noexcept;

/// Seeds are batch_seed of the head's checksum and the offset, as a batch's are.
void encode(BlockHeader& header, std::uint64_t seed, std::span<char, block_layout::header_bytes> into) noexcept;
[[nodiscard]] std::optional<BlockHeader> decode_block_header(std::span<const char, block_layout::header_bytes> bytes,
                                                             std::uint64_t seed) noexcept;

void encode(SnapshotEnd& end, std::uint64_t seed, std::span<char, end_layout::bytes> into) noexcept;
[[nodiscard]] std::optional<SnapshotEnd> decode_snapshot_end(std::span<const char, end_layout::bytes> bytes,
                                                             std::uint64_t seed) noexcept;

}  // namespace understudy::journal
