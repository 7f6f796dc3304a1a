// Attacks: when to restart, how soon, and when to give up.
#include "supervision/restart_policy.hpp"

#include "understudy/base/random.hpp"

#include <gtest/gtest.h>

namespace understudy {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TimePoint at(Duration since_start) { return TimePoint(since_start); }

TEST(RestartPolicy, BacksOffByDoubling) {
  FailureHistory history;
  const RestartIntensity intensity{.restarts = 100, .within = seconds(10)};
  const Backoff backoff{.first = milliseconds(1), .next = milliseconds(10), .longest = milliseconds(55)};
  std::vector<Duration> delays;
  for (int i = 0; i < 7; ++i) {
    const RestartDecision decision = decide_restart(history, at(milliseconds(i)), intensity, backoff);
    ASSERT_TRUE(decision.restart);
    delays.push_back(decision.delay);
  }
  const std::vector<Duration> expected{milliseconds(1),  milliseconds(10), milliseconds(20), milliseconds(40),
                                       milliseconds(55), milliseconds(55), milliseconds(55)};
  EXPECT_EQ(delays, expected);
  const RestartDecision calm = decide_restart(history, at(seconds(60)), intensity, backoff);
  EXPECT_EQ(calm.delay, milliseconds(1)) << "after a quiet time";
  EXPECT_EQ(history.size(), 1U);
}

TEST(RestartPolicy, GivesUpAfterTooManyFailuresInTheWindow) {
  for (std::uint32_t restarts = 0; restarts < 5; ++restarts) {
    FailureHistory history;
    const RestartIntensity intensity{.restarts = restarts, .within = seconds(1)};
    for (std::uint32_t i = 0; i < restarts; ++i) EXPECT_TRUE(decide_restart(history, at({}), intensity, {}).restart);
    EXPECT_FALSE(decide_restart(history, at({}), intensity, {}).restart) << restarts;
  }
}

TEST(RestartPolicy, CountsOnlyTheWindow) {
  FailureHistory history;
  const RestartIntensity intensity{.restarts = 2, .within = seconds(1)};
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(decide_restart(history, at(milliseconds(i * 501)), intensity, {}).restart) << i;
    ASSERT_LE(history.size(), 2U);
  }
  EXPECT_TRUE(decide_restart(history, at(milliseconds(999 * 501 + 1000)), intensity, {}).restart);
  EXPECT_FALSE(decide_restart(history, at(milliseconds(999 * 501 + 1000)), intensity, {}).restart);
}

TEST(RestartPolicy, NeverDelaysLongerThanItMay) {
  for (std::uint64_t seed = 1; seed <= 500; ++seed) {
    SeededRandom random(seed);
    FailureHistory history;
    const RestartIntensity intensity{.restarts = static_cast<std::uint32_t>(random.below(2000)),
                                     .within = Duration(random.below(1'000'000'000))};
    const Backoff backoff{.first = Duration(random.below(1'000'000)),
                          .next = Duration(random.below(1'000'000'000)),
                          .longest = random.chance(10) ? Duration::max() : Duration(random.below(1'000'000'000'000))};
    Duration now{0};
    for (int i = 0; i < 1500; ++i) {
      now += Duration(random.below(10'000'000));
      const RestartDecision decision = decide_restart(history, at(now), intensity, backoff);
      ASSERT_GE(decision.delay, Duration{0}) << "seed " << seed;
      ASSERT_LE(decision.delay, std::max(backoff.first, backoff.longest)) << "seed " << seed;
      ASSERT_EQ(decision.restart, history.size() <= intensity.restarts) << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace understudy
