#include "simulation/scenarios/actors_under_cancellation.hpp"

#include "support/storm.hpp"
#include "understudy/runtime/wait.hpp"
#include "understudy/simulation/simulated_system.hpp"
#include "understudy/supervision/supervisor.hpp"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

namespace us = understudy;

namespace simulation {
namespace {

using us::test::StormOptions;
using us::test::Tally;

StormOptions draw_options(us::SeededRandom& random) {
  constexpr std::uint64_t scales[] = {300, 5'000, 60'000, 30'000'000};  // With the last, some are stuck.
  return {.seed = random.next(),
          .askers = 1 + random.below(8),
          .jobs_each = 1 + random.below(10),
          .delay_ns_max = scales[random.below(4)],
          .blows = random.below(8),
          .capacity = 1 + static_cast<std::uint32_t>(random.below(6)),
          .when_full = random.chance(70) ? us::WhenFull::wait : us::WhenFull::reject};
}

/// An asker that does not count itself out when it is destroyed: what a lost ask would look like.
us::Task<> lost_asker(us::System& system, std::shared_ptr<Tally> tally) {
  const auto sleeper = [](us::Mailbox<us::test::Job>&) -> us::Task<> {
    co_await us::sleep(std::chrono::milliseconds(200));
  };
  const us::Address<us::test::Job> deaf = system.spawn("deaf", sleeper, {.restart = us::Restart::temporary});
  ++tally->asked;
  const us::Result<std::uint64_t> answer = co_await deaf.ask<us::test::Job>(
      std::uint64_t{0}, us::test::Treatment::answer, us::Duration{0}, us::test::Counted(tally->tokens));
  tally->note(0, answer);
}

std::string verdict(const Tally& tally) {
  if (tally.wrong != 0) return fmt::format("{} askers got somebody else's answer", tally.wrong.load());
  if (tally.started_twice()) return "a request was started twice";
  if (tally.asked != tally.ended()) {
    return fmt::format("{} asks were made, {} ended: {} answered, {} errors, {} destroyed", tally.asked.load(),
                       tally.ended(), tally.answered.load(), tally.failures(), tally.destroyed.load());
  }
  if (tally.tokens.living() != 0) return fmt::format("{} objects are left over", tally.tokens.living());
  for (std::size_t code = 0; code < us::error_code_count; ++code) {
    const bool of_an_ask = code <= static_cast<std::size_t>(us::ErrorCode::storage_failed);
    if (!of_an_ask && tally.failed[code] != 0) {
      return fmt::format("an ask ended with {}", us::name_of(static_cast<us::ErrorCode>(code)));
    }
  }
  return "";
}

/// Everything ends at once, in one of the ways in which it can.
void strike(us::SeededRandom& random, us::SimulatedSystem& simulation, us::TaskGroup& storms) {
  switch (random.below(4)) {
    case 0:  // Nothing happens: the storm ends by itself.
      static_cast<void>(us::wait(simulation.system(), storms.join()));
      break;
    case 1:
      storms.cancel();
      for (std::uint64_t left = random.below(200); left > 0 && simulation.step();) --left;
      break;
    case 2:
      simulation.system().shutdown(us::Duration(random.below(200'000)));
      break;
    default:  // The system is destroyed as it is.
      break;
  }
}

}  // namespace

Outcome run_actors_under_cancellation(std::uint64_t seed, bool canary) {
  us::SeededRandom random(seed ^ 0xAC70'25C0'FFEEU);
  const StormOptions options = draw_options(random);
  const std::shared_ptr<Tally> tally = us::test::make_tally(options);
  Outcome outcome;
  {
    us::SimulatedSystem simulation(seed);
    us::System& system = simulation.system();
    std::optional<us::Supervisor> supervisor;
    if (random.chance(80)) {
      supervisor.emplace(system, us::SupervisionOptions{.heartbeat = std::chrono::milliseconds(10),
                                                        .cutoff = std::chrono::milliseconds(10 + random.below(30)),
                                                        .intensity = {.restarts = 100},
                                                        .backoff = {.next = us::Duration(random.below(50'000))}});
    }
    us::TaskGroup storms(system);
    storms.spawn(us::test::storm(system, tally, options));
    if (canary) storms.spawn(lost_asker(system, tally));
    for (std::uint64_t left = random.below(3000); left > 0 && simulation.step();) --left;
    strike(random, simulation, storms);
    outcome.events = simulation.steps();
    outcome.trace_hash = simulation.trace_hash();
    if (supervisor) outcome.incidents = supervisor->incident_count();
  }
  outcome.answered = tally->answered;
  outcome.errors = tally->failures();
  outcome.cancelled = tally->destroyed;
  outcome.failure = verdict(*tally);
  return outcome;
}

}  // namespace simulation
