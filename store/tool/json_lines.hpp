// JSON lines: a form in which the store's content is imported and exported, for large stores and other programs: one
// object a line.
//
//     {"key":"hello","value":"world"}
//     {"key_hex":"68ff","value_hex":"00ff","expires_at_ms":1767225600000}
//
// The rules are in docs/data-json.md.
#pragma once

#include "tool/entry_stream.hpp"
#include "understudy/base/bytes.hpp"
#include "understudy/base/error.hpp"

#include <cstdint>
#include <string>

namespace understudy::store {

/// Memory: one line, and its entry. Fails with `data_damaged` and a sentence that names line, byte offset (the first
/// byte is 0) and what is wrong. A key may be given twice: the later line is given later.
class JsonLinesReader final : public EntryReader {
 public:
  explicit JsonLinesReader(TakeEntry take) : take_(std::move(take)) {}
  Result<void> feed(BytesView piece) override;
  Result<void> finish() override;

 private:
  Result<void> read_line(BytesView line);
  [[nodiscard]] std::unexpected<Error> complain(std::size_t at, std::string_view why,
                                                ErrorCode code = ErrorCode::data_damaged) const;

  TakeEntry take_;
  Bytes begun_;                   // A line whose end is in a later piece.
  std::uint64_t line_ = 1;        // The line that is being read,
  std::uint64_t line_begin_ = 0;  // and where it begins.
};

/// Writes to the end of a string, which may be emptied between two calls.
class JsonLinesWriter final : public EntryWriter {
 public:
  explicit JsonLinesWriter(std::string& out) noexcept : out_(&out) {}
  void add(const KeyView& entry) override;
  void finish() override {}

 private:
  std::string* out_;
};

}  // namespace understudy::store
