#include "base/log.hpp"

#include <memory>
#include <mutex>

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_color_sinks.h>

namespace understudy {
namespace {

spdlog::level::level_enum to_spdlog(LogLevel level) noexcept {
  switch (level) {
    case LogLevel::debug:
      return spdlog::level::debug;
    case LogLevel::info:
      return spdlog::level::info;
    case LogLevel::warning:
      return spdlog::level::warn;
    case LogLevel::error:
      return spdlog::level::err;
    case LogLevel::off:
      break;
  }
  return spdlog::level::off;
}

struct Log {
  std::shared_ptr<spdlog::logger> logger =
      std::make_shared<spdlog::logger>("understudy", std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
  std::mutex sink_mutex;
  std::function<void(LogLevel, std::string_view)> sink;

  Log() {
    logger->set_pattern("%Y-%m-%d %H:%M:%S.%e %^%l%$ %v");
    logger->flush_on(spdlog::level::debug);
  }
};

// Lives for ever: threads may log while static objects are destroyed.
Log& log() {
  static auto* const instance = new Log;
  return *instance;
}

}  // namespace

void set_log_level(LogLevel level) noexcept { log().logger->set_level(to_spdlog(level)); }

bool is_logged(LogLevel level) noexcept { return log().logger->should_log(to_spdlog(level)); }

void set_log_sink(std::function<void(LogLevel, std::string_view)> sink) {
  const std::lock_guard lock(log().sink_mutex);
  log().sink = std::move(sink);
}

void log_line(LogLevel level, std::string_view text) {
  Log& target = log();
  if (!is_logged(level)) return;
  {
    const std::lock_guard lock(target.sink_mutex);
    if (target.sink) {
      target.sink(level, text);
      return;
    }
  }
  target.logger->log(to_spdlog(level), fmt::string_view(text.data(), text.size()));
}

}  // namespace understudy
