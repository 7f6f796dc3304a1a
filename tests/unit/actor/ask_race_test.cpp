// Attacks: an ask ends once, whoever comes first: the answer, its deadline, the death of its asker, of its actor, or of
// the Reply. The delays are as short as the steps of the simulation, so that all orders occur.
#include "support/runtimes.hpp"
#include "support/storm.hpp"
#include "understudy/supervision/supervisor.hpp"

#include <gtest/gtest.h>

namespace understudy::test {
namespace {

SupervisionOptions tireless() {
  return {.intensity = {.restarts = 1'000'000, .within = std::chrono::seconds(1)},
          .backoff = {.first = Duration{0}, .next = Duration{0}, .longest = Duration{0}},
          .on_incident = {}};
}

void expect_accounted_for(const Tally& tally) {
  EXPECT_EQ(tally.ended(), tally.asked.load());
  EXPECT_EQ(tally.wrong.load(), 0U);
  EXPECT_FALSE(tally.started_twice());
  EXPECT_EQ(tally.of(ErrorCode::mailbox_full), 0U);
  EXPECT_EQ(tally.of(ErrorCode::cancelled), 0U);
}

TEST(AskRace, EveryAskEndsOnceInSimulation) {
  for (std::uint64_t seed = 1; seed <= 3000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const StormOptions options{.seed = seed, .delay_ns_max = 1000 + seed % 7 * 4000};
    const auto tally = make_tally(options);
    {
      SimulatedSystem simulation(seed);
      const Supervisor supervisor(simulation.system(), tireless());
      ASSERT_TRUE(wait(simulation.system(), storm(simulation.system(), tally, options)));
      expect_accounted_for(*tally);
    }
    ASSERT_EQ(tally->tokens.living(), 0);
  }
}

TEST(AskRace, EveryAskEndsOnceOnRealThreads) {
  on_real_threads([](System& system) {
    const Supervisor supervisor(system, tireless());
    const TimePoint end = system.clock().now() + std::chrono::milliseconds(700);
    for (std::uint64_t seed = 1; system.clock().now() < end; ++seed) {
      const StormOptions options{.seed = seed, .delay_ns_max = 1000 + seed % 5 * 30'000};
      const auto tally = make_tally(options);
      ASSERT_TRUE(wait(system, storm(system, tally, options)));
      expect_accounted_for(*tally);
    }
  });
}

TEST(AskRace, OneSeedGivesOneHistory) {
  const auto run = [](std::uint64_t seed) {
    const StormOptions options{.seed = seed};
    const auto tally = make_tally(options);
    SimulatedSystem simulation(seed);
    const Supervisor supervisor(simulation.system(), tireless());
    EXPECT_TRUE(wait(simulation.system(), storm(simulation.system(), tally, options)));
    return std::pair(simulation.trace_hash(), tally->answered.load());
  };
  for (std::uint64_t seed = 1; seed <= 20; ++seed) EXPECT_EQ(run(seed), run(seed)) << "seed " << seed;
  EXPECT_NE(run(1).first, run(2).first);
}

}  // namespace
}  // namespace understudy::test
