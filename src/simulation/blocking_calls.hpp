// For code that a blocking call of a simulation runs: how it takes time.
#pragma once

#include "understudy/base/clock.hpp"

#include <functional>

namespace understudy::detail {

/// Called on a thread of a simulation's blocking pool: returns after this much virtual time, Duration::max() being
/// never, or once `condition` holds, or when the simulation ends. All else goes on meanwhile. Elsewhere it returns at
/// once, and is false.
bool hold_blocking_call(Duration time, std::function<bool()> condition);

}  // namespace understudy::detail
