// Attacks: time never goes back, and no duration carries a deadline out of its range.
#include "understudy/base/clock.hpp"

#include "understudy/base/random.hpp"

#include <gtest/gtest.h>

namespace understudy {
namespace {

TEST(Clock, NeverGoesBack) {
  const Clock& clock = system_clock_source();
  TimePoint last = clock.now();
  for (int i = 0; i < 10'000; ++i) {
    const TimePoint now = clock.now();
    ASSERT_GE(now, last);
    last = now;
  }
  EXPECT_GT(clock.wall_now().time_since_epoch(), std::chrono::hours(24 * 365 * 50));
}

TEST(Clock, AfterStaysInRange) {
  const TimePoint now(std::chrono::hours(24 * 365));
  EXPECT_EQ(after(now, Duration(5)), now + Duration(5));
  EXPECT_EQ(after(now, Duration(0)), now);
  EXPECT_EQ(after(now, Duration(-5)), now);
  EXPECT_EQ(after(now, Duration::min()), now);
  EXPECT_EQ(after(now, Duration::max()), TimePoint::max());
  EXPECT_EQ(after(TimePoint::max(), Duration::max()), TimePoint::max());
  EXPECT_EQ(after(TimePoint(Duration(-10)), Duration::max()), TimePoint(Duration::max() - Duration(10)));
}

TEST(Random, DependsOnItsSeedAlone) {
  SeededRandom one(7);
  SeededRandom two(7);
  SeededRandom other(8);
  int same = 0;
  for (int i = 0; i < 1000; ++i) {
    const std::uint64_t number = one.next();
    ASSERT_EQ(number, two.next());
    if (number == other.next()) ++same;
  }
  EXPECT_EQ(same, 0);
  EXPECT_EQ(SeededRandom(0).next(), 0xE220A8397B1DCDAFU) << "SplitMix64's first number for seed 0";
  EXPECT_NE(make_system_random()->next(), make_system_random()->next());
}

TEST(Random, FillsItsRanges) {
  SeededRandom random(1);
  std::array<int, 10> counts{};
  int hits = 0;
  for (int i = 0; i < 100'000; ++i) {
    ++counts.at(random.below(10));
    if (random.chance(25)) ++hits;
  }
  for (const int count : counts) EXPECT_NEAR(count, 10'000, 500);
  EXPECT_NEAR(hits, 25'000, 800);
  EXPECT_FALSE(random.chance(0));
  EXPECT_TRUE(random.chance(100));
}

}  // namespace
}  // namespace understudy
