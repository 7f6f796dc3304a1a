// Times to die, as commands give them: seconds or milliseconds, from now or since 1970.
#pragma once

#include "server/command.hpp"
#include "server/commands/arguments.hpp"

#include <cstdint>
#include <limits>
#include <optional>

#include <fmt/format.h>

namespace understudy::server {

/// What a number means.
struct TimeForm {
  bool in_seconds = false;
  bool from_now = false;
  bool operator==(const TimeForm&) const = default;
};

/// The time that `word` gives. If it is no number, or gives a time that cannot be, the reply says so, and there is
/// none. `least`: smaller numbers cannot be either.
[[nodiscard]] inline std::optional<WallTime> read_expire_time(DataCall& call, BytesView word, TimeForm form,
                                                              std::int64_t least) {
  const std::optional<std::int64_t> number = parse_integer(word);
  if (!number) {
    call.reply.error(not_an_integer);
    return std::nullopt;
  }
  constexpr std::int64_t greatest = std::numeric_limits<std::int64_t>::max();
  constexpr std::int64_t milliseconds_a_second = 1000;
  const std::int64_t unit = form.in_seconds ? milliseconds_a_second : 1;
  const std::int64_t base = form.from_now ? call.store.now().time_since_epoch().count() : 0;
  std::int64_t milliseconds = 0;
  if (*number < least || __builtin_mul_overflow(*number, unit, &milliseconds) || milliseconds > greatest - base) {
    call.reply.error(fmt::format("ERR invalid expire time in '{}' command", small_letters(call.arguments[0])));
    return std::nullopt;
  }
  return WallTime(std::chrono::milliseconds(base + milliseconds));
}

/// The words EX, PX, EXAT and PXAT among the options of SET and GETEX.
class TimeOption {
 public:
  /// Takes the word at `index`, and the number after it, if it is one of them and goes with what was taken before;
  /// `index` is then that of the number.
  bool take(Arguments words, std::size_t& index) {
    struct Name {
      std::string_view word;
      TimeForm form;
    };
    static constexpr Name names[] = {{"EX", {.in_seconds = true, .from_now = true}},
                                     {"PX", {.in_seconds = false, .from_now = true}},
                                     {"EXAT", {.in_seconds = true, .from_now = false}},
                                     {"PXAT", {.in_seconds = false, .from_now = false}}};
    for (const Name& name : names) {
      if (!is_word(words[index], name.word)) continue;
      if ((form_ && *form_ != name.form) || index + 1 == words.size()) return false;
      form_ = name.form;
      number_ = words[++index];
      return true;
    }
    return false;
  }
  [[nodiscard]] bool given() const noexcept { return form_.has_value(); }
  /// If it was given: as `read_expire_time`.
  [[nodiscard]] std::optional<WallTime> read(DataCall& call) const {
    return read_expire_time(call, number_, *form_, 1);
  }

 private:
  std::optional<TimeForm> form_;
  BytesView number_;
};

}  // namespace understudy::server
