// Attacks: no wake-up is lost, however idle the workers were and whoever makes the work; all of it is run; and idle
// workers use no processor.
#include "support/runtimes.hpp"
#include "understudy/runtime/task_group.hpp"

#include <atomic>
#include <ctime>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace understudy::test {
namespace {

struct Ball {
  int bounces;
};

/// Hits the ball back until it has bounced often enough.
Task<> player(Mailbox<Ball>& inbox, std::shared_ptr<Address<Ball>> other, std::shared_ptr<std::atomic<bool>> over) {
  while (auto ball = co_await inbox.receive()) {
    if (ball->bounces == 0) {
      over->store(true);
      over->notify_all();
    } else {
      static_cast<void>(co_await other->tell(Ball{ball->bounces - 1}));
    }
  }
}

/// Each hit has to wake a worker that is about to park, or has.
TEST(Parking, LosesNoWakeUpBetweenSystems) {
  System one({.workers = 1});
  System two({.workers = 2});
  const auto over = std::make_shared<std::atomic<bool>>(false);
  const auto first = std::make_shared<Address<Ball>>();
  const auto second = std::make_shared<Address<Ball>>();
  *first = one.spawn("first", player, {}, second, over);
  *second = two.spawn("second", player, {}, first, over);
  ASSERT_TRUE(first->try_tell(Ball{100'000}));
  over->wait(false);
}

TEST(Parking, LosesNoWakeUpFromPlainThreads) {
  on_real_threads([](System& system) {
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i) {
      threads.emplace_back([&system] {
        for (int round = 0; round < 3000; ++round) ASSERT_TRUE(wait(system, []() -> Task<> { co_return; }()));
      });
    }
    for (std::thread& thread : threads) thread.join();
  });
}

Task<> branch(TaskGroup& group, std::atomic<int>& run, int depth) {
  ++run;
  if (depth > 0) {
    group.spawn(branch(group, run, depth - 1));
    co_await yield();
    group.spawn(branch(group, run, depth - 1));
  }
}

TEST(Parking, RunsEveryBurstAfterIdleness) {
  on_real_threads([](System& system) {
    SeededRandom random(system.worker_count());
    for (int round = 0; round < 300; ++round) {
      std::atomic<int> run = 0;
      TaskGroup group(system);
      if (round % 3 == 0) pass_time(system, Duration(random.below(200'000)));
      group.spawn(branch(group, run, round % 8));
      ASSERT_TRUE(wait(system, group.join()));
      ASSERT_EQ(run.load(), (1 << (round % 8 + 1)) - 1);
    }
  });
}

TEST(Parking, IdleWorkersUseNoProcessor) {
  System system({.workers = 4});
  pass_time(system, std::chrono::milliseconds(20));
  const std::clock_t before = std::clock();
  pass_time(system, std::chrono::milliseconds(300));
  const double used = static_cast<double>(std::clock() - before) / CLOCKS_PER_SEC;
  EXPECT_LT(used, 0.1) << "of 0.3 seconds on 4 workers";
}

TEST(Parking, StartsAndStopsAtAnyMoment) {
  for (std::uint32_t i = 0; i < 100; ++i) {
    System system({.workers = 1 + i % 4});
    if (i % 2 == 0) {
      for (std::uint32_t n = 0; n < i; ++n) system.start(pause(Duration(n * 1000)));
    }
  }
}

}  // namespace
}  // namespace understudy::test
