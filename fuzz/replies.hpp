// Whether what a server has sent is whole, well-formed replies, of either version of the protocol.
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace fuzz {

class Replies {
 public:
  enum class Kind : std::uint8_t {
    whole,
    cut_off,  ///< The last one is not all there.
    wrong,    ///< Something is no reply.
  };
  explicit Replies(std::string_view sent) noexcept : rest_(sent) {}

  [[nodiscard]] Kind kind() {
    while (!rest_.empty()) {
      if (!take(0)) return ends_early_ ? Kind::cut_off : Kind::wrong;
    }
    return Kind::whole;
  }

 private:
  static constexpr int depth_max = 16;

  [[nodiscard]] bool end_early() noexcept {
    ends_early_ = true;
    return false;
  }
  [[nodiscard]] bool take_line(std::string_view& line) {
    const std::size_t end = rest_.find("\r\n");
    if (end == std::string_view::npos) return end_early();
    line = rest_.substr(0, end);
    rest_.remove_prefix(end + 2);
    // A line break inside a reply of one line would be read as the beginning of another reply.
    return line.find_first_of("\r\n") == std::string_view::npos;
  }
  [[nodiscard]] static bool is_number(std::string_view text, std::int64_t& number) {
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    return problem == std::errc{} && end == text.data() + text.size();
  }
  [[nodiscard]] bool take_several(std::int64_t count, int depth) {
    for (; count > 0; --count) {
      if (!take(depth + 1)) return false;
    }
    return true;
  }
  [[nodiscard]] bool take(int depth) {
    std::string_view line;
    if (depth > depth_max) return false;
    if (rest_.empty()) return end_early();
    const char kind = rest_.front();
    rest_.remove_prefix(1);
    if (!take_line(line)) return false;
    std::int64_t number = 0;
    switch (kind) {
      case '+':
      case '-':
        return true;
      case '_':
        return line.empty();
      case '#':
        return line == "t" || line == "f";
      case ',':
        return !line.empty();
      case ':':
        return is_number(line, number);
      case '$':
      case '=':
        if (!is_number(line, number) || number < -1) return false;
        if (number == -1) return kind == '$';
        if (rest_.size() < static_cast<std::size_t>(number) + 2) return end_early();
        if (rest_.substr(static_cast<std::size_t>(number), 2) != "\r\n") return false;
        rest_.remove_prefix(static_cast<std::size_t>(number) + 2);
        return true;
      case '*':
        return is_number(line, number) && number >= -1 && take_several(number, depth);
      case '~':
      case '>':
        return is_number(line, number) && number >= 0 && take_several(number, depth);
      case '%':
        return is_number(line, number) && number >= 0 && take_several(2 * number, depth);
      default:
        return false;
    }
  }

  std::string_view rest_;
  bool ends_early_ = false;
};

}  // namespace fuzz
