// Writing the store's records (understudy/store/records.hpp), and applying them.
#pragma once

#include "engine/key_space.hpp"
#include "understudy/base/error.hpp"
#include "understudy/journal/record.hpp"
#include "understudy/store/records.hpp"

#include <string>
#include <vector>

namespace understudy::store {

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
    for (const Entry& change : changes_) {
      const Result<void> visited = visit(change.kind, BytesView(payloads_).substr(begin, change.bytes));
      if (!visited) return visited;
      begin += change.bytes;
    }
    return {};
  }

 private:
  struct Entry {
    RecordKind kind;
    std::size_t bytes;
  };
  std::string payloads_;
  std::vector<Entry> changes_;
};

/// Applies a replayed record. Fails with data_damaged if it is none of ours.
Result<void> apply_record(const Record& record, KeySpace& keys);

}  // namespace understudy::store
