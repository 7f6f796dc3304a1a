// Attacks: the pairing heap of timers gives them out in the order of their deadlines, those with one deadline in the
// order in which they were started; against a sorted model, under random operations.
#include "simulation/timer_queue.hpp"

#include "understudy/base/random.hpp"

#include <map>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

namespace understudy::detail {
namespace {

struct TestTimer final : Timer {
  void fire() noexcept override {}
};

TimePoint at(std::uint64_t nanoseconds) { return TimePoint(Duration(nanoseconds)); }

TEST(TimerQueue, BehavesLikeASortedList) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    SeededRandom random(seed);
    const std::uint64_t deadlines = 1 + random.below(seed % 2 == 0 ? 20 : 100'000);
    std::vector<std::unique_ptr<TestTimer>> timers;
    for (int i = 0; i < 100; ++i) timers.push_back(std::make_unique<TestTimer>());
    std::multimap<TimePoint, TestTimer*> model;  // Equal keys stand in the order of their insertion.
    TimerQueue queue;
    const auto find = [&](const TestTimer* timer) {
      return std::ranges::find_if(model, [&](const auto& entry) { return entry.second == timer; });
    };
    for (int step = 0; step < 2000; ++step) {
      TestTimer* timer = timers[random.below(timers.size())].get();
      const auto found = find(timer);
      switch (random.below(3)) {
        case 0:
          if (found == model.end()) {
            const TimePoint deadline = at(random.below(deadlines));
            const bool earliest = model.empty() || deadline < model.begin()->first;
            ASSERT_EQ(queue.start(*timer, deadline), earliest);
            model.emplace(deadline, timer);
          }
          break;
        case 1:
          ASSERT_EQ(queue.remove(*timer), found != model.end());
          if (found != model.end()) model.erase(found);
          break;
        default: {
          const TimePoint now = at(random.below(deadlines));
          const Timer* expected = !model.empty() && model.begin()->first <= now ? model.begin()->second : nullptr;
          ASSERT_EQ(queue.take_due(now), expected);
          if (expected != nullptr) model.erase(model.begin());
        }
      }
      ASSERT_EQ(queue.next_deadline().has_value(), !model.empty());
      if (!model.empty()) {
        ASSERT_EQ(*queue.next_deadline(), model.begin()->first);
      }
    }
    while (!model.empty()) {
      ASSERT_EQ(queue.take_due(TimePoint::max()), model.begin()->second);
      model.erase(model.begin());
    }
    ASSERT_EQ(queue.take_due(TimePoint::max()), nullptr);
  }
}

TEST(TimerQueue, HoldsManyTimersWithoutRecursion) {
  constexpr std::uint64_t count = 200'000;
  std::vector<TestTimer> timers(count);
  TimerQueue queue;
  for (std::uint64_t i = 0; i < count; ++i) queue.start(timers[i], at(count - i));
  for (std::uint64_t i = count; i-- > 0;) ASSERT_EQ(queue.take_due(at(count)), &timers[i]);
  for (std::uint64_t i = 0; i < count; ++i) queue.start(timers[i], at(i));
  for (std::uint64_t i = 0; i < count; i += 2) ASSERT_TRUE(queue.remove(timers[i]));
  for (std::uint64_t i = 1; i < count; i += 2) ASSERT_EQ(queue.take_due(at(count)), &timers[i]);
  EXPECT_FALSE(queue.next_deadline().has_value());
}

}  // namespace
}  // namespace understudy::detail
