// A durable actor under random scheduling, crashes, resets, failing disks and power losses, in two releases of its
// program: no acknowledged event is lost, none comes twice, order is kept, operations are whole, and nobody is told
// what is taken back.
#pragma once

#include "simulation/limits.hpp"
#include "simulation/scenarios/outcome.hpp"

#include <cstdint>

namespace simulation {

/// Runs the scenario that `seed` stands for. The canary answers before it has written, and must be found out.
Outcome run_durable_under_crashes(std::uint64_t seed, bool canary, const Limits& limits);

}  // namespace simulation
