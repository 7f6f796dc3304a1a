// A restart storm: a child that dies at once, each time.
#pragma once

#include <cstdint>

namespace bench {

struct Storm {
  std::uint64_t failures = 0;     ///< Of the child, until it was given up.
  std::uint64_t escalations = 0;  ///< To its parent.
  double wall_s = 0;
  double cpu_percent = 0;  ///< Of one processor, over that time.
};

/// Lets a child die at once until it is escalated to its parent, with the supervisor's default intensity and backoff.
[[nodiscard]] Storm run_storm();

}  // namespace bench
