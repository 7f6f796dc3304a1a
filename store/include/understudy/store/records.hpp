// The store's records in its journal, for tools that read a data directory (docs/journal-format.md says what is around
// them):
//
//     set    kind 1   length of the key (32 bits, little endian) | key | value
//     erase  kind 2   key
//     clear  kind 3   nothing
#pragma once

#include "understudy/base/bytes.hpp"
#include "understudy/base/error.hpp"
#include "understudy/journal/record.hpp"

#include <optional>

namespace understudy::store {

inline constexpr RecordKind set_record{1};
inline constexpr RecordKind erase_record{2};
inline constexpr RecordKind clear_record{3};

/// A record, taken apart. Views into its payload.
struct Change {
  std::optional<BytesView> key;    ///< Of set and erase.
  std::optional<BytesView> value;  ///< Of set.
};
/// Fails with data_damaged if it is none of ours.
[[nodiscard]] Result<Change> decode_record(const Record& record);
/// The same, for those who only ask whether it is.
[[nodiscard]] Result<void> check_record(const Record& record);

}  // namespace understudy::store
