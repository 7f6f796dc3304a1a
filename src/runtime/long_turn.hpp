// Long turns: those that the clock has ended. Whoever had one may well have another, so a worker does not wait until it
// has given out as many as it does otherwise before it looks at what else there is.
#pragma once

#include <cstdint>

namespace understudy::detail {

/// What ThreadState::turn_seen_ns is once the turn has taken longer than turn_time_max.
inline constexpr std::int64_t turn_was_long = -1;

}  // namespace understudy::detail
