// What a journal holds: records, each with a number that says its place for ever.
#pragma once

#include "understudy/base/bytes.hpp"

#include <cstddef>
#include <cstdint>

namespace understudy {

/// Log sequence number: the place of a record in its journal. The first record has 1; each next one, 1 more. 0 stands
/// for "before the first record".
using Lsn = std::uint64_t;

/// What a record means, chosen by the application; the journal stores it and gives it back, no more.
enum class RecordKind : std::uint8_t {};

/// One record as replay shows it.
struct Record {
  Lsn lsn = 0;
  RecordKind kind{};
  /// Arbitrary bytes, owned by the reader: valid until the function that got the record returns.
  BytesView payload;
};

/// The longest payload a record can have, in bytes: a value of 512 MiB with 64 KiB for its key and whatever goes with
/// it.
inline constexpr std::size_t payload_bytes_max = (std::size_t{512} << 20U) + (std::size_t{64} << 10U);

/// What a record takes beside its payload, in bytes.
inline constexpr std::size_t record_overhead_bytes = 5;

/// The most that one batch can hold, in bytes: payloads, and record_overhead_bytes for each.
inline constexpr std::size_t batch_bytes_max = std::size_t{1} << 30U;

}  // namespace understudy
