// The journal's format in constants. Each is explained in docs/journal-format.md; change both or neither.
#pragma once

#include "understudy/journal/record.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace understudy::journal {

/// Version 2: the last segment may end in zeros. Written; all up to it are read.
inline constexpr std::uint32_t format_version = 2;
inline constexpr std::uint32_t reserving_version = 2;

/// Whether this program reads a file of version `found`, where `newest` is what it writes.
[[nodiscard]] constexpr bool reads_version(std::uint32_t found, std::uint32_t newest) noexcept {
  return found != 0 && found <= newest;
}

/// Drawn at random when a journal is begun.
using StoreId = std::array<std::uint8_t, 16>;

namespace head_layout {
inline constexpr std::string_view magic = "USJOURNL";
inline constexpr std::size_t version_at = 8;
inline constexpr std::size_t reserved_at = 12;
inline constexpr std::size_t store_id_at = 16;
inline constexpr std::size_t number_at = 32;
inline constexpr std::size_t first_lsn_at = 40;
inline constexpr std::size_t previous_at = 48;
inline constexpr std::size_t checksum_at = 56;
inline constexpr std::size_t bytes = 64;
static_assert(magic.size() == version_at);
static_assert(store_id_at + sizeof(StoreId) == number_at);
static_assert(checksum_at + sizeof(std::uint64_t) == bytes);
}  // namespace head_layout

namespace batch_layout {
inline constexpr std::string_view magic = "USBT";
inline constexpr std::size_t count_at = 4;
inline constexpr std::size_t body_bytes_at = 8;
inline constexpr std::size_t first_lsn_at = 16;
inline constexpr std::size_t durable_lsn_at = 24;
inline constexpr std::size_t previous_at = 32;
inline constexpr std::size_t body_checksum_at = 40;
inline constexpr std::size_t checksum_at = 48;
inline constexpr std::size_t header_bytes = 56;
static_assert(magic.size() == count_at);
static_assert(checksum_at + sizeof(std::uint64_t) == header_bytes);
}  // namespace batch_layout

namespace record_layout {
inline constexpr std::size_t kind_at = 4;
inline constexpr std::size_t header_bytes = 5;
}  // namespace record_layout

inline constexpr std::uint32_t snapshot_version = 1;

namespace snapshot_layout {
inline constexpr std::string_view magic = "USSNAPSH";
inline constexpr std::size_t version_at = 8;
inline constexpr std::size_t reserved_at = 12;
inline constexpr std::size_t store_id_at = 16;
inline constexpr std::size_t covers_at = 32;
inline constexpr std::size_t link_lsn_at = 40;
inline constexpr std::size_t link_at = 48;
inline constexpr std::size_t checksum_at = 56;
inline constexpr std::size_t bytes = 64;
static_assert(store_id_at + sizeof(StoreId) == covers_at);
static_assert(checksum_at + sizeof(std::uint64_t) == bytes);
}  // namespace snapshot_layout

namespace block_layout {
inline constexpr std::string_view magic = "USSB";
inline constexpr std::size_t count_at = 4;
inline constexpr std::size_t raw_bytes_at = 8;
inline constexpr std::size_t stored_bytes_at = 16;
inline constexpr std::size_t previous_at = 24;
inline constexpr std::size_t body_checksum_at = 32;
inline constexpr std::size_t checksum_at = 40;
inline constexpr std::size_t header_bytes = 48;
static_assert(checksum_at + sizeof(std::uint64_t) == header_bytes);
}  // namespace block_layout

namespace end_layout {
inline constexpr std::string_view magic = "USSE";
inline constexpr std::size_t reserved_at = 4;
inline constexpr std::size_t records_at = 8;
inline constexpr std::size_t end_lsn_at = 16;
inline constexpr std::size_t previous_at = 24;
inline constexpr std::size_t checksum_at = 32;
inline constexpr std::size_t bytes = 40;
static_assert(checksum_at + sizeof(std::uint64_t) == bytes);
static_assert(bytes < block_layout::header_bytes);
}  // namespace end_layout

static_assert(record_layout::header_bytes == record_overhead_bytes);
static_assert(payload_bytes_max + record_layout::header_bytes <= batch_bytes_max, "every record fits into a batch");
static_assert(payload_bytes_max <= UINT32_MAX, "a payload's length fits its field");
static_assert(batch_bytes_max / record_layout::header_bytes <= UINT32_MAX, "a batch's record count fits its field");

}  // namespace understudy::journal
