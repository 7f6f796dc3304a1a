#include "tool/progress_line.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <utility>

#include <unistd.h>

#include <fmt/format.h>

namespace understudy::tool {
namespace {

constexpr std::uint64_t megabyte = 1'000'000;
constexpr Duration between_lines = std::chrono::seconds(1);
constexpr Duration between_looks = std::chrono::milliseconds(200);
/// To the line's beginning, and what is there is taken away.
constexpr std::string_view begin_anew = "\r\033[K";

TimePoint now() noexcept { return system_clock_source().now(); }

}  // namespace

std::string progress_in_words(const ProgressNumbers& numbers, Duration since) {
  const double seconds = std::chrono::duration<double>(since).count();
  const double rate = seconds > 0 ? static_cast<double>(numbers.bytes) / seconds / megabyte : 0;
  const bool by_bytes = numbers.bytes_total != 0;
  const std::uint64_t done = by_bytes ? numbers.bytes : numbers.records;
  const std::uint64_t total = by_bytes ? numbers.bytes_total : numbers.records_total;
  std::string text;
  if (total != 0) text = fmt::format("{} % ", std::min<std::uint64_t>(done * 100 / total, 100));
  text += by_bytes ? fmt::format("({} of {} MB, {:.0f} MB/s)", numbers.bytes / megabyte, total / megabyte, rate)
                   : fmt::format("({} MB, {:.0f} MB/s)", numbers.bytes / megabyte, rate);
  return text + fmt::format(", {} records", numbers.records);
}

ProgressLine::ProgressLine(std::string what)
    : what_(std::move(what)), terminal_(::isatty(STDERR_FILENO) == 1), began_(now()), told_(began_) {}

ProgressLine::~ProgressLine() {
  if (shown_ && terminal_) fmt::print(stderr, "{}", begin_anew);
}

void ProgressLine::note(const ProgressNumbers& numbers) {
  const TimePoint time = now();
  if (time - told_ < (terminal_ ? between_looks : between_lines)) return;
  told_ = time;
  shown_ = true;
  const std::string text = progress_in_words(numbers, time - began_);
  if (terminal_) {
    fmt::print(stderr, "{}{}: {}", begin_anew, what_, text);
  } else {
    fmt::print(stderr, "{}: {}\n", what_, text);
  }
  std::fflush(stderr);
}

}  // namespace understudy::tool
