#include "durable/loading_log.hpp"

#include "understudy/base/logging.hpp"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>

namespace understudy::durable {
namespace {

constexpr Duration between_lines = std::chrono::seconds(1);
constexpr std::uint64_t megabyte = 1'000'000;

}  // namespace

std::string loading_in_words(const std::string& what, const JournalProgress& progress, Duration since) {
  const double seconds = std::chrono::duration<double>(since).count();
  const double rate = seconds > 0 ? static_cast<double>(progress.bytes) / seconds / megabyte : 0;
  const std::uint64_t percent = progress.bytes * 100 / std::max<std::uint64_t>(progress.bytes_total, 1);
  return fmt::format("loading {}: {} % ({} of {} MB, {:.0f} MB/s), {} records", what, percent,
                     progress.bytes / megabyte, progress.bytes_total / megabyte, rate, progress.records);
}

void LoadingLog::note(const JournalProgress& progress) {
  const TimePoint now = clock_.now();
  if (now - told_ < between_lines) return;
  told_ = now;
  log_line(LogLevel::info, loading_in_words(what_, progress, now - began_));
}

}  // namespace understudy::durable
