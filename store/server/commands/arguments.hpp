// Reading the arguments of commands, as Redis reads them.
#pragma once

#include "server/letters.hpp"
#include "understudy/base/bytes.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace understudy::server {

inline constexpr std::string_view not_an_integer = "ERR value is not an integer or out of range";
inline constexpr std::string_view syntax_error = "ERR syntax error";

/// A whole number in the one form Redis takes: digits without leading zeros, with a minus in front or nothing.
[[nodiscard]] inline std::optional<std::int64_t> parse_integer(BytesView text) noexcept {
  constexpr std::size_t longest = 20;  // A sign, and 19 digits.
  if (text.size() > longest) return std::nullopt;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  const BytesView digits = text.starts_with('-') ? text.substr(1) : text;
  if (digits.front() == '0' && text.size() > 1) return std::nullopt;
  return value;
}

/// What an error reply shows of a word: no more than `most` bytes, and none from a zero byte on, as in Redis.
[[nodiscard]] inline BytesView shown(BytesView word, std::size_t most = BytesView::npos) noexcept {
  return word.substr(0, std::min(most, word.find('\0')));
}

}  // namespace understudy::server
