// Feeds the reader of JSON lines any bytes, in pieces that the first byte chooses. However they are cut, the entries
// and the error are the same; and what it takes must come back the same from what the writer makes of it.
#include "tool/json_lines.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace understudy;
using namespace understudy::store;

struct Read {
  std::vector<DataEntry> entries;
  std::string error;
  bool operator==(const Read&) const = default;
};

Read read(std::string_view text, std::size_t piece_bytes) {
  Read result;
  JsonLinesReader reader([&result](DataEntry entry) -> Result<void> {
    result.entries.push_back(std::move(entry));
    return {};
  });
  Result<void> done;
  while (done && !text.empty()) {
    done = reader.feed(text.substr(0, piece_bytes));
    text.remove_prefix(std::min(piece_bytes, text.size()));
  }
  if (done) done = reader.finish();
  if (!done) result.error = done.error().message();
  return result;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Read whole = read(text, std::max<std::size_t>(text.size(), 1));
  if (read(text, std::size_t{data[0]} + 1) != whole) std::abort();
  std::string written;
  JsonLinesWriter writer(written);
  for (const auto& [key, value, expires_at] : whole.entries) {
    writer.add({.key = key, .value = value, .expires_at = expires_at});
  }
  writer.finish();
  if (read(written, 4096) != Read{.entries = whole.entries, .error = ""}) std::abort();
  return 0;
}
