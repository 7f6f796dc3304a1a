#include "simulation/runs.hpp"

#include "simulation/scenarios/actors_under_cancellation.hpp"
#include "simulation/scenarios/actors_under_failures.hpp"
#include "simulation/scenarios/durable_under_crashes.hpp"
#include "simulation/scenarios/store_under_crashes.hpp"

#include <fmt/format.h>

namespace simulation {

static Outcome run_store(std::uint64_t seed, bool canary) {
  using understudy::Durability;
  return run_store_under_crashes(seed, canary ? Durability::none : Durability::always);
}

const std::vector<Scenario>& scenarios() {
  static const std::vector<Scenario> all = {{"store", run_store},
                                            {"durable", run_durable_under_crashes},
                                            {"actors", run_actors_under_cancellation},
                                            {"failures", run_actors_under_failures},
                                            {"holders", run_actors_that_hold_threads}};
  return all;
}

bool run_seed(const Scenario& scenario, std::uint64_t seed, Outcome& sum, bool print) {
  const Outcome outcome = scenario.run(seed, false);
  sum.add(outcome);
  if (print) {
    fmt::print(
        "{} seed {}: {} events, {} answers, {} errors, {} cancelled, {} incidents, {} threads taken, trace {:016x}\n",
        scenario.name, seed, outcome.events, outcome.answered, outcome.errors, outcome.cancelled, outcome.incidents,
        outcome.threads_taken, outcome.trace_hash);
  }
  if (outcome.failure.empty()) return true;
  fmt::print("\nFAILED: {} with seed {}: {}\nreplay it: ./dev simulate --scenario {} --seed {}\n", scenario.name, seed,
             outcome.failure, scenario.name, seed);
  return false;
}

int run_canary(const Scenario& scenario, std::uint64_t count) {
  for (std::uint64_t seed = 1; seed <= count; ++seed) {
    if (scenario.run(seed, true).failure.empty()) continue;
    fmt::print("canary: what is wrong with {} was found out by seed {}\n", scenario.name, seed);
    return 0;
  }
  fmt::print("canary: what is wrong with {} passed {} seeds: the checker is blind\n", scenario.name, count);
  return 1;
}

int run_all(const Scenario& scenario, const std::vector<std::uint64_t>& seeds) {
  Outcome sum;
  for (std::size_t i = 0; i < seeds.size(); ++i) {
    if (!run_seed(scenario, seeds[i], sum, false)) return 1;
    if ((i + 1) % 2000 == 0) fmt::print("{}: {} of {} seeds\n", scenario.name, i + 1, seeds.size());
  }
  fmt::print(
      "{}: {} seeds held: {} events, {} answers checked, {} errors, {} cancelled, {} incidents, {} torn tails cut, "
      "{} damages reported, {} survived, {} snapshots, {} threads taken\n",
      scenario.name, seeds.size(), sum.events, sum.answered, sum.errors, sum.cancelled, sum.incidents, sum.torn_tails,
      sum.damage_reported, sum.damage_survived, sum.snapshots, sum.threads_taken);
  return 0;
}

}  // namespace simulation
