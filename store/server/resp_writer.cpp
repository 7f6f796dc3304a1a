#include "server/resp_writer.hpp"

#include "understudy/actor/long_copy.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <charconv>
#include <cmath>

namespace understudy::server {
namespace {

constexpr std::string_view line_end = "\r\n";

/// Room for any number: the longest that is not in exponent form has 17 digits before the point or 5 zeros after it.
using NumberText = std::array<char, 32>;

std::string_view format_number(double value, NumberText& text) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  // The bounds at which "%.17g", which Redis uses, changes its form.
  const double magnitude = std::fabs(value);
  const bool plain = value == 0 || (magnitude >= 1e-4 && magnitude < 1e17);
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), value,
                                          plain ? std::chars_format::fixed : std::chars_format::scientific);
  assert(error == std::errc());
  return {text.data(), end};
}

}  // namespace

void RespWriter::bulk(BytesView bytes) {
  header('$', static_cast<std::int64_t>(bytes.size()));
  append_long(*out_, bytes);  // With room for the line end: growing for it would copy all of a long one once more.
  out_->append(line_end);
}

void RespWriter::null() { out_->append(version_ == RespVersion::resp2 ? "$-1\r\n" : "_\r\n"); }

void RespWriter::null_array() { out_->append(version_ == RespVersion::resp2 ? "*-1\r\n" : "_\r\n"); }

void RespWriter::map(std::size_t pairs) {
  if (version_ == RespVersion::resp2) return array(2 * pairs);
  header('%', static_cast<std::int64_t>(pairs));
}

void RespWriter::set(std::size_t elements) {
  header(version_ == RespVersion::resp2 ? '*' : '~', static_cast<std::int64_t>(elements));
}

void RespWriter::push(std::size_t elements) {
  header(version_ == RespVersion::resp2 ? '*' : '>', static_cast<std::int64_t>(elements));
}

void RespWriter::number(double value) {
  NumberText buffer;
  const std::string_view text = format_number(value, buffer);
  if (version_ == RespVersion::resp2) return bulk(text);
  line(',', text);
}

void RespWriter::boolean(bool value) {
  if (version_ == RespVersion::resp2) return integer(value ? 1 : 0);
  out_->append(value ? "#t\r\n" : "#f\r\n");
}

void RespWriter::verbatim(std::string_view format, BytesView text) {
  assert(format.size() == 3);
  if (version_ == RespVersion::resp2) return bulk(text);
  header('=', static_cast<std::int64_t>(format.size() + 1 + text.size()));
  out_->append(format);
  out_->push_back(':');
  out_->append(text);
  out_->append(line_end);
}

void RespWriter::line(char type, std::string_view text) {
  out_->push_back(type);
  const std::size_t begin = out_->size();
  out_->append(text);
  std::replace_if(
      out_->begin() + static_cast<std::ptrdiff_t>(begin), out_->end(),
      [](char byte) { return byte == '\r' || byte == '\n'; }, ' ');
  out_->append(line_end);
}

void RespWriter::header(char type, std::int64_t value) {
  std::array<char, 24> text;  // a sign, 19 digits, the type and the line end
  text[0] = type;
  char* end = std::to_chars(text.data() + 1, text.data() + text.size(), value).ptr;
  *end++ = '\r';
  *end++ = '\n';
  out_->append(text.data(), end);
}

}  // namespace understudy::server
