// Attacks: an interval keeps its rate whatever lies between its ticks, counts what was missed, and may be destroyed at
// any moment.
#include "understudy/runtime/interval.hpp"

#include "support/counted.hpp"
#include "support/runtimes.hpp"
#include "understudy/runtime/task_group.hpp"

#include <gtest/gtest.h>

namespace understudy::test {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;

Task<> keep_the_rate(System& system, Duration period, Duration work_max, std::uint64_t seed, int rounds) {
  SeededRandom random(seed);
  const TimePoint start = system.clock().now();
  Interval interval(period);
  EXPECT_GE(interval.next(), start + period);
  const TimePoint zero = interval.next() - period;
  std::uint64_t ticks = 0;
  for (int round = 0; round < rounds; ++round) {
    const TimePoint before = system.clock().now();
    const bool late = before >= interval.next();
    const std::uint64_t due = co_await interval.tick();
    const TimePoint now = system.clock().now();
    EXPECT_GE(due, 1U);
    if (!late && now < zero + period * static_cast<int>(ticks + 2)) {
      EXPECT_EQ(due, 1U);
    }
    ticks += due;
    // All that are due by now have been given, none that is not.
    EXPECT_GE(now, zero + period * static_cast<int>(ticks));
    EXPECT_EQ(interval.next(), zero + period * static_cast<int>(ticks + 1)) << "the phase is kept";
    if (random.chance(60)) co_await sleep(Duration(random.below(static_cast<std::uint64_t>(work_max.count()))));
  }
}

TEST(Interval, KeepsItsRateAndCountsWhatItMisses) {
  on_every_runtime(
      [](System& system) {
        const std::uint64_t seed = system.random_number();
        ASSERT_TRUE(wait(system, keep_the_rate(system, microseconds(50), microseconds(40), seed, 100)));
        ASSERT_TRUE(wait(system, keep_the_rate(system, microseconds(50), microseconds(400), seed, 100)));
      },
      200);
}

Task<std::uint64_t> come_late() {
  Interval interval{milliseconds(10)};
  co_await sleep(milliseconds(35));
  const std::uint64_t due = co_await interval.tick();
  EXPECT_EQ(co_await interval.tick(), 1U);
  co_return due;
}

TEST(Interval, GivesMissedTicksAtOnceAndOnce) {
  for_each_seed(20, [](SimulatedSystem& simulation) {
    const TimePoint start = simulation.system().clock().now();
    EXPECT_EQ(wait(simulation.system(), come_late()), 3U);
    EXPECT_LT(simulation.system().clock().now() - start, milliseconds(41));
  });
}

TEST(Interval, OfNothingOrForEver) {
  on_every_runtime([](System& system) {
    const auto nothing = []() -> Task<> {
      for (const Duration period : {Duration(0), Duration(-5), Duration::min()}) {
        Interval interval{period};
        for (int i = 0; i < 10; ++i) EXPECT_GE(co_await interval.tick(), 1U);
      }
    };
    ASSERT_TRUE(wait(system, nothing()));
    const auto for_ever = []() -> Task<> {
      Interval interval{Duration::max()};
      const std::uint64_t due = co_await interval.tick();
      ADD_FAILURE() << due;
    };
    TaskGroup group(system);
    group.spawn(for_ever());
    pass_time(system, milliseconds(1));
    EXPECT_EQ(group.size(), 1U);
  });
}

Task<> tick_often(Census census, std::uint64_t seed) {
  const Counted life(census);
  SeededRandom random(seed);
  Interval interval{Duration(1 + random.below(5000))};
  for (;;) {
    const Counted inner(census);
    static_cast<void>(co_await interval.tick());
  }
}

TEST(Interval, MayBeDestroyedAtAnyMoment) {
  on_every_runtime(
      [](System& system) {
        const Census census;
        SeededRandom random(system.random_number());
        for (int round = 0; round < 20; ++round) {
          TaskGroup group(system);
          for (int i = 0; i < 10; ++i) group.spawn(tick_often(census, random.next()));
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
