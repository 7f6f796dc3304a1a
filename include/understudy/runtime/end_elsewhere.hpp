// Ends a thing on the blocking pool: for what takes the system long to take back.
#pragma once

#include "understudy/runtime/blocking.hpp"

#include <cstdint>
#include <exception>
#include <limits>
#include <memory>
#include <utility>

namespace understudy::detail {

/// Destroys `thing` on a thread of the blocking pool, and waits for nothing. Without memory for that: here. Any thread.
template <typename T>
void end_elsewhere(Scheduler& scheduler, T thing) noexcept {
  try {
    auto end = [held = std::make_shared<T>(std::move(thing))]() mutable { held.reset(); };
    using End = BlockingCall<decltype(end)>;
    End::start(scheduler, std::make_shared<End>(std::move(end), std::numeric_limits<std::int64_t>::max()));
  } catch (const std::exception&) {  // NOLINT(bugprone-empty-catch): without memory it ends here, as promised
  }
}

}  // namespace understudy::detail
