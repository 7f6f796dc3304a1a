// What the library writes to its log, and how loud it is.
#pragma once

#include <functional>
#include <string_view>

namespace understudy {

/// How important a line is. `off` silences the log.
enum class LogLevel { debug, info, warning, error, off };

/// Lines below `level` are dropped. The default is `info`. Any thread.
void set_log_level(LogLevel level) noexcept;

/// Whether a line of that level would go anywhere: for lines that are dear to make. Any thread.
[[nodiscard]] bool is_logged(LogLevel level) noexcept;

/// Sends lines to `sink` instead of standard error; an empty function brings standard error back. `sink` is called from
/// any thread, one call at a time. Call this before systems run.
void set_log_sink(std::function<void(LogLevel, std::string_view)> sink);

/// Writes one line, with the time of day and the level in front. Any thread.
void log_line(LogLevel level, std::string_view text);

}  // namespace understudy
