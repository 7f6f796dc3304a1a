// ./dev simulate: runs the scenarios for many seeds, or replays one.
#include "simulation/runs.hpp"
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

}  // namespace

int main(int argc, char** argv) {
  std::uint64_t count = 100;
  std::optional<std::uint64_t> only;
  std::string remembered;
  std::string wanted;
  bool verbose = false;
  bool canary = false;
  CLI::App app(
      "Runs scenarios in the simulation, each with every seed.\n"
      "  store     the whole store under random scheduling, crashes, resets, torn writes\n"
      "  durable   a durable actor under the same, over two releases of its program\n"
      "  actors    actors and askers under cancellation, resets and shutdown at random moments\n"
      "  failures  supervised actors that crash and hang at any suspension point\n"
      "  holders   the same, that hold their threads too, and come back at any time");
  app.add_option("--seeds", count, "how many seeds to run")->check(CLI::PositiveNumber);
  app.add_option("--seed", only, "replay this seed alone");
  app.add_option("--scenario", wanted, "store, durable, actors, failures or holders; without it, all")
      ->check(CLI::IsMember({"store", "durable", "actors", "failures", "holders"}));
  app.add_option("--remembered", remembered, "a file of seeds to run first")->check(CLI::ExistingFile);
  simulation::Limits limits;
  for (const simulation::LimitName& limit : simulation::limit_names) {
    app.add_option("--" + std::string(limit.name), limits.*limit.value,
                   "with --seed: no more of them than that, as a seed that fails is shortened");
  }
  app.add_flag("--canary", canary, "check the checkers: run what is wrong, which must be found out");
  app.add_flag("--verbose", verbose, "show the library's log");
  CLI11_PARSE(app, argc, argv);
  understudy::set_log_level(verbose ? understudy::LogLevel::debug : understudy::LogLevel::off);

  std::vector<std::uint64_t> seeds = remembered.empty() ? std::vector<std::uint64_t>{} : remembered_seeds(remembered);
  for (std::uint64_t i = 0; i < count; ++i) seeds.push_back(1 + i);
  int result = 0;
  for (const simulation::Scenario& scenario : simulation::scenarios()) {
    if (!wanted.empty() && scenario.name != wanted) continue;
    if (canary) {
      result |= run_canary(scenario, count);
    } else if (only) {
      simulation::Outcome outcome;
      result |= run_seed(scenario, *only, limits, outcome, true) ? 0 : 1;
    } else {
      result |= run_all(scenario, seeds);
    }
  }
  return result;
}
