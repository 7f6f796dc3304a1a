// Attacks: a group runs its tasks beside one another, joins them all, survives what they throw, and cancels them at any
// moment with all that lives in them.
#include "understudy/runtime/task_group.hpp"

#include "support/counted.hpp"
#include "support/runtimes.hpp"
#include "understudy/runtime/blocking.hpp"
#include "understudy/runtime/sleep.hpp"

#include <atomic>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace understudy::test {
namespace {

Task<> count_up(std::atomic<int>& counter) {
  co_await yield();
  ++counter;
}

TEST(TaskGroup, JoinsAllItsTasks) {
  on_every_runtime([](System& system) {
    std::atomic<int> counter = 0;
    TaskGroup group(system);
    ASSERT_TRUE(wait(system, group.join())) << "empty";
    for (int round = 1; round <= 3; ++round) {
      for (int i = 0; i < 100; ++i) group.spawn(count_up(counter));
      ASSERT_TRUE(wait(system, group.join()));
      EXPECT_EQ(counter.load(), 100 * round);
      EXPECT_EQ(group.size(), 0U);
    }
  });
}

TEST(TaskGroup, HoldsManyTasks) {
  on_real_threads([](System& system) {
    std::atomic<int> counter = 0;
    TaskGroup group(system);
    for (int i = 0; i < 20'000; ++i) group.spawn(count_up(counter));
    ASSERT_TRUE(wait(system, group.join()));
    EXPECT_EQ(counter.load(), 20'000);
  });
}

// A worker counts ended tasks of a large group by the dozen: what it has not counted when it runs out of work may be
// the last, and then makes the joining task ready on that very worker.
TEST(TaskGroup, AJoinIsToldByAWorkerThatHasRunOutOfWork) {
  constexpr int tasks = 12'000;
  for (int round = 0; round < 10; ++round) {
    System system({.workers = 2});
    std::atomic<bool> open = false;
    std::atomic<int> ended = 0;
    TaskGroup group(system);
    group.spawn([](TaskGroup& its_group, std::atomic<int>& others) -> Task<> {
      while (others.load() < 100) co_await yield();
      // Its worker has ended some of them. Holds it until the other one has run all others, and counted them.
      while (others.load() < tasks || its_group.size() > 64) std::this_thread::yield();
    }(group, ended));
    for (int i = 0; i < tasks; ++i) {
      group.spawn([](std::atomic<bool>& may_end, std::atomic<int>& counter) -> Task<> {
        while (!may_end.load()) co_await yield();
        ++counter;
      }(open, ended));
    }
    open = true;
    ASSERT_TRUE(wait(system, group.join()));
  }
}

TEST(TaskGroup, CancelsManyTasks) {
  on_real_threads([](System& system) {
    const Census census;
    TaskGroup group(system);
    for (int i = 0; i < 50'000; ++i) {
      group.spawn([](Counted life) -> Task<> {
        const Counted held = std::move(life);
        co_await sleep(std::chrono::hours(1));
      }(Counted(census)));
    }
    group.cancel();
    ASSERT_TRUE(wait(system, group.join()));
    EXPECT_EQ(census.living(), 0);
  });
}

TEST(TaskGroup, LogsWhatItsTasksThrow) {
  std::mutex mutex;
  std::vector<std::string> lines;
  set_log_level(LogLevel::error);
  set_log_sink([&](LogLevel, std::string_view line) {
    const std::lock_guard lock(mutex);
    lines.emplace_back(line);
  });
  on_every_runtime(
      [](System& system) {
        std::atomic<int> counter = 0;
        TaskGroup group(system);
        group.spawn([]() -> Task<> {
          co_await yield();
          throw std::runtime_error("mine");
        }());
        group.spawn([]() -> Task<> {
          throw 7;
          co_return;
        }());
        group.spawn(count_up(counter));
        ASSERT_TRUE(wait(system, group.join()));
        EXPECT_EQ(counter.load(), 1) << "one task's end is not another's";
      },
      3);
  set_log_sink({});
  set_log_level(LogLevel::off);
  EXPECT_EQ(lines.size(), 2U * (3U + 3U + 1U));
  EXPECT_THAT(lines, testing::Contains(testing::HasSubstr("mine")));
}

/// Suspends in every way there is.
Task<> wander(System& system, Census census, std::uint64_t seed) {
  const Counted life(census);
  SeededRandom random(seed);
  for (;;) {
    switch (random.below(4)) {
      case 0:
        co_await yield();
        break;
      case 1:
        co_await sleep(Duration(random.below(5000)));
        break;
      case 2: {
        auto call = [held = Counted(census)] { return 1; };
        static_cast<void>(co_await blocking(std::move(call)));
        break;
      }
      default: {
        TaskGroup inner(system);
        inner.spawn(pause(Duration(random.below(5000))));
        co_await inner.join();
      }
    }
  }
}

TEST(TaskGroup, CancelsItsTasksAtAnyMoment) {
  on_every_runtime(
      [](System& system) {
        const Census census;
        SeededRandom random(system.random_number());
        for (int round = 0; round < 10; ++round) {
          TaskGroup group(system);
          for (int i = 0; i < 10; ++i) group.spawn(wander(system, census, random.next()));
          ASSERT_TRUE(wait(system, pause(Duration(random.below(60'000)))));
          group.cancel();
          ASSERT_TRUE(wait(system, group.join()));
        }
        // Calls on the blocking pool end by themselves.
        EXPECT_TRUE(eventually(system, [&] { return census.living() == 0; }));
      },
      150);
}

TEST(TaskGroup, DestroyedCancels) {
  on_every_runtime([](System& system) {
    const Census census;
    {
      TaskGroup group(system);
      for (int i = 0; i < 10; ++i) group.spawn(wander(system, census, 7));
    }
    EXPECT_TRUE(eventually(system, [&] { return census.living() == 0; }));
  });
}

TEST(TaskGroup, MayBeCancelledByItsOwnTask) {
  on_every_runtime([](System& system) {
    const Census census;
    TaskGroup group(system);
    group.spawn([](TaskGroup& own, Census all) -> Task<> {
      const Counted life(all);
      own.cancel();
      co_await sleep(std::chrono::hours(1));
    }(group, census));
    ASSERT_TRUE(wait(system, group.join()));
    EXPECT_EQ(census.living(), 0);
  });
}

TEST(TaskGroup, AJoinMayBeGivenUp) {
  on_every_runtime([](System& system) {
    TaskGroup group(system);
    group.spawn(pause(std::chrono::milliseconds(2)));
    {
      TaskGroup joiner(system);
      joiner.spawn(group.join());
      pass_time(system, std::chrono::microseconds(50));
      joiner.cancel();
      ASSERT_TRUE(wait(system, joiner.join()));
    }
    ASSERT_TRUE(wait(system, group.join()));
  });
}

TEST(TaskGroup, TasksMaySpawnIntoTheirOwnGroup) {
  on_every_runtime([](System& system) {
    struct Spawner {
      static Task<> run(TaskGroup& group, std::atomic<int>& ended, int depth) {
        if (depth > 0) {
          group.spawn(run(group, ended, depth - 1));
          group.spawn(run(group, ended, depth - 1));
        }
        ++ended;
        co_return;
      }
    };
    std::atomic<int> ended = 0;
    TaskGroup group(system);
    group.spawn(Spawner::run(group, ended, 7));
    ASSERT_TRUE(wait(system, group.join()));
    EXPECT_EQ(ended.load(), 255);
  });
}

}  // namespace
}  // namespace understudy::test
