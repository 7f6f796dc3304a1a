#include "simulation/runs.hpp"

#include "simulation/scenarios/actors_under_cancellation.hpp"
#include "simulation/scenarios/actors_under_failures.hpp"
#include "simulation/scenarios/durable_under_crashes.hpp"
#include "simulation/scenarios/store_under_crashes.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace simulation {

namespace {

Outcome run_store(std::uint64_t seed, bool canary, const Limits& limits) {
  using understudy::Durability;
  return run_store_under_crashes(seed, canary ? Durability::none : Durability::always, limits);
}

/// Those that are short enough as they are.
template <Outcome (*run)(std::uint64_t seed, bool canary)>
Outcome run_whole(std::uint64_t seed, bool canary, const Limits& /*limits*/) {
  return run(seed, canary);
}

/// The least of everything with which the seed fails, one after the other.
Limits shorten(const Scenario& scenario, std::uint64_t seed, bool canary, const Limits& given) {
  constexpr std::uint64_t drawn_max = 30;
  Limits least = given;
  if (!scenario.can_be_shortened) return least;
  std::uint64_t events = scenario.run(seed, canary, given).events;
  for (const LimitName& limit : limit_names) {
    Limits tried = least;
    for (tried.*limit.value = limit.least; tried.*limit.value < std::min(drawn_max, least.*limit.value);
         ++(tried.*limit.value)) {
      const Outcome outcome = scenario.run(seed, canary, tried);
      if (outcome.failure.empty() || outcome.events >= events) continue;
      events = outcome.events;
      least = tried;
      break;
    }
  }
  return least;
}

std::string replay(const Scenario& scenario, std::uint64_t seed, const Limits& limits) {
  std::string command = fmt::format("./dev simulate --scenario {} --seed {}", scenario.name, seed);
  for (const LimitName& limit : limit_names) {
    if (limits.*limit.value != Limits::none) command += fmt::format(" --{} {}", limit.name, limits.*limit.value);
  }
  return command;
}

void print_failure(const Scenario& scenario, std::uint64_t seed, bool canary, const Limits& limits,
                   const Outcome& outcome) {
  fmt::print("\nFAILED: {} with seed {}: {}\nreplay it: {}\n", scenario.name, seed, outcome.failure,
             replay(scenario, seed, limits));
  const Limits least = shorten(scenario, seed, canary, limits);
  const Outcome shortened = scenario.run(seed, canary, least);
  if (shortened.events >= outcome.events) return;
  fmt::print("shortened from {} events to {}: {}\nreplay that: {}\n", outcome.events, shortened.events,
             shortened.failure, replay(scenario, seed, least));
}

}  // namespace

const std::vector<Scenario>& scenarios() {
  static const std::vector<Scenario> all = {{"store", run_store, true},
                                            {"durable", run_durable_under_crashes, true},
                                            {"actors", run_whole<run_actors_under_cancellation>},
                                            {"failures", run_whole<run_actors_under_failures>},
                                            {"holders", run_whole<run_actors_that_hold_threads>}};
  return all;
}

bool run_seed(const Scenario& scenario, std::uint64_t seed, const Limits& limits, Outcome& sum, bool print) {
  const Outcome outcome = scenario.run(seed, false, limits);
  sum.add(outcome);
  if (print) {
    fmt::print(
        "{} seed {}: {} events, {} answers, {} errors, {} cancelled, {} incidents, {} threads taken, trace {:016x}\n",
        scenario.name, seed, outcome.events, outcome.answered, outcome.errors, outcome.cancelled, outcome.incidents,
        outcome.threads_taken, outcome.trace_hash);
  }
  if (outcome.failure.empty()) return true;
  print_failure(scenario, seed, false, limits, outcome);
  return false;
}

int run_canary(const Scenario& scenario, std::uint64_t count) {
  for (std::uint64_t seed = 1; seed <= count; ++seed) {
    const Outcome outcome = scenario.run(seed, true, {});
    if (outcome.failure.empty()) continue;
    const Outcome shortened = scenario.run(seed, true, shorten(scenario, seed, true, {}));
    if (shortened.failure.empty()) {
      fmt::print("canary: seed {} of {} was not shortened, but lost\n", seed, scenario.name);
      return 1;
    }
    fmt::print("canary: what is wrong with {} was found out by seed {}, in {} events, shortened to {}\n", scenario.name,
               seed, outcome.events, shortened.events);
    return 0;
  }
  fmt::print("canary: what is wrong with {} passed {} seeds: the checker is blind\n", scenario.name, count);
  return 1;
}

int run_all(const Scenario& scenario, const std::vector<std::uint64_t>& seeds) {
  Outcome sum;
  for (std::size_t i = 0; i < seeds.size(); ++i) {
    if (!run_seed(scenario, seeds[i], {}, sum, false)) return 1;
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
