// Actors that answer, forward, keep, drop and crash, under askers with and without deadlines; askers are cancelled,
// actors reset, and at a random event everything is cancelled, shut down, or destroyed. Checked: every ask ended once,
// with the right answer or an error of the closed set; no request was started twice; no object is left.
#pragma once

#include "simulation/scenarios/outcome.hpp"

#include <cstdint>

namespace simulation {

/// Runs the scenario that `seed` stands for. `canary`: one asker fails to say that it was destroyed, which must be
/// found out.
Outcome run_actors_under_cancellation(std::uint64_t seed, bool canary);

}  // namespace simulation
