// The scenarios, and what is done with them: one seed, many, or the check of the checkers.
#pragma once

#include "simulation/limits.hpp"
#include "simulation/scenarios/outcome.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace simulation {

/// What a seed can be run through.
struct Scenario {
  std::string name;
  Outcome (*run)(std::uint64_t seed, bool canary, const Limits& limits);
  bool can_be_shortened = false;  ///< It heeds limits.
};

[[nodiscard]] const std::vector<Scenario>& scenarios();

/// True if all held; otherwise the failure has been printed, shortened if it can be, with the command that replays it.
bool run_seed(const Scenario& scenario, std::uint64_t seed, const Limits& limits, Outcome& sum, bool print);
/// Each scenario has a canary: a store, or a durable actor, that answers before it has written loses acknowledged
/// writes, an asker that is forgotten is an ask that never ends, an actor that skips a message loses it, a task that
/// sends for a replaced incarnation is heard. If no seed shows it, the checker is blind. Returns an exit code.
int run_canary(const Scenario& scenario, std::uint64_t count);
/// Runs the seeds, as far as the first that fails. Returns an exit code.
int run_all(const Scenario& scenario, const std::vector<std::uint64_t>& seeds);

}  // namespace simulation
