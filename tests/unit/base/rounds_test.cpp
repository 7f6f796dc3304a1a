// Attacks: a round is never now and never past, at the most a round away, and the same for all who ask between two.
#include "understudy/base/detail/rounds.hpp"

#include "understudy/base/random.hpp"

#include <gtest/gtest.h>

namespace understudy::detail {
namespace {

TEST(Rounds, AreTheSameForAllWhoAskBetweenTwo) {
  SeededRandom random(3);
  for (int i = 0; i < 10'000; ++i) {
    const Duration round(1 + static_cast<std::int64_t>(random.below(50'000'000)));
    const TimePoint now(Duration(static_cast<std::int64_t>(random.below(std::uint64_t{1} << 55U))));
    const TimePoint next = next_round(now, round);
    ASSERT_GT(next, now);
    ASSERT_LE(next - now, round);
    ASSERT_EQ(next.time_since_epoch() % round, Duration{0});
    ASSERT_EQ(next_round(next - Duration{1}, round), next);
    ASSERT_EQ(next_round(next, round), next + round) << "an hour that strikes is over";
  }
}

TEST(Rounds, OfALongerOneAreRoundsOfAShorter) {
  const TimePoint now(std::chrono::nanoseconds(123'456'789'012'345));
  const TimePoint next = next_round(now, std::chrono::milliseconds(20));
  EXPECT_EQ(next, next_round(next - Duration{1}, std::chrono::milliseconds(10)));
}

TEST(Rounds, EndWithTime) { EXPECT_EQ(next_round(TimePoint::max(), std::chrono::seconds(1)), TimePoint::max()); }

}  // namespace
}  // namespace understudy::detail
