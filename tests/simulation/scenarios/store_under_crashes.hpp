// The store under random scheduling, crashes and resets of each of its actors, failing disks, and power losses that
// tear the last write; every answer is checked against a model.
#pragma once

#include "simulation/limits.hpp"
#include "simulation/scenarios/outcome.hpp"
#include "understudy/journal/durability.hpp"

#include <cstdint>

namespace simulation {

/// Runs the scenario that `seed` stands for. `durability` none is the canary: a store that answers before it has
/// written must be found out.
Outcome run_store_under_crashes(std::uint64_t seed, understudy::Durability durability, const Limits& limits);

}  // namespace simulation
