// What the operating system says of this process.
#pragma once

#include "server/options.hpp"

namespace understudy::tool {

/// Threads: any. Some microseconds.
[[nodiscard]] server::ProcessUsage process_usage();

}  // namespace understudy::tool
