// Attacks: a task that runs before its spawner goes on does what any task does, whatever happens meanwhile to it, to
// its spawner, to its group and to their thread; and the place that it leaves to the next one keeps nobody waiting.
#include "understudy/runtime/detail/spawn_now.hpp"

#include "support/counted.hpp"
#include "support/runtimes.hpp"
#include "understudy/runtime/blocking.hpp"
#include "understudy/runtime/scope.hpp"
#include "understudy/runtime/task_group.hpp"

#include <atomic>
#include <memory>
#include <semaphore>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace understudy::test {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

Task<> count_up(std::atomic<int>& counter) {
  ++counter;
  co_return;
}
Task<> count_later(std::atomic<int>& counter) {
  co_await yield();
  ++counter;
}
Task<> throw_at_once() {
  throw std::runtime_error("mine");
  co_return;
}
Task<> sleep_for_ever(Counted life) {
  const Counted held = std::move(life);
  co_await sleep(hours(1));
}

TEST(SpawnNow, RunsATaskBeforeItsSpawnerGoesOn) {
  System system({.workers = 1});
  std::vector<std::string> log;
  const auto task = [](std::vector<std::string>& lines, int number) -> Task<> {
    lines.push_back("task " + std::to_string(number));
    co_await yield();
    lines.push_back("rest " + std::to_string(number));
  };
  const auto spawner = [&](TaskGroup& group) -> Task<> {
    for (int i = 1; i <= 2; ++i) {
      co_await group.spawn_now(task(log, i));
      log.push_back("spawner " + std::to_string(i));
    }
    co_await group.join();
  };
  TaskGroup group(system);
  ASSERT_TRUE(wait(system, spawner(group)));
  EXPECT_EQ(log, (std::vector<std::string>{"task 1", "spawner 1", "task 2", "spawner 2", "rest 1", "rest 2"}));
}

TEST(SpawnNow, ItsTasksAreJoined) {
  on_every_runtime([](System& system) {
    std::atomic<int> ended = 0;
    TaskGroup group(system);
    const auto spawner = [&]() -> Task<> {
      for (int round = 1; round <= 3; ++round) {
        for (int i = 0; i < 50; ++i) {
          co_await group.spawn_now(count_up(ended));
          co_await group.spawn_now(count_later(ended));
          group.spawn(count_later(ended));
        }
        co_await group.join();
        EXPECT_EQ(ended.load(), 150 * round);
        EXPECT_EQ(group.size(), 0U);
      }
    };
    ASSERT_TRUE(wait(system, spawner()));
  });
}

TEST(SpawnNow, ATaskThatHasEndedIsNotCounted) {
  System system({.workers = 1});
  std::atomic<int> ended = 0;
  TaskGroup group(system);
  TaskGroup other(system);
  const auto spawner = [&]() -> Task<> {
    for (int i = 0; i < 10; ++i) {
      co_await group.spawn_now(count_up(ended));
      EXPECT_EQ(group.size(), 0U);
      co_await other.spawn_now(count_up(ended));
      EXPECT_EQ(group.size(), 0U);
      EXPECT_EQ(other.size(), 0U);
    }
  };
  ASSERT_TRUE(wait(system, spawner()));
  EXPECT_EQ(ended.load(), 20);
}

/// A tree of tasks, each of which spawns its children as `pick` says.
Task<> grow(TaskGroup& group, std::atomic<int>& ended, int depth, int pick) {
  for (int child = 0; depth > 0 && child < 2; ++child) {
    if ((pick + child) % 3 == 0) {
      group.spawn(grow(group, ended, depth - 1, pick + 1));
    } else {
      co_await group.spawn_now(grow(group, ended, depth - 1, pick + 1));
    }
  }
  ++ended;
}
TEST(SpawnNow, TasksSpawnTasksInTheirTurn) {
  on_every_runtime([](System& system) {
    for (int pick = 0; pick < 3; ++pick) {
      std::atomic<int> ended = 0;
      TaskGroup group(system);
      group.spawn(grow(group, ended, 8, pick));
      ASSERT_TRUE(wait(system, group.join()));
      EXPECT_EQ(ended.load(), 511);
    }
  });
}

TEST(SpawnNow, AScopeThrowsWhatItsTaskThrew) {
  on_every_runtime([](System& system) {
    const Census census;
    const auto run = [&]() -> Task<std::string> {
      auto body = [&](Scope& scope) -> Task<> {
        co_await scope.spawn_now(sleep_for_ever(Counted(census)));
        co_await scope.spawn_now(throw_at_once());
        co_await scope.spawn_now(sleep_for_ever(Counted(census)));
      };
      try {
        Task<> running = scope(std::move(body));
        co_await std::move(running);
      } catch (const std::runtime_error& error) {
        co_return error.what();
      }
      co_return "nothing";
    };
    EXPECT_EQ(wait(system, run()).value(), "mine");
    EXPECT_EQ(census.living(), 0);
  });
}

TEST(SpawnNow, AGroupThatWasCancelledTakesMore) {
  on_every_runtime([](System& system) {
    const Census census;
    std::atomic<int> ended = 0;
    TaskGroup group(system);
    const auto spawner = [&]() -> Task<> {
      for (int i = 0; i < 20; ++i) {
        co_await group.spawn_now(count_up(ended));
        co_await group.spawn_now(sleep_for_ever(Counted(census)));
        co_await group.spawn_now(count_up(ended));
        group.cancel();  // It also meets the place that the last one has left.
      }
      co_await group.join();
    };
    ASSERT_TRUE(wait(system, spawner()));
    EXPECT_EQ(census.living(), 0);
    EXPECT_LE(ended.load(), 40);
  });
}

TEST(SpawnNow, AGroupIsJoinedWhileItsSpawnerSpawnsElsewhere) {
  on_real_threads([](System& system) {
    std::atomic<int> ended = 0;
    std::atomic<bool> joined = false;
    TaskGroup group(system);
    TaskGroup other(system);
    TaskGroup others(system);
    const auto join = [&]() -> Task<> {
      co_await group.join();
      joined = true;
    };
    const auto spawner = [&]() -> Task<> {
      co_await group.spawn_now(count_up(ended));
      others.spawn(join());
      while (!joined) co_await other.spawn_now(count_up(ended));
    };
    ASSERT_TRUE(wait(system, spawner()));
    ASSERT_TRUE(wait(system, others.join()));
  });
}

TEST(SpawnNow, AGroupOfAnotherSystemRunsItThere) {
  System system({.workers = 1});
  System other({.workers = 1});
  const std::thread::id here = std::this_thread::get_id();
  std::thread::id spawner_ran = here;
  std::thread::id task_ran = here;
  TaskGroup group(other);
  const auto note = [](std::thread::id& where) -> Task<> {
    where = std::this_thread::get_id();
    co_return;
  };
  const auto spawner = [&]() -> Task<> {
    spawner_ran = std::this_thread::get_id();
    co_await group.spawn_now(note(task_ran));
    co_await group.join();
  };
  ASSERT_TRUE(wait(system, spawner()));
  EXPECT_NE(task_ran, here);
  EXPECT_NE(task_ran, spawner_ran);
}

/// Spawns for ever: what ends at once, what waits, and what spawns in its turn.
Task<> spawn_for_ever(System& system, TaskGroup& group, Census census, std::uint64_t seed) {
  const Counted life(census);
  SeededRandom random(seed);
  for (;;) {
    switch (random.below(5)) {
      case 0:
        co_await group.spawn_now(sleep_for_ever(Counted(census)));
        break;
      case 1:
        co_await group.spawn_now(pause(Duration(random.below(5000))));
        break;
      case 2:
        co_await yield();
        break;
      case 3:
        group.spawn(pause(Duration(random.below(5000))));
        break;
      default: {
        TaskGroup inner(system);
        co_await inner.spawn_now(pause(Duration(random.below(500))));
        co_await inner.join();
      }
    }
    if (group.size() > 200) co_await sleep(milliseconds(1));
  }
}
TEST(SpawnNow, SpawnersAndTasksAreCancelledAtAnyMoment) {
  on_every_runtime(
      [](System& system) {
        const Census census;
        SeededRandom random(system.random_number());
        for (int round = 0; round < 10; ++round) {
          TaskGroup group(system);
          TaskGroup spawners(system);
          const bool together = random.below(2) == 0;
          for (int i = 0; i < 3; ++i) {
            (together ? group : spawners).spawn(spawn_for_ever(system, group, census, random.next()));
          }
          for (int i = 0; i < 5; ++i) {
            ASSERT_TRUE(wait(system, pause(Duration(random.below(200'000)))));
            if (!together) group.cancel();
          }
          spawners.cancel();
          ASSERT_TRUE(wait(system, spawners.join()));
          // A spawner that runs while its group is cancelled may spawn once more before it is destroyed.
          ASSERT_TRUE(eventually(system, [&] {
            group.cancel();
            return group.size() == 0;
          }));
          ASSERT_TRUE(wait(system, group.join()));
        }
        EXPECT_EQ(census.living(), 0);
      },
      50);
}

TEST(SpawnNow, ASystemShutsDownInTheMiddle) {
  for (int round = 0; round < 100; ++round) {
    const Census census;
    {
      System system({.workers = 1U + static_cast<std::uint32_t>(round) % 2U});
      auto* group = new TaskGroup(system);
      group->spawn(spawn_for_ever(system, *group, census, static_cast<std::uint64_t>(round)));
      if (round % 4 != 0) pass_time(system, std::chrono::microseconds(10 * round));
      system.shutdown();
      delete group;
    }
    EXPECT_EQ(census.living(), 0);
  }
}

// The place that the last task has left waits for a spawner that never comes back; the shutdown does not.
TEST(SpawnNow, ASystemShutsDownThoughASpawnerHoldsItsThread) {
  const auto let_go = std::make_shared<std::atomic<bool>>(false);
  const auto holding = std::make_shared<std::atomic<bool>>(false);
  const auto spawner = [](System& system, std::shared_ptr<std::atomic<bool>> holds,
                          std::shared_ptr<std::atomic<bool>> may_end) -> Task<> {
    std::atomic<int> ended = 0;
    TaskGroup inner(system);
    co_await inner.spawn_now(count_up(ended));
    holds->store(true);
    while (!*may_end) std::this_thread::yield();
  };
  {
    System system({.workers = 1});
    TaskGroup outer(system);
    outer.spawn(spawner(system, holding, let_go));
    while (!*holding) std::this_thread::yield();
    system.shutdown();
  }
  let_go->store(true);
}
TEST(SpawnNow, AQuickCallThatIsHeldIsLeftAloneAndTheSpawnerGoesOn) {
  System system({.workers = 1});
  std::binary_semaphore open(0);
  TaskGroup group(system);
  const auto call = [&]() -> Task<> {
    auto held = [&] { open.acquire(); };
    Task<> calling = blocking(std::move(held), {.quick = true});
    co_await std::move(calling);
  };
  const auto spawner = [&]() -> Task<> {
    for (int i = 0; i < 3; ++i) {
      co_await group.spawn_now(call());
      open.release();  // Only a spawner that has gone on does.
      co_await group.join();
    }
  };
  ASSERT_TRUE(wait(system, spawner()));
}

}  // namespace
}  // namespace understudy::test
