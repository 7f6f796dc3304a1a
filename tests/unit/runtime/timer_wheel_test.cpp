// Attacks: the wheel gives out each timer once, never before its deadline, and at the first look that is a tick or more
// after it; next_wake never lies behind a timer, nor, while there are few, before all of them; against a list as the
// model, under random operations on all scales.
#include "runtime/timer_wheel.hpp"

#include "understudy/base/random.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

namespace understudy::detail {
namespace {

struct TestTimer final : Timer {
  void fire() noexcept override {}
};

constexpr Duration tick(std::int64_t{1} << TimerWheel::tick_bits);

TimePoint at(std::uint64_t nanoseconds) { return TimePoint(Duration(static_cast<std::int64_t>(nanoseconds))); }

class Model {
 public:
  TimerWheel wheel;
  std::map<Timer*, TimePoint> started;

  void start(Timer& timer, TimePoint deadline) {
    wheel.start(timer, deadline);
    started.emplace(&timer, deadline);
  }
  /// Takes all that is due at `now`, and checks that it is neither too little nor too much.
  void take(TimePoint now) {
    while (Timer* due = wheel.take_due(now)) {
      const auto found = started.find(due);
      ASSERT_NE(found, started.end()) << "given out twice";
      ASSERT_LE(found->second, now) << "too early";
      started.erase(found);
    }
    for (const auto& [timer, deadline] : started) ASSERT_GT(deadline + tick, now) << "too late";
  }
  void check_wake() const {
    const std::optional<TimePoint> wake = wheel.next_wake();
    ASSERT_EQ(wake.has_value(), !started.empty());
    for (const auto& [timer, deadline] : started) ASSERT_LT(*wake, deadline + tick);
    if (started.empty() || started.size() > 16) return;
    ASSERT_TRUE(std::ranges::any_of(started, [&](const auto& each) { return each.second <= *wake; }))
        << "somebody is woken for nothing";
  }
};

TEST(TimerWheel, BehavesLikeAListOnEveryScale) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    SeededRandom random(seed);
    const std::uint64_t scale = std::uint64_t{1} << (12 + random.below(45));
    std::vector<std::unique_ptr<TestTimer>> timers;
    for (int i = 0; i < 60; ++i) timers.push_back(std::make_unique<TestTimer>());
    Model model;
    std::uint64_t now = random.below(2) == 0 ? 0 : random.below(std::uint64_t{1} << 60U);
    for (int step = 0; step < 1500; ++step) {
      TestTimer& timer = *timers[random.below(timers.size())];
      switch (random.below(4)) {
        case 0:
        case 1:
          if (!model.started.contains(&timer)) model.start(timer, at(now + random.below(scale)));
          break;
        case 2:
          ASSERT_EQ(model.wheel.remove(timer), model.started.erase(&timer) == 1);
          break;
        default:
          now += random.below(1 + scale / (1 + random.below(50)));
          ASSERT_NO_FATAL_FAILURE(model.take(at(now)));
      }
      ASSERT_NO_FATAL_FAILURE(model.check_wake());
    }
  }
}

/// How often somebody is woken before the first of `count` timers, all of which are a year away, is due.
int wakes_in_vain(std::size_t count) {
  TimerWheel wheel;
  std::vector<std::unique_ptr<TestTimer>> timers;
  const TimePoint begin = at(std::uint64_t{1} << 55U);
  EXPECT_EQ(wheel.take_due(begin), nullptr);
  while (timers.size() < count) {
    timers.push_back(std::make_unique<TestTimer>());
    wheel.start(*timers.back(), begin + std::chrono::hours(24 * 365));
  }
  int wakes = 0;
  while (wakes < 100 && wheel.take_due(wheel.next_wake().value()) == nullptr) ++wakes;
  for (const auto& timer : timers) wheel.remove(*timer);
  EXPECT_FALSE(wheel.next_wake().has_value());
  return wakes;
}

TEST(TimerWheel, WakesNobodyInVainForATimerThatIsFarAway) { EXPECT_EQ(wakes_in_vain(1), 0); }

TEST(TimerWheel, WakesAFewTimesForManyThatAreFarAway) { EXPECT_LE(wakes_in_vain(100), 8) << "once a level at most"; }

TEST(TimerWheel, SaysWhenItGivesOutATimer) {
  SeededRandom random(11);
  for (int i = 0; i < 1000; ++i) {
    TimerWheel wheel;
    TestTimer timer;
    const TimePoint now = at(random.below(std::uint64_t{1} << 50U));
    const TimePoint deadline = now + Duration(static_cast<std::int64_t>(random.below(1'000'000'000)));
    const TimePoint due = TimerWheel::due_at(deadline);
    ASSERT_GE(due, deadline);
    ASSERT_LT(due, deadline + tick);
    ASSERT_EQ(wheel.take_due(now), nullptr);
    wheel.start(timer, deadline);
    ASSERT_EQ(wheel.take_due(due - Duration{1}), nullptr);
    ASSERT_EQ(wheel.take_due(due), &timer);
  }
  EXPECT_EQ(TimerWheel::due_at(TimePoint::max()), TimePoint::max());
}

TEST(TimerWheel, TakesTheEndOfTimeAndThePast) {
  TimerWheel wheel;
  TestTimer never;
  TestTimer past;
  const TimePoint now = at(std::uint64_t{1} << 50U);
  ASSERT_EQ(wheel.take_due(now), nullptr);
  wheel.start(never, TimePoint::max());
  EXPECT_EQ(wheel.next_wake(), TimePoint::max());
  wheel.start(past, TimePoint::min());
  EXPECT_LE(*wheel.next_wake(), now);
  EXPECT_EQ(wheel.take_due(now), &past);
  EXPECT_EQ(wheel.take_due(now + std::chrono::hours(24 * 365 * 100)), nullptr);
  EXPECT_TRUE(wheel.remove(never));
  EXPECT_FALSE(wheel.remove(never));
}

}  // namespace
}  // namespace understudy::detail
