// ./dev simulate: runs the store's scenario for many seeds, or replays one.
#include "simulation/scenarios/store_under_crashes.hpp"
#include "understudy/base/logging.hpp"

#include <cstdint>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace {

/// Seeds that once failed: one a line, in front of what it found.
std::vector<std::uint64_t> remembered_seeds(const std::string& path) {
  std::vector<std::uint64_t> seeds;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) seeds.push_back(std::stoull(line));
  return seeds;
}

bool run_seed(std::uint64_t seed, simulation::Outcome& sum, bool print) {
  const simulation::Outcome outcome = simulation::run_store_under_crashes(seed, understudy::Durability::always);
  sum.events += outcome.events;
  sum.answered += outcome.answered;
  sum.errors += outcome.errors;
  sum.incidents += outcome.incidents;
  sum.torn_tails += outcome.torn_tails;
  if (print) {
    fmt::print("seed {}: {} events, {} answers, {} errors, {} incidents, trace {:016x}\n", seed, outcome.events,
               outcome.answered, outcome.errors, outcome.incidents, outcome.trace_hash);
  }
  if (outcome.failure.empty()) return true;
  fmt::print("\nFAILED with seed {}: {}\nreplay it: ./dev simulate --seed {}\n", seed, outcome.failure, seed);
  return false;
}

/// A store that answers before it has written loses acknowledged writes; if no seed shows that, the checker is blind.
int run_canary(std::uint64_t count) {
  for (std::uint64_t seed = 1; seed <= count; ++seed) {
    if (simulation::run_store_under_crashes(seed, understudy::Durability::none).failure.empty()) continue;
    fmt::print("canary: the store that answers too early was found out by seed {}\n", seed);
    return 0;
  }
  fmt::print("canary: a store that answers before it has written passed {} seeds: the checker is blind\n", count);
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  std::uint64_t count = 100;
  std::optional<std::uint64_t> only;
  std::string remembered;
  bool verbose = false;
  bool canary = false;
  CLI::App app("Runs the whole store in the simulation: random scheduling, crashes, resets, torn writes");
  app.add_option("--seeds", count, "how many seeds to run")->check(CLI::PositiveNumber);
  app.add_option("--seed", only, "replay this seed alone");
  app.add_option("--remembered", remembered, "a file of seeds to run first")->check(CLI::ExistingFile);
  app.add_flag("--canary", canary, "check the checker: run a store that is wrong, which must be found out");
  app.add_flag("--verbose", verbose, "show the library's log");
  CLI11_PARSE(app, argc, argv);
  understudy::set_log_level(verbose ? understudy::LogLevel::debug : understudy::LogLevel::off);

  if (canary) return run_canary(count);
  simulation::Outcome sum;
  if (only) return run_seed(*only, sum, true) ? 0 : 1;
  std::vector<std::uint64_t> seeds = remembered.empty() ? std::vector<std::uint64_t>{} : remembered_seeds(remembered);
  for (std::uint64_t i = 0; i < count; ++i) seeds.push_back(1 + i);
  for (std::size_t i = 0; i < seeds.size(); ++i) {
    if (!run_seed(seeds[i], sum, false)) return 1;
    if ((i + 1) % 500 == 0) fmt::print("{} of {} seeds\n", i + 1, seeds.size());
  }
  fmt::print("{} seeds held: {} events, {} answers checked, {} errors, {} incidents, {} torn tails cut\n", seeds.size(),
             sum.events, sum.answered, sum.errors, sum.incidents, sum.torn_tails);
  return 0;
}
