// Letters of ASCII and their two sizes. Commands, options, parameters and rules go without regard to it; bytes above
// 127 are none, whatever the locale says.
//
// Threads: any.
#pragma once

#include "understudy/base/bytes.hpp"

#include <algorithm>
#include <string>

namespace understudy::server {

[[nodiscard]] constexpr char small_letter(char letter) noexcept {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}
[[nodiscard]] constexpr char capital_letter(char letter) noexcept {
  return letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 'a' + 'A') : letter;
}

[[nodiscard]] inline std::string small_letters(BytesView text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), small_letter);
  return result;
}
[[nodiscard]] inline std::string capital_letters(BytesView text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), capital_letter);
  return result;
}

/// Whether `text` is `word`, which is in capitals, in letters of either size.
[[nodiscard]] inline bool is_word(BytesView text, BytesView word) noexcept {
  return std::ranges::equal(text, word, {}, capital_letter);
}
/// Whether both are the same in letters of either size.
[[nodiscard]] inline bool is_same_word(BytesView one, BytesView other) noexcept {
  return std::ranges::equal(one, other, {}, small_letter, small_letter);
}

}  // namespace understudy::server
