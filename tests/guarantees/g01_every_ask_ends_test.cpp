// G1: every ask ends, with the value or with one of a closed set of errors; none hangs, none is answered twice.
// Attacked by a storm of requests on an actor that answers, delays, forwards, forgets, crashes and is reset, with
// askers that are destroyed, deadlines that race with the answers, and a system that shuts down in the middle.
#include "support/runtimes.hpp"
#include "support/storm.hpp"
#include "understudy/supervision/supervisor.hpp"

#include <gtest/gtest.h>

namespace understudy::test {
namespace {

using std::chrono::milliseconds;

SupervisionOptions options_for(std::uint64_t seed) {
  SeededRandom random(seed);
  SupervisionOptions options;
  options.intensity.restarts = random.chance(70) ? 1'000'000 : static_cast<std::uint32_t>(random.below(4));
  options.backoff.next = Duration(random.below(50'000));
  return options;
}
StormOptions storm_for(std::uint64_t seed, std::uint64_t delay_ns_max) {
  return {.seed = seed,
          .delay_ns_max = delay_ns_max,
          .capacity = static_cast<std::uint32_t>(1 + seed % 5),
          .when_full = static_cast<WhenFull>(seed % 4)};
}

void expect_every_ask_ended(const Tally& tally) {
  EXPECT_EQ(tally.ended(), tally.asked.load());
  EXPECT_EQ(tally.wrong.load(), 0U);
  EXPECT_FALSE(tally.started_twice());
  for (std::size_t code = 0; code < error_code_count; ++code) {
    if (code <= static_cast<std::size_t>(ErrorCode::storage_failed)) continue;
    EXPECT_EQ(tally.failed[code].load(), 0U) << name_of(static_cast<ErrorCode>(code)) << " is not in the set";
  }
}

struct Outcome {
  std::uint64_t hash;
  std::uint64_t answered;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

Outcome run(std::uint64_t seed) {
  const StormOptions options = storm_for(seed, 500 + seed % 11 * 3000);
  const auto tally = make_tally(options);
  Outcome outcome{};
  {
    SimulatedSystem simulation(seed);
    const Supervisor supervisor(simulation.system(), options_for(seed));
    if (seed % 4 == 0) {
      // Shut down in the middle.
      simulation.system().start(storm(simulation.system(), tally, options));
      simulation.run_for(Duration(seed * 7919 % 200'000));
      simulation.system().shutdown(milliseconds(1));
    } else {
      EXPECT_TRUE(wait(simulation.system(), storm(simulation.system(), tally, options)));
    }
    outcome = {.hash = simulation.trace_hash(), .answered = tally->answered.load()};
  }
  expect_every_ask_ended(*tally);
  EXPECT_EQ(tally->tokens.living(), 0);
  return outcome;
}

TEST(G01EveryAskEnds, InSimulation) {
  for (std::uint64_t seed = 1; seed <= 1000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    run(seed);
    ASSERT_FALSE(HasFailure());
  }
}

TEST(G01EveryAskEnds, TheSameWayForTheSameSeed) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) EXPECT_EQ(run(seed), run(seed)) << "seed " << seed;
}

TEST(G01EveryAskEnds, OnRealThreads) {
  std::uint64_t seed = 0;
  for (const std::uint32_t workers : {1U, 2U, 4U}) {
    const Clock& clock = system_clock_source();
    const TimePoint end = clock.now() + milliseconds(600);
    while (clock.now() < end) {
      SCOPED_TRACE(std::to_string(workers) + " workers, storm " + std::to_string(++seed));
      const StormOptions options = storm_for(seed, 500 + seed % 7 * 20'000);
      const auto tally = make_tally(options);
      {
        System system({.workers = workers});
        const Supervisor supervisor(system, options_for(seed));
        if (seed % 3 == 0) {
          system.start(storm(system, tally, options));
          pass_time(system, Duration(seed * 7919 % 400'000));
          system.shutdown(milliseconds(5));
        } else {
          EXPECT_TRUE(wait(system, storm(system, tally, options)));
        }
      }
      expect_every_ask_ended(*tally);
      EXPECT_EQ(tally->tokens.living(), 0);
      ASSERT_FALSE(HasFailure());
    }
  }
}

}  // namespace
}  // namespace understudy::test
