// RecordList: records that go to a journal, or into a snapshot, together; in one block of memory.
#pragma once

#include "understudy/actor/long_copy.hpp"
#include "understudy/base/bytes.hpp"
#include "understudy/base/error.hpp"
#include "understudy/journal/record.hpp"

#include <concepts>
#include <cstddef>
#include <vector>

namespace understudy {

/// Threads: one object is used by one thread at a time.
class RecordList {
 public:
  /// Adds a record whose payload is `parts`, one after the other. Copies them.
  template <std::convertible_to<BytesView>... Parts>
  void add(RecordKind kind, const Parts&... parts) {
    const std::size_t before = payloads_.size();
    (append_long(payloads_, BytesView(parts)), ...);
    records_.push_back({kind, payloads_.size() - before});
  }
  /// Makes room for so many records, whose payloads have so many bytes together.
  void reserve(std::size_t count, std::size_t bytes) {
    records_.reserve(count);
    payloads_.reserve(bytes);
  }
  /// Adds the records of another list behind these.
  void add(const RecordList& more) {
    append_long(payloads_, more.payloads_);
    records_.insert(records_.end(), more.records_.begin(), more.records_.end());
  }

  [[nodiscard]] bool empty() const noexcept { return records_.empty(); }
  [[nodiscard]] std::size_t count() const noexcept { return records_.size(); }
  /// Bytes of all payloads.
  [[nodiscard]] std::size_t bytes() const noexcept { return payloads_.size(); }
  /// What they take of a batch of the journal, which holds batch_bytes_max.
  [[nodiscard]] std::size_t batch_bytes() const noexcept {
    return payloads_.size() + records_.size() * record_overhead_bytes;
  }
  /// Calls `visit(kind, payload)`, which gives a Result<void>, for each record, in order; stops at the first error.
  template <typename Visit>
  Result<void> for_each(Visit visit) const {
    std::size_t begin = 0;
    for (const Entry& record : records_) {
      const Result<void> visited = visit(record.kind, BytesView(payloads_).substr(begin, record.bytes));
      if (!visited) return visited;
      begin += record.bytes;
    }
    return {};
  }

 private:
  struct Entry {
    RecordKind kind;
    std::size_t bytes;
  };
  Bytes payloads_;
  std::vector<Entry> records_;
};

}  // namespace understudy
