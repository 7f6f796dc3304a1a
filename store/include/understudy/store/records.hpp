// The store's records in its journal, for tools that read a data directory (docs/journal-format.md says what is around
// them):
//
//     set            kind 1   length of the key (32 bits) | key | value
//     erase          kind 2   key
//     clear          kind 3   nothing
//     set_expiring   kind 4   time (64 bits) | length of the key (32 bits) | key | value
//     expire         kind 5   time (64 bits) | key
//
// Numbers are little endian. A time is when the key dies: milliseconds since 1970, UTC, more than 0. In an expire
// record 0 stands for never. A set record takes the key's time away. Times are absolute, so replay means the same
// whenever it happens; it removes nothing by itself: a key that has died, or was evicted, is erased by a record.
#pragma once

#include "understudy/base/bytes.hpp"
#include "understudy/base/clock.hpp"
#include "understudy/base/error.hpp"
#include "understudy/journal/record.hpp"

#include <optional>

namespace understudy::store {

inline constexpr RecordKind set_record{1};
inline constexpr RecordKind erase_record{2};
inline constexpr RecordKind clear_record{3};
inline constexpr RecordKind set_expiring_record{4};
inline constexpr RecordKind expire_record{5};

/// A record, taken apart. Views into its payload.
struct Change {
  std::optional<BytesView> key;        ///< Of all but clear.
  std::optional<BytesView> value;      ///< Of set and set_expiring.
  std::optional<WallTime> expires_at;  ///< Of set_expiring; of expire, unless it is never.
};
/// Fails with data_damaged if it is none of ours.
[[nodiscard]] Result<Change> decode_record(const Record& record);
/// The same, for those who only ask whether it is.
[[nodiscard]] Result<void> check_record(const Record& record);

}  // namespace understudy::store
