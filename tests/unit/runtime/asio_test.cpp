// Attacks: code in somebody else's Asio loop gets its result through any completion token, on its own executor, once;
// also when the system ends first.
#include "understudy/runtime/asio.hpp"

#include "support/counted.hpp"
#include "support/runtimes.hpp"

#include <future>
#include <optional>
#include <stdexcept>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>

namespace understudy::test {
namespace {

namespace asio = boost::asio;

struct Add {
  int value;
  Reply<int> reply;
};
Task<> adder(Mailbox<Add>& inbox) {
  int total = 0;
  while (auto add = co_await inbox.receive()) add->reply(total += add->value);
}

TEST(Asio, AwaitableAsksOnItsOwnThread) {
  on_real_threads([](System& system) {
    const auto actor = system.spawn("adder", adder);
    asio::io_context loop;
    const std::thread::id here = std::this_thread::get_id();
    int total = 0;
    asio::co_spawn(
        loop,
        [&]() -> asio::awaitable<void> {
          for (int i = 0; i < 100; ++i) {
            const Result<int> answer = co_await async_run(system, actor.ask<Add>(i), asio::use_awaitable);
            EXPECT_EQ(std::this_thread::get_id(), here);
            total = answer.value_or(-1);
          }
        },
        asio::detached);
    loop.run();
    EXPECT_EQ(total, 4950);
  });
}

TEST(Asio, FutureAndCallback) {
  on_real_threads([](System& system) {
    const auto actor = system.spawn("adder", adder);
    EXPECT_EQ(async_run(system, actor.ask<Add>(5), asio::use_future).get().value_or(0), 5);
    std::promise<Result<int>> called;
    async_run(system, actor.ask<Add>(2).within(std::chrono::seconds(5)),
              [&](Result<int> answer) { called.set_value(std::move(answer)); });
    EXPECT_EQ(called.get_future().get().value_or(0), 7);
    EXPECT_TRUE(async_run(system, pause(Duration(1)), asio::use_future).get());
    EXPECT_TRUE(async_run(system, actor.tell(Add{.value = 1, .reply = {}}), asio::use_future).get());
  });
}

TEST(Asio, AnExceptionEndsInCancelled) {
  System system({.workers = 1});
  const auto crash = []() -> Task<int> {
    throw std::runtime_error("no");
    co_return 1;
  };
  const Result<int> result = async_run(system, crash(), asio::use_future).get();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error(), ErrorCode::cancelled);
}

TEST(Asio, ASystemThatEndsFirstCancels) {
  const Census census;
  on_real_threads([&](System& system) {
    asio::io_context loop;
    int cancelled = 0;
    const auto hang = [](Counted life) -> Task<int> {
      const Counted local = std::move(life);
      co_await sleep(std::chrono::hours(1));
      co_return 1;
    };
    for (int i = 0; i < 10; ++i) {
      asio::co_spawn(
          loop,
          [&]() -> asio::awaitable<void> {
            const Result<int> answer = co_await async_run(system, hang(Counted(census)), asio::use_awaitable);
            if (!answer && answer.error() == ErrorCode::cancelled) ++cancelled;
          },
          asio::detached);
    }
    loop.poll();
    system.shutdown();
    const auto late = async_run(system, hang(Counted(census)), asio::use_future).get();
    EXPECT_FALSE(late);
    loop.run();
    EXPECT_EQ(cancelled, 10);
  });
  EXPECT_EQ(census.living(), 0);
}

}  // namespace
}  // namespace understudy::test
