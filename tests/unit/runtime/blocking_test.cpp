// Attacks: a blocking call gives its result or exception, holds up no worker, and ends by itself when its caller has
// been destroyed.
#include "understudy/runtime/blocking.hpp"

#include "support/counted.hpp"
#include "support/runtimes.hpp"
#include "understudy/runtime/task_group.hpp"

#include <atomic>
#include <latch>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include <gtest/gtest.h>

namespace understudy::test {
namespace {

TEST(Blocking, GivesResultsAndExceptions) {
  on_every_runtime([](System& system) {
    EXPECT_EQ(wait(system, blocking([] { return std::string("done"); })).value_or(""), "done");
    EXPECT_EQ(*wait(system, blocking([] { return std::make_unique<int>(3); })).value(), 3);
    std::atomic<bool> ran = false;
    EXPECT_TRUE(wait(system, blocking([&] { ran = true; })));
    EXPECT_TRUE(ran.load());
    EXPECT_THROW(static_cast<void>(wait(system, blocking([]() -> int { throw std::runtime_error("no"); }))),
                 std::runtime_error);
    EXPECT_THROW(static_cast<void>(wait(system, blocking([] { throw 5; }))), int);
  });
}

TEST(Blocking, BeginsNowAndIsAwaitedLater) {
  System system({.workers = 1});
  std::latch release(1);
  std::atomic<bool> ended_early = true;
  std::atomic<bool> goes_on = false;
  TaskGroup group(system);
  group.spawn([](std::latch& until, std::atomic<bool>& early, std::atomic<bool>& beside) -> Task<> {
    StartedCall<int> call = start_blocking<int>([&until] {
      until.wait();
      return 7;
    });
    early = call.ended();
    co_await pause(std::chrono::microseconds(10));
    beside = true;
    const int result = co_await call.result();
    EXPECT_EQ(result, 7);
    EXPECT_TRUE(call.ended());
    StartedCall<int> failing = start_blocking<int>([]() -> int { throw 5; });
    Task<int> awaited = failing.result();
    EXPECT_THROW(static_cast<void>(co_await std::move(awaited)), int);
  }(release, ended_early, goes_on));
  while (!goes_on) std::this_thread::yield();
  EXPECT_FALSE(ended_early.load());
  release.count_down();
  ASSERT_TRUE(wait(system, group.join()));
}

TEST(Blocking, GoesOnThoughWhoBeganItIsGone) {
  on_every_runtime([](System& system) {
    const auto owned = std::make_shared<std::atomic<int>>(0);
    const auto begin = [](std::shared_ptr<std::atomic<int>> counts) -> Task<> {
      static_cast<void>(start_blocking<bool>([counts] { return ++*counts == 1; }));
      co_return;
    };
    EXPECT_TRUE(wait(system, begin(owned)));
    while (owned.use_count() > 1) EXPECT_TRUE(wait(system, pause(std::chrono::microseconds(50))));
    EXPECT_EQ(*owned, 1);
  });
}

TEST(Blocking, RunsOnNoWorker) {
  System system({.workers = 1});
  std::latch release(1);
  TaskGroup group(system);
  group.spawn(blocking([&] { release.wait(); }));
  // The only worker goes on meanwhile.
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(wait(system, pause(std::chrono::microseconds(10))));
  EXPECT_EQ(group.size(), 1U);
  release.count_down();
  ASSERT_TRUE(wait(system, group.join()));
}

TEST(Blocking, QueuesWhatExceedsItsThreads) {
  System system({.workers = 2, .blocking_threads_max = 2});
  std::atomic<int> inside = 0;
  std::atomic<int> most = 0;
  std::atomic<int> done = 0;
  TaskGroup group(system);
  for (int i = 0; i < 500; ++i) {
    group.spawn(blocking([&] {
      const int now = ++inside;
      int seen = most.load();
      while (now > seen && !most.compare_exchange_weak(seen, now)) {
      }
      std::this_thread::yield();
      --inside;
      ++done;
    }));
  }
  ASSERT_TRUE(wait(system, group.join()));
  EXPECT_EQ(done.load(), 500);
  EXPECT_LE(most.load(), 2);
}

TEST(Blocking, GoesOnWhenItsCallerIsDestroyed) {
  on_every_runtime([](System& system) {
    const Census census;
    const auto calls = std::make_shared<std::atomic<int>>(0);
    {
      TaskGroup group(system);
      for (int i = 0; i < 20; ++i) {
        group.spawn(blocking([calls, held = Counted(census)] { ++*calls; }));
      }
      pass_time(system, std::chrono::microseconds(200));
      group.cancel();
      ASSERT_TRUE(wait(system, group.join()));
    }
    ASSERT_TRUE(eventually(system, [&] { return census.living() == 0; }));
    EXPECT_LE(calls->load(), 20);
  });
}

TEST(Blocking, LeavesNothingBehindAtShutdown) {
  const Census census;
  on_every_runtime([&](System& system) {
    for (int i = 0; i < 20; ++i) {
      system.start([](Census all) -> Task<> {
        auto call = [held = Counted(all)] { return 1; };
        static_cast<void>(co_await blocking(std::move(call)));
      }(census));
    }
    if (system.random_number() % 2 == 0) pass_time(system, std::chrono::microseconds(100));
  });
  EXPECT_EQ(census.living(), 0);
}

}  // namespace
}  // namespace understudy::test
