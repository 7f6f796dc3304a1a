// Attacks: tasks that run before their spawner goes on, and the actors that they ask: those run as well, few tasks
// exist at once, who waits for the group is told, and nobody starves.
#include "understudy/runtime/detail/spawn_now.hpp"

#include "support/counted.hpp"
#include "support/runtimes.hpp"
#include "understudy/runtime/task_group.hpp"

#include <algorithm>
#include <atomic>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace understudy::test {
namespace {

using std::chrono::milliseconds;

struct Count {
  Reply<int> reply;
};
Task<> counter(Mailbox<Count>& inbox) {
  int total = 0;
  while (auto count = co_await inbox.receive()) count->reply(++total);
}

Task<> count_up(std::atomic<int>& counter) {
  ++counter;
  co_return;
}

TEST(SpawnNowWithActors, TheActorThatATaskAsksRunsAsWell) {
  System system({.workers = 1});
  const Address<Count> address = system.spawn("counter", counter);
  int late = 0;
  const auto ask = [](const Address<Count>& to, int& answer) -> Task<> {
    answer = (co_await to.ask<Count>()).value_or(-1);
  };
  const auto spawner = [&](TaskGroup& group) -> Task<> {
    for (int i = 1; i <= 1000; ++i) {
      int answer = 0;
      co_await group.spawn_now(ask(address, answer));
      if (answer != i) ++late;
      co_await group.join();
    }
  };
  TaskGroup group(system);
  ASSERT_TRUE(wait(system, spawner(group)));
  EXPECT_EQ(late, 0);
}

// With one worker: another one may take the actor along, and be held up by the system while tasks are spawned here.
TEST(SpawnNowWithActors, OfManyTasksFewExistAtOnce) {
  System system({.workers = 1});
  const Address<Count> address = system.spawn("counter", counter);
  const Census census;
  std::int64_t most = 0;
  const auto ask = [](const Address<Count>& to, Counted /*life*/) -> Task<> {
    static_cast<void>(co_await to.ask<Count>());
  };
  const auto spawner = [&](TaskGroup& group) -> Task<> {
    for (int i = 0; i < 50'000; ++i) {
      co_await group.spawn_now(ask(address, Counted(census)));
      most = std::max(most, census.living());
    }
    co_await group.join();
  };
  TaskGroup group(system);
  ASSERT_TRUE(wait(system, spawner(group)));
  EXPECT_EQ(census.made(), 50'000);
  EXPECT_EQ(census.living(), 0);
  EXPECT_LT(most, 100);
}

// The place that an ended task has left belongs to its group until the spawner waits for something else. Who waits for
// the group meanwhile is told.
TEST(SpawnNowWithActors, OthersJoinWhileTheSpawnerGoesOn) {
  on_real_threads([](System& system) {
    const Address<Count> address = system.spawn("counter", counter);
    for (int round = 0; round < 200; ++round) {
      std::atomic<int> ended = 0;
      std::atomic<bool> joined = false;
      TaskGroup group(system);
      TaskGroup others(system);
      const auto join = [&]() -> Task<> {
        co_await group.join();
        joined = true;
      };
      const auto spawner = [&]() -> Task<> {
        co_await group.spawn_now(count_up(ended));
        others.spawn(join());
        while (!joined) static_cast<void>(co_await address.ask<Count>());
      };
      ASSERT_TRUE(wait(system, spawner()));
      ASSERT_TRUE(wait(system, others.join()));
      EXPECT_EQ(ended.load(), 1);
    }
  });
}
// Asker and actor hand over to one another for ever; the spawner that stands behind them has its turn all the same.
TEST(SpawnNowWithActors, ATaskThatNeverRestsLeavesItsSpawnerItsTurn) {
  on_real_threads([](System& system) {
    const Address<Count> address = system.spawn("counter", counter);
    std::atomic<bool> stop = false;
    TaskGroup group(system);
    const auto client = [](Address<Count> to, std::atomic<bool>& over) -> Task<> {
      while (!over) static_cast<void>(co_await to.ask<Count>());
    };
    const auto spawner = [&]() -> Task<> {
      for (int i = 0; i < 3; ++i) co_await group.spawn_now(client(address, stop));
      stop = true;
      co_await group.join();
    };
    ASSERT_TRUE(wait(system, spawner()));
  });
}

TEST(SpawnNowWithActors, SpawnersLeaveOthersTheirTurn) {
  System system({.workers = 1});
  std::atomic<int> ended = 0;
  std::atomic<bool> stop = false;
  TaskGroup group(system);
  TaskGroup spawners(system);
  const auto spawner = [&]() -> Task<> {
    while (!stop) co_await group.spawn_now(count_up(ended));
  };
  spawners.spawn(spawner());
  const Address<Count> anywhere = system.spawn("anywhere", counter);
  const Address<Count> bound = system.spawn("bound", counter, {.placement = Placement::worker(0)});
  const auto ask_both = [&]() -> Task<int> {
    int sum = 0;
    for (int i = 0; i < 100; ++i) {
      sum = (co_await anywhere.ask<Count>()).value_or(0) + (co_await bound.ask<Count>()).value_or(0);
    }
    co_return sum;
  };
  EXPECT_EQ(wait(system, ask_both()).value(), 200);
  stop = true;
  ASSERT_TRUE(wait(system, spawners.join()));
}

struct Begin {
  Reply<bool> reply;
};
Task<> note_timeout(Address<Count> to, std::atomic<int>* timed_out) {
  const Result<int> answer = co_await to.ask<Count>();
  if (!answer && answer.error() == ErrorCode::timeout) ++*timed_out;
}
/// Never answers.
Task<> keeper(Mailbox<Count>& inbox) {
  std::vector<Count> kept;
  while (auto count = co_await inbox.receive()) kept.push_back(std::move(*count));
}
Task<> worker(Mailbox<Begin>& inbox, System* system, Address<Count> silent, std::atomic<int>* timed_out) {
  std::atomic<int> ended = 0;
  while (auto begin = co_await inbox.receive()) {
    TaskGroup group(*system);
    co_await group.spawn_now(count_up(ended));
    co_await group.spawn_now(note_timeout(silent, timed_out));
    co_await group.spawn_now(count_up(ended));
    co_await group.join();
  }
}
TEST(SpawnNowWithActors, ATaskInheritsTheDeadlineOfTheWorkInHand) {
  on_every_runtime([](System& system) {
    std::atomic<int> timed_out = 0;
    const Address<Count> silent = system.spawn("silent", keeper);
    const Address<Begin> address = system.spawn("worker", worker, {}, &system, silent, &timed_out);
    for (int i = 1; i <= 3; ++i) {
      const Result<bool> answer = wait(system, address.ask<Begin>().within(milliseconds(5)));
      EXPECT_FALSE(answer);
      EXPECT_TRUE(eventually(system, [&] { return timed_out == i; }));
    }
  });
}

}  // namespace
}  // namespace understudy::test
