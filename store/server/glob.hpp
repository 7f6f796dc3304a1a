// The patterns of KEYS, SCAN, PSUBSCRIBE and CONFIG GET, byte by byte and as Redis reads them.
//
//   *        any bytes, none included        [abc]    one of these        \x   x itself, whatever x is
//   ?        any one byte                    [^abc]   one byte not of these
//   [a-z]    one in this range; ends in either order; a backslash takes away the meaning of what follows it
//
// A class that is not closed ends with the pattern. Every pattern means something: there is no error. No bytes at all
// fit the empty pattern only, and no star (KEYS and SCAN take "*" alone for no pattern).
//
// Threads: pure functions; a GlobBudget is used by one thread at a time.
#pragma once

#include "understudy/base/bytes.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace understudy::server {

enum class LetterCase : std::uint8_t {
  exact,
  ignored,  ///< The letters A to Z match their small forms and the other way round; other bytes are exact.
};

/// Whether all of `text` fits `pattern`. Takes no memory, and a step for each byte of the pattern that it looks at:
/// most often few, and pattern.size() * text.size() for some that are made for that. So it takes those that it makes
/// off `steps_left`; if they are used up it ends with false, and none are left.
[[nodiscard]] bool glob_matches(BytesView pattern, BytesView text, LetterCase letters,
                                std::size_t& steps_left) noexcept;

/// The steps of a small fraction of a second, also on a slow machine: what may be taken without a sign of life.
inline constexpr std::size_t glob_steps_max = std::size_t{1} << 24U;

/// The same with glob_steps_max, so that no pattern that a client can send takes longer; what would take more does not
/// fit.
[[nodiscard]] bool glob_matches(BytesView pattern, BytesView text, LetterCase letters = LetterCase::exact) noexcept;

inline constexpr std::string_view glob_too_long = "ERR the pattern takes too many steps to compare";

/// What the comparisons of one command may take together: glob_steps_max, and a little more for each thing compared, so
/// that an honest pattern may be compared with however many.
class GlobBudget {
 public:
  /// As glob_matches. Once the budget is used up, nothing fits.
  [[nodiscard]] bool matches(BytesView pattern, BytesView text, LetterCase letters = LetterCase::exact) noexcept {
    if (left_ == 0) return false;
    // No more than that, however many have been compared: one comparison may take all of it.
    left_ = std::min(left_ + steps_of_each + text.size(), glob_steps_max);
    return glob_matches(pattern, text, letters, left_);
  }
  /// What has been found is not all: the command is answered with `glob_too_long`.
  [[nodiscard]] bool used_up() const noexcept { return left_ == 0; }

 private:
  static constexpr std::size_t steps_of_each = 1024;
  std::size_t left_ = glob_steps_max;
};

}  // namespace understudy::server
