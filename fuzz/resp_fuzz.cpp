// Feeds the request parser any bytes, whole and cut into pieces, and holds it to one promise beyond "does not crash":
// what comes out does not depend on where the input was cut. The first byte chooses the cuts.
#include "server/glob.hpp"
#include "server/resp_parser.hpp"
#include "server/resp_writer.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

using understudy::server::glob_matches;
using understudy::server::RespLimits;
using understudy::server::RespParser;
using understudy::server::RespWriter;

/// Everything the parser makes of `input`, as one text.
std::string transcript(std::string_view input, std::size_t piece_bytes) {
  // Small limits, so that short inputs reach them.
  RespParser parser(RespLimits{.arguments_max = 64, .bulk_bytes_max = 256, .line_bytes_max = 32});
  std::string said;
  RespWriter writer(said);
  std::string buffer;
  while (!input.empty()) {
    const std::size_t size = std::min(piece_bytes, input.size());
    buffer = buffer + std::string(input.substr(0, size));
    input.remove_prefix(size);
    for (;;) {
      const RespParser::Outcome outcome = parser.next(buffer);
      if (parser.consumed() > buffer.size()) std::abort();
      if (outcome == RespParser::Outcome::protocol_error) {
        writer.error(parser.error());
        return said;
      }
      if (outcome == RespParser::Outcome::request) {
        if (parser.arguments().empty()) std::abort();
        writer.array(parser.arguments().size());
        for (const std::string_view argument : parser.arguments()) writer.bulk(argument);
      }
      buffer.erase(0, parser.consumed());
      if (outcome == RespParser::Outcome::incomplete) break;
    }
  }
  return said + std::to_string(buffer.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string whole = transcript(input, input.size());
  if (transcript(input, 1) != whole) std::abort();
  if (transcript(input, 1U + data[0] % 32U) != whole) std::abort();
  static_cast<void>(glob_matches(input.substr(0, data[0]), input));
  return 0;
}
