// Attacks: a quick call that does not come back holds up nobody, whatever happens to its caller meanwhile; and when it
// has come back, its caller goes on as if nothing had been.
#include "runtime/quick_calls.hpp"

#include "support/counted.hpp"
#include "support/runtimes.hpp"
#include "support/threads.hpp"
#include "understudy/runtime/blocking.hpp"
#include "understudy/runtime/task_group.hpp"

#include <atomic>
#include <memory>
#include <semaphore>
#include <stdexcept>
#include <string>
#include <thread>

#include <gtest/gtest.h>

namespace understudy::test {
namespace {

/// A call that comes back when it is let go.
struct Gate {
  std::atomic<bool> entered{false};
  std::atomic<int> left{0};
  std::binary_semaphore open{0};
  void pass() {
    entered.store(true);
    open.acquire();
    ++left;
  }
};

template <typename Function>
auto quickly(Function function) {
  return blocking(std::move(function), {.quick = true});
}

Task<> call(std::shared_ptr<Gate> gate, std::atomic<int>& done, Census census) {
  const Counted life(census);
  auto pass = [gate, held = Counted(census)] { gate->pass(); };
  Task<> calling = quickly(std::move(pass));
  co_await std::move(calling);
  ++done;
}
/// With one worker it gets to run only once that has been relieved.
Task<> when_entered(std::shared_ptr<Gate> gate) {
  while (!gate->entered.load()) co_await yield();
}
Task<> let_go(std::shared_ptr<Gate> gate) {
  Task<> entered = when_entered(gate);
  co_await std::move(entered);
  gate->open.release();
}

TEST(QuickCalls, AreMadeOnceAndGiveWhatTheyGive) {
  on_every_runtime([](System& system) {
    int calls = 0;
    const auto count = [&]() -> Task<int> {
      auto next = [&] { return ++calls; };
      Task<int> calling = quickly(std::move(next));
      co_return co_await std::move(calling);
    };
    for (int i = 1; i <= 100; ++i) ASSERT_EQ(wait(system, count()).value(), i);
  });
}

TEST(QuickCalls, AreMadeOnTheWorker) {
  System system({.workers = 1});
  const auto where = []() -> Task<bool> {
    const std::thread::id here = std::this_thread::get_id();
    auto ask = [here] { return std::this_thread::get_id() == here; };
    Task<bool> calling = quickly(std::move(ask));
    const bool same = co_await std::move(calling);
    co_return same&& std::this_thread::get_id() == here;
  };
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(wait(system, where()).value());
}

TEST(QuickCalls, GiveTheirExceptions) {
  on_every_runtime([](System& system) {
    const auto catching = []() -> Task<std::string> {
      auto throwing = [] { throw std::runtime_error("thrown inside"); };
      try {
        Task<> calling = quickly(std::move(throwing));
        co_await std::move(calling);
      } catch (const std::runtime_error& error) {
        co_return error.what();
      }
      co_return "nothing";
    };
    EXPECT_EQ(wait(system, catching()).value(), "thrown inside");
  });
}

TEST(QuickCalls, OneThatBlocksHoldsUpNobody) {
  on_real_threads([](System& system) {
    const Census census;
    std::atomic<int> done = 0;
    for (int round = 1; round <= 10; ++round) {
      const auto gate = std::make_shared<Gate>();
      TaskGroup group(system);
      group.spawn(call(gate, done, census));
      group.spawn(let_go(gate));
      ASSERT_TRUE(wait(system, group.join()));
      ASSERT_EQ(done.load(), round);
    }
    EXPECT_EQ(census.living(), 0);
  });
}

TEST(QuickCalls, OneAtATimeTheOthersGoToThePool) {
  System system({.workers = 1});
  const Census census;
  std::atomic<int> done = 0;
  const auto first = std::make_shared<Gate>();
  const auto second = std::make_shared<Gate>();
  TaskGroup group(system);
  group.spawn(call(first, done, census));
  group.spawn(call(second, done, census));
  // Both are under way, and the worker is free: no other thread has to take its place for the second one.
  ASSERT_TRUE(wait(system, when_entered(first)));
  ASSERT_TRUE(wait(system, when_entered(second)));
  second->open.release();
  first->open.release();
  ASSERT_TRUE(wait(system, group.join()));
  EXPECT_EQ(done.load(), 2);
}

TEST(QuickCalls, WhatTheyMakeReadyIsRunMeanwhile) {
  System system({.workers = 1});
  const Census census;
  std::atomic<int> done = 0;
  const auto gate = std::make_shared<Gate>();
  const auto spawning = [&](TaskGroup& group) -> Task<> {
    auto spawn_and_pass = [&, gate] {
      group.spawn(let_go(gate));
      gate->pass();
    };
    Task<> calling = quickly(std::move(spawn_and_pass));
    co_await std::move(calling);
    ++done;
  };
  TaskGroup group(system);
  group.spawn(spawning(group));
  ASSERT_TRUE(wait(system, group.join()));
  EXPECT_EQ(done.load(), 1);
}

TEST(QuickCalls, WhoIsKilledMeanwhileEndsAtOnce) {
  on_real_threads([](System& system) {
    const Census census;
    std::atomic<int> done = 0;
    for (int round = 1; round <= 10; ++round) {
      const auto gate = std::make_shared<Gate>();
      TaskGroup group(system);
      group.spawn(call(gate, done, census));
      ASSERT_TRUE(wait(system, when_entered(gate)));
      group.cancel();
      ASSERT_TRUE(wait(system, group.join()));
      ASSERT_EQ(census.living(), 1) << "what the call owns";
      gate->open.release();
      ASSERT_TRUE(eventually(system, [&] { return census.living() == 0; }));
    }
    EXPECT_EQ(done.load(), 0);
  });
}

TEST(QuickCalls, LeaveNoThreadsBehind) {
  System system({.workers = 1});
  const Census census;
  std::atomic<int> done = 0;
  std::size_t before = 0;
  for (int round = 1; round <= 20; ++round) {
    const auto gate = std::make_shared<Gate>();
    TaskGroup group(system);
    group.spawn(call(gate, done, census));
    group.spawn(let_go(gate));
    ASSERT_TRUE(wait(system, group.join()));
    if (round == 1) before = threads_of_this_process();
  }
  EXPECT_TRUE(eventually(system, [&] { return threads_of_this_process() <= before; }));
}

TEST(QuickCalls, ASystemEndsWhileOneIsHeldAndItComesBackLater) {
  const Census census;
  std::atomic<int> done = 0;
  for (const bool relieved : {false, true}) {
    const auto gate = std::make_shared<Gate>();
    std::jthread opener;
    {
      System system({.workers = 1});
      TaskGroup group(system);
      group.spawn(call(gate, done, census));
      while (!gate->entered.load()) std::this_thread::yield();
      if (relieved) {
        ASSERT_TRUE(wait(system, when_entered(gate)));
      }
      opener = std::jthread([gate] { gate->open.release(); });
    }
    opener.join();
    while (gate->left.load() == 0) std::this_thread::yield();
  }
}

}  // namespace
}  // namespace understudy::test
