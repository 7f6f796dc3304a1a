// Rounds: moments that are the same for all whose time need not be exact, so that one wake serves several of them.
#pragma once

#include "understudy/base/clock.hpp"

namespace understudy::detail {

/// The next moment after `now` that is a multiple of `round` (of a nanosecond at least).
[[nodiscard]] constexpr TimePoint next_round(TimePoint now, Duration round) noexcept {
  const Duration since = now.time_since_epoch();
  return after(now, round - since % round);
}

}  // namespace understudy::detail
