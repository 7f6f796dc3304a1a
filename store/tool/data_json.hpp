// data.json: the form in which the store's content is imported and exported.
//
// One JSON object, from key to the value's bytes as an array of whole numbers from 0 to 255:
// {"hello":[119,111,114,108,100]}. Keys that JSON cannot hold, because they are not valid UTF-8, are written as a
// marker and hexadecimal digits: "\u0000hex:68ff". A key that dies has an object for its value, with the bytes and the
// time: {"value":[119],"expires_at_ms":1767225600000}. The rules are in docs/data-json.md.
//
// Nothing is guessed: text that breaks a rule gives an error that says where (line, byte offset, key) and no entries.
//
// Threads: pure functions. Left out: reading and writing the file, which is the caller's.
#pragma once

#include "tool/entry_stream.hpp"
#include "understudy/base/bytes.hpp"
#include "understudy/base/error.hpp"

#include <memory>
#include <span>
#include <string>
#include <vector>

namespace understudy::store {

/// The entries of a data.json, in the order of the text; no two have the same key. `text` is the whole file. Fails with
/// `data_damaged` and a sentence that names line, byte offset (the first byte is 0) and, where there is one, the key:
/// for text that is empty, truncated, not UTF-8 or not JSON, that holds something else than byte arrays, or that gives
/// one key twice.
[[nodiscard]] Result<std::vector<DataEntry>> parse_data_json(BytesView text);

/// Reads a data.json piece by piece; fails as parse_data_json. Memory: one entry, and 16 bytes for each key, by which
/// one that is given twice is known.
class DataJsonReader final : public EntryReader {
 public:
  explicit DataJsonReader(TakeEntry take);
  DataJsonReader(const DataJsonReader&) = delete;
  DataJsonReader& operator=(const DataJsonReader&) = delete;
  ~DataJsonReader() override;
  Result<void> feed(BytesView piece) override;
  Result<void> finish() override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Writes a data.json piece by piece to the end of a string, which may be emptied between two calls: a large store
/// needs not be in memory as text. Each key must be given once.
class DataJsonWriter final : public EntryWriter {
 public:
  explicit DataJsonWriter(std::string& out) noexcept : out_(&out) {}
  void add(const KeyView& entry) override;
  /// Closes the object. Nothing may follow. Without it the text is truncated, and is refused as such.
  void finish() override;

 private:
  std::string* out_;
  bool first_ = true;
};

/// The text of a data.json that holds `entries`, in their order. Each key must be there once.
[[nodiscard]] std::string write_data_json(std::span<const DataEntry> entries);

}  // namespace understudy::store
