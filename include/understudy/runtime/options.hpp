// How a runtime is sized.
#pragma once

#include <cstdint>

namespace understudy {

struct RuntimeOptions {
  /// Threads that run actors and tasks. 0: one for each processor this process may use. 1 is supported and fast.
  std::uint32_t workers = 0;
  /// The most threads for blocking calls; they are started on demand. At least 1.
  std::uint32_t blocking_threads_max = 16;
};

}  // namespace understudy
