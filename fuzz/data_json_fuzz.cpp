// Feeds the reader of data.json any bytes. What it takes must come back the same from what the writer makes of it; and
// the input, taken as a key and a value, must survive the way out and back in.
#include "tool/data_json.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

using understudy::store::DataEntry;
using understudy::store::parse_data_json;
using understudy::store::write_data_json;

void check_round_trip(const std::vector<DataEntry>& entries) {
  const auto again = parse_data_json(write_data_json(entries));
  if (!again || *again != entries) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto entries = parse_data_json(input);
  if (entries) {
    check_round_trip(*entries);
  } else if (entries.error().message().empty()) {
    std::abort();
  }
  check_round_trip({DataEntry{std::string(input), std::string(input)}});
  return 0;
}
