// Numbers with a fraction, read and written as Redis does: as long double, in decimal form, with 17 digits behind the
// point at most.
#include "server/commands/arguments.hpp"
#include "server/commands/handlers.hpp"
#include "server/commands/value_size.hpp"

#include <array>
#include <cctype>
#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>

namespace understudy::server {
namespace {

/// The longest text that is read, or written: the greatest number has 4933 digits before the point.
constexpr std::size_t float_bytes_max = std::size_t{5} << 10U;

/// Whatever strtold reads, from the first byte to the last: also "1e3", "0x10", "+1" and "inf", but no "nan", and
/// nothing that is too large or too small for the type.
std::optional<long double> parse_float(BytesView text) {
  if (text.empty() || text.size() >= float_bytes_max || std::isspace(static_cast<unsigned char>(text[0])) != 0) {
    return std::nullopt;
  }
  const std::string terminated(text);
  char* end = nullptr;
  errno = 0;
  const long double value = std::strtold(terminated.c_str(), &end);
  const bool out_of_range = errno == ERANGE && (std::isinf(value) || value == 0);
  if (end != terminated.c_str() + terminated.size() || out_of_range || std::isnan(value)) return std::nullopt;
  return value;
}

std::string print_float(long double value) {
  std::array<char, float_bytes_max> digits{};
  const int length = std::snprintf(digits.data(), digits.size(), "%.17Lf", value);
  std::string text(digits.data(), static_cast<std::size_t>(length));
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text == "-0" ? "0" : text;
}

}  // namespace

void incrbyfloat(DataCall& call) {
  const BytesView key = call.arguments[1];
  const std::optional<BytesView> value = call.store.get(key);
  const std::optional<long double> before = value ? parse_float(*value) : 0;
  const std::optional<long double> change = parse_float(call.arguments[2]);
  if (!before || !change) {
    call.reply.error("ERR value is not a valid float");
    return;
  }
  const long double sum = *before + *change;
  if (!std::isfinite(sum)) {
    call.reply.error("ERR increment would produce NaN or Infinity");
    return;
  }
  const std::string text = print_float(sum);
  if (!check_size(call, key, text.size())) return;
  call.store.set(key, text, call.store.expiry(key));
  call.reply.bulk(text);
}

}  // namespace understudy::server
