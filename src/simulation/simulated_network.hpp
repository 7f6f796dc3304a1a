// The simulation's network: pipes in memory. Bytes arrive in order, in pieces and after delays drawn from the seed; a
// pipe holds a bounded number of bytes, so that a writer waits for a slow reader. It loses and changes nothing; a
// connection breaks only when one of its ends is destroyed.
#pragma once

#include "understudy/runtime/network.hpp"

#include <memory>

namespace understudy::detail {

class SimulatedScheduler;

[[nodiscard]] std::unique_ptr<Network> make_simulated_network(SimulatedScheduler& scheduler);

}  // namespace understudy::detail
