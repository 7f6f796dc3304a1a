#include "tool/text_encoding.hpp"

#include <array>
#include <string_view>
#include <utility>

namespace understudy::store {
namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";
constexpr std::size_t sequence_bytes_max = 4;

/// The length of the UTF-8 sequence at the front of `text` (RFC 3629: shortest form, no surrogates, at most U+10FFFF),
/// or 0 if there is none.
std::size_t utf8_sequence_size(BytesView text) {
  struct Form {
    unsigned char lead_first, lead_last;      // the first byte's range
    unsigned char second_first, second_last;  // the second byte's; those after it are 80..BF
    std::size_t size;
  };
  constexpr std::array<Form, 8> forms{{{0xC2, 0xDF, 0x80, 0xBF, 2},
                                       {0xE0, 0xE0, 0xA0, 0xBF, 3},
                                       {0xE1, 0xEC, 0x80, 0xBF, 3},
                                       {0xED, 0xED, 0x80, 0x9F, 3},
                                       {0xEE, 0xEF, 0x80, 0xBF, 3},
                                       {0xF0, 0xF0, 0x90, 0xBF, 4},
                                       {0xF1, 0xF3, 0x80, 0xBF, 4},
                                       {0xF4, 0xF4, 0x80, 0x8F, 4}}};
  const auto at = [&](std::size_t index) { return static_cast<unsigned char>(text[index]); };
  if (at(0) < 0x80) return 1;
  for (const Form& form : forms) {
    if (at(0) < form.lead_first || at(0) > form.lead_last) continue;
    if (text.size() < form.size || at(1) < form.second_first || at(1) > form.second_last) return 0;
    for (std::size_t index = 2; index < form.size; ++index) {
      if (at(index) < 0x80 || at(index) > 0xBF) return 0;
    }
    return form.size;
  }
  return 0;
}

/// Whether these few bytes are the beginning of a longer sequence.
bool may_go_on(BytesView begin) {
  if (begin.empty() || begin.size() >= sequence_bytes_max) return false;
  for (const char* ending : {"\x80\x80\x80", "\xA0\x80\x80", "\x90\x80\x80"}) {
    if (utf8_sequence_size(Bytes(begin) + ending) > begin.size()) return true;
  }
  return false;
}

}  // namespace

std::optional<std::size_t> find_invalid_utf8(BytesView text) {
  std::size_t position = 0;
  while (position < text.size()) {
    const std::size_t size = utf8_sequence_size(text.substr(position));
    if (size == 0) return position;
    position += size;
  }
  return std::nullopt;
}

std::optional<std::uint64_t> Utf8Check::feed(BytesView piece) {
  const std::uint64_t begin = offset_ - unfinished_.size();
  offset_ += piece.size();
  if (piece.empty()) return std::nullopt;
  BytesView text = piece;
  std::uint64_t at = begin;
  if (!unfinished_.empty()) {
    const std::size_t carried = unfinished_.size();
    unfinished_.append(piece.substr(0, sequence_bytes_max - 1));
    const std::size_t size = utf8_sequence_size(unfinished_);
    if (size == 0) return may_go_on(unfinished_) ? std::nullopt : std::optional(begin);
    text.remove_prefix(size - carried);
    at += size;
    unfinished_.clear();
  }
  const std::optional<std::size_t> invalid = find_invalid_utf8(text);
  if (!invalid) return std::nullopt;
  if (!may_go_on(text.substr(*invalid))) return at + *invalid;
  unfinished_ = text.substr(*invalid);
  return std::nullopt;
}

std::optional<std::uint64_t> Utf8Check::finish() const {
  return unfinished_.empty() ? std::nullopt : std::optional(offset_ - unfinished_.size());
}

Bytes to_hex(BytesView bytes) {
  Bytes text;
  text.reserve(2 * bytes.size());
  for (const char byte : bytes) {
    text += hex_digits[static_cast<unsigned char>(byte) >> 4U];
    text += hex_digits[static_cast<unsigned char>(byte) & 0xFU];
  }
  return text;
}

std::optional<Bytes> from_hex(BytesView digits) {
  if (digits.size() % 2 != 0) return std::nullopt;
  Bytes bytes;
  bytes.reserve(digits.size() / 2);
  for (std::size_t index = 0; index < digits.size(); index += 2) {
    const std::size_t high = hex_digits.find(digits[index]);
    const std::size_t low = hex_digits.find(digits[index + 1]);
    if (high == BytesView::npos || low == BytesView::npos) return std::nullopt;
    bytes += static_cast<char>(high * 16 + low);
  }
  return bytes;
}

}  // namespace understudy::store
