#include "server/glob.hpp"

#include "server/letters.hpp"

#include <cstddef>
#include <utility>

namespace understudy::server {
namespace {

unsigned char folded(char byte, LetterCase letters) {
  return static_cast<unsigned char>(letters == LetterCase::ignored ? small_letter(byte) : byte);
}

/// Counts steps; past the last one nothing fits.
class Steps {
 public:
  explicit Steps(std::size_t& left) noexcept : left_(left) {}
  bool take() noexcept {
    if (left_ > 0) --left_;
    return left_ > 0;
  }
  [[nodiscard]] bool used_up() const noexcept { return left_ == 0; }

 private:
  std::size_t& left_;
};

/// What one element of a pattern (anything but a star) says of one byte, and where the next element begins.
struct Verdict {
  bool matches;
  std::size_t next;
};

/// `position` is just past the opening bracket.
Verdict match_class(BytesView pattern, std::size_t position, unsigned char byte, LetterCase letters, Steps& steps) {
  const bool negated = position < pattern.size() && pattern[position] == '^';
  if (negated) ++position;
  bool found = false;
  while (position < pattern.size() && pattern[position] != ']' && steps.take()) {
    const std::size_t left = pattern.size() - position;
    if (pattern[position] == '\\' && left >= 2) {
      found = found || folded(pattern[position + 1], letters) == byte;
      position += 2;
    } else if (left >= 3 && pattern[position + 1] == '-') {
      unsigned char first = folded(pattern[position], letters);
      unsigned char last = folded(pattern[position + 2], letters);
      if (first > last) std::swap(first, last);
      found = found || (byte >= first && byte <= last);
      position += 3;
    } else {
      found = found || folded(pattern[position], letters) == byte;
      ++position;
    }
  }
  if (position < pattern.size()) ++position;  // the closing bracket
  return {found != negated, position};
}

Verdict match_element(BytesView pattern, std::size_t position, char text_byte, LetterCase letters, Steps& steps) {
  const unsigned char byte = folded(text_byte, letters);
  switch (pattern[position]) {
    case '?':
      return {true, position + 1};
    case '[':
      return match_class(pattern, position + 1, byte, letters, steps);
    case '\\':
      if (position + 1 < pattern.size()) ++position;
      [[fallthrough]];
    default:
      return {folded(pattern[position], letters) == byte, position + 1};
  }
}

bool stands_for_itself(char byte) noexcept { return byte != '*' && byte != '?' && byte != '[' && byte != '\\'; }

}  // namespace

// Each element but the star takes exactly one byte. So when something fails after a star, only the latest star needs to
// take one byte more: what an earlier one could take, the latest can take as well.
bool glob_matches(BytesView pattern, BytesView text, LetterCase letters, std::size_t& steps_left) noexcept {
  if (text.empty()) return pattern.empty();
  constexpr std::size_t none = BytesView::npos;
  Steps steps(steps_left);
  std::size_t in_pattern = 0;
  std::size_t in_text = 0;
  std::size_t after_star = none;  // where the pattern goes on after the latest star
  std::size_t star_end = 0;       // where the bytes that this star takes end
  while (in_text < text.size()) {
    if (!steps.take()) return false;
    if (in_pattern < pattern.size() && pattern[in_pattern] == '*') {
      after_star = ++in_pattern;
      star_end = in_text;
      if (after_star == pattern.size()) return true;
      continue;
    }
    if (in_pattern < pattern.size()) {
      const Verdict verdict = match_element(pattern, in_pattern, text[in_text], letters, steps);
      if (verdict.matches) {
        in_pattern = verdict.next;
        ++in_text;
        continue;
      }
    }
    if (after_star == none) return false;
    in_pattern = after_star;
    in_text = ++star_end;
    // To the next byte that can follow the star.
    if (letters == LetterCase::exact && stands_for_itself(pattern[after_star])) {
      in_text = star_end = text.find(pattern[after_star], star_end);
      if (star_end == none) return false;
    }
  }
  while (in_pattern < pattern.size() && pattern[in_pattern] == '*') ++in_pattern;
  return in_pattern == pattern.size() && !steps.used_up();
}

bool glob_matches(BytesView pattern, BytesView text, LetterCase letters) noexcept {
  std::size_t steps = glob_steps_max;
  return glob_matches(pattern, text, letters, steps);
}

}  // namespace understudy::server
