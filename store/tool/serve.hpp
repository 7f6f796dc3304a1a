// `understudy serve`: the store as a server, until SIGTERM or SIGINT.
#pragma once

#include "tool/settings.hpp"

namespace understudy::tool {

/// Serves until it is asked to stop, then finishes what was accepted. The program's exit code: 0, or 1 with a line on
/// standard error. Called once, before any thread is started.
[[nodiscard]] int serve(const Settings& settings);

}  // namespace understudy::tool
