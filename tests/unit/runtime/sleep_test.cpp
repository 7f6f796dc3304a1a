// Attacks: sleepers wake in the order of their deadlines, not early, and may be destroyed at any moment.
#include "understudy/runtime/sleep.hpp"

#include "support/counted.hpp"
#include "support/runtimes.hpp"
#include "understudy/runtime/task_group.hpp"

#include <mutex>
#include <vector>

#include <gtest/gtest.h>

namespace understudy::test {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

TEST(Sleep, LastsAsLongAsItSays) {
  on_every_runtime([](System& system) {
    for (const Duration duration : {Duration(1), Duration(microseconds(10)), Duration(milliseconds(2))}) {
      const TimePoint start = system.clock().now();
      ASSERT_TRUE(wait(system, pause(duration)));
      EXPECT_GE(system.clock().now() - start, duration);
    }
  });
}

TEST(Sleep, TakesNoRealTimeInSimulation) {
  SimulatedSystem simulation(1);
  ASSERT_TRUE(wait(simulation.system(), pause(std::chrono::hours(1000))));
  EXPECT_GE(simulation.now(), std::chrono::hours(1000));
  EXPECT_LT(simulation.now(), std::chrono::hours(1000) + milliseconds(1));
}

TEST(Sleep, OfZeroOrLessYields) {
  on_every_runtime([](System& system) {
    ASSERT_TRUE(wait(system, pause(Duration(0))));
    ASSERT_TRUE(wait(system, pause(Duration(-5))));
    ASSERT_TRUE(wait(system, pause(Duration::min())));
  });
}

TEST(Sleep, OfTheLongestDurationIsForEver) {
  on_every_runtime([](System& system) {
    TaskGroup group(system);
    group.spawn(pause(Duration::max()));
    pass_time(system, milliseconds(1));
    EXPECT_EQ(group.size(), 1U);
  });
}

TEST(Sleep, WakesInTheOrderOfDeadlines) {
  for_each_seed(100, [](SimulatedSystem& simulation) {
    SeededRandom random(simulation.seed());
    std::vector<std::uint64_t> woken;
    TaskGroup group(simulation.system());
    const auto sleeper = [&woken](std::uint64_t milli) -> Task<> {
      co_await sleep(milliseconds(milli));
      woken.push_back(milli);
    };
    for (int i = 0; i < 50; ++i) group.spawn(sleeper(1 + random.below(1000)));
    ASSERT_TRUE(wait(simulation.system(), group.join()));
    EXPECT_TRUE(std::ranges::is_sorted(woken));
    EXPECT_EQ(woken.size(), 50U);
  });
}

Task<> sleep_often(Census census, std::uint64_t seed) {
  const Counted life(census);
  SeededRandom random(seed);
  for (;;) {
    const Counted inner(census);
    co_await sleep(Duration(random.below(20'000)));
  }
}

TEST(Sleep, MayBeDestroyedAtAnyMoment) {
  on_every_runtime(
      [](System& system) {
        const Census census;
        SeededRandom random(system.random_number());
        for (int round = 0; round < 50; ++round) {
          TaskGroup group(system);
          for (int i = 0; i < 20; ++i) group.spawn(sleep_often(census, random.next()));
          ASSERT_TRUE(wait(system, pause(Duration(random.below(50'000)))));
          group.cancel();
          ASSERT_TRUE(wait(system, group.join()));
          ASSERT_EQ(census.living(), 0);
        }
      },
      100);
}

}  // namespace
}  // namespace understudy::test
