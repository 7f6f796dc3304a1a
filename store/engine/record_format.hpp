// The store's records in the journal (docs/journal-format.md describes what is around them):
//
//     set    kind 1   length of the key (32 bits, little endian) | key | value
//     erase  kind 2   key
//     clear  kind 3   nothing
#pragma once

#include "engine/key_space.hpp"
#include "understudy/base/error.hpp"
#include "understudy/journal/record.hpp"

#include <string>
#include <vector>

namespace understudy::store {

inline constexpr RecordKind set_record{1};
inline constexpr RecordKind erase_record{2};
inline constexpr RecordKind clear_record{3};

/// The changes of one message to the writer, in order.
class ChangeList {
 public:
  void set(BytesView key, BytesView value);
  void erase(BytesView key);
  void clear();

  [[nodiscard]] bool empty() const noexcept { return changes_.empty(); }
  [[nodiscard]] std::size_t count() const noexcept { return changes_.size(); }
  /// Bytes of all payloads.
  [[nodiscard]] std::size_t bytes() const noexcept { return payloads_.size(); }
  /// Calls `visit(kind, payload)` for each change; stops at the first error.
  template <typename Visit>
  Result<void> for_each(Visit visit) const {
    std::size_t begin = 0;
    for (const Change& change : changes_) {
      const Result<void> visited = visit(change.kind, BytesView(payloads_).substr(begin, change.bytes));
      if (!visited) return visited;
      begin += change.bytes;
    }
    return {};
  }

 private:
  struct Change {
    RecordKind kind;
    std::size_t bytes;
  };
  std::string payloads_;
  std::vector<Change> changes_;
};

/// Applies a replayed record. Fails with data_damaged if it is none of ours.
Result<void> apply_record(const Record& record, KeySpace& keys);

}  // namespace understudy::store
