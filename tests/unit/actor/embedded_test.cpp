// Attacks: a system that lives in an application's io_context shares it fairly, works whatever number of threads runs
// the loop, and ends in every order of loop and system, also when the loop was stopped. (That actors behave there as
// everywhere is what all tests on every runtime attack.)
#include "understudy/actor/system.hpp"
#include "understudy/runtime/asio.hpp"
#include "understudy/runtime/blocking.hpp"
#include "understudy/runtime/sleep.hpp"
#include "understudy/runtime/task_group.hpp"
#include "understudy/runtime/wait.hpp"

#include <atomic>
#include <functional>
#include <thread>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <gtest/gtest.h>

namespace understudy {
namespace {

struct Add {
  int value;
  Reply<int> reply;
};

Task<> counter(Mailbox<Add>& inbox) {
  int total = 0;
  while (auto add = co_await inbox.receive()) {
    total += add->value;
    add->reply(total);
  }
}

TEST(Embedded, RunsInTheThreadThatRunsTheLoop) {
  boost::asio::io_context loop;
  System system(embedded_in(loop));
  const Address<Add> actor = system.spawn("counter", counter);
  std::vector<std::thread::id> seen;
  TaskGroup group(system);
  group.spawn([](Address<Add> to, std::vector<std::thread::id>& threads, boost::asio::io_context& running) -> Task<> {
    for (int i = 0; i < 100; ++i) {
      const Result<int> total = co_await to.ask<Add>(1);
      EXPECT_EQ(total.value_or(0), i + 1);
      threads.push_back(std::this_thread::get_id());
    }
    co_await sleep(std::chrono::milliseconds(2));
    threads.push_back(std::this_thread::get_id());
    running.stop();
  }(actor, seen, loop));
  EXPECT_TRUE(seen.empty()) << "nothing runs before the loop does";
  loop.run();
  ASSERT_EQ(seen.size(), 101U);
  for (const std::thread::id id : seen) EXPECT_EQ(id, std::this_thread::get_id());
}

TEST(Embedded, SharesTheLoopWithTheApplication) {
  boost::asio::io_context loop;
  System system(embedded_in(loop));
  bool over = false;
  TaskGroup group(system);
  // A pair that never pauses, and handlers of the application: both must come forward.
  const Address<Add> actor = system.spawn("counter", counter);
  std::uint64_t asks = 0;
  group.spawn([](Address<Add> to, std::uint64_t& count, bool& end) -> Task<> {
    while (!end) {
      static_cast<void>(co_await to.ask<Add>(1));
      ++count;
    }
  }(actor, asks, over));
  int handlers = 0;
  std::function<void()> handler = [&] {
    if (++handlers < 1000) {
      boost::asio::post(loop, handler);
    } else {
      over = true;
      loop.stop();
    }
  };
  boost::asio::post(loop, handler);
  loop.run();
  EXPECT_EQ(handlers, 1000);
  EXPECT_GT(asks, 100U);
  EXPECT_TRUE(wait(system, group.join()));
}

TEST(Embedded, ManyThreadsMayRunTheLoop) {
  boost::asio::io_context loop;
  std::atomic<bool> inside = false;
  std::atomic<int> answered = 0;
  System system(embedded_in(loop));
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int i = 0; i < 4; ++i) threads.emplace_back([&] { loop.run(); });
  const Address<Add> actor = system.spawn("counter", counter);
  TaskGroup group(system);
  for (int i = 0; i < 50; ++i) {
    group.spawn([](Address<Add> to, std::atomic<bool>& alone, std::atomic<int>& count) -> Task<> {
      for (int round = 0; round < 100; ++round) {
        const Result<int> total = co_await to.ask<Add>(1).within(std::chrono::seconds(10));
        EXPECT_FALSE(alone.exchange(true)) << "two contexts run at once";
        if (total) ++count;
        alone = false;
        if (round % 20 == 0) co_await sleep(std::chrono::microseconds(300));
      }
    }(actor, inside, answered));
  }
  EXPECT_TRUE(wait(system, group.join()));
  EXPECT_EQ(answered, 5000);
  system.shutdown();
  for (std::thread& thread : threads) thread.join();  // With the system its hold on the loop is gone.
}

TEST(Embedded, MayBeDestroyedWhileTheLoopIsStopped) {
  for (int round = 0; round < 20; ++round) {
    boost::asio::io_context loop;
    System system(embedded_in(loop));
    const Address<Add> actor = system.spawn("counter", counter);
    TaskGroup group(system);
    for (int i = 0; i < 10; ++i) {
      group.spawn([](Address<Add> to) -> Task<> {
        for (;;) {
          static_cast<void>(co_await to.ask<Add>(1).within(std::chrono::seconds(1)));
          co_await sleep(std::chrono::milliseconds(1));
        }
      }(actor));
    }
    boost::asio::steady_timer timer(loop, std::chrono::milliseconds(round % 4));
    timer.async_wait([&](const boost::system::error_code&) { loop.stop(); });
    loop.run();
  }
}

TEST(Embedded, CallsThatBlockComeBackToTheLoop) {
  boost::asio::io_context loop;
  System system(embedded_in(loop));
  const Result<std::thread::id> blocked = wait(system, []() -> Task<std::thread::id> {
    auto call = [] { return std::this_thread::get_id(); };
    auto where = co_await blocking(std::move(call));
    co_return where;
  }());
  ASSERT_TRUE(blocked);
  EXPECT_NE(*blocked, std::this_thread::get_id());
}

TEST(Embedded, APlainThreadMayAskWhileAnotherRunsTheLoop) {
  boost::asio::io_context loop;
  System system(embedded_in(loop));
  const Address<Add> actor = system.spawn("counter", counter);
  std::thread runner([&] { loop.run(); });
  for (int i = 1; i <= 200; ++i) ASSERT_EQ(wait(system, actor.ask<Add>(1)).value_or(0), i);
  system.shutdown();
  runner.join();
}

}  // namespace
}  // namespace understudy
