// Attacks: a plain thread that waits always comes back: with the value, the exception, or `cancelled`.
#include "understudy/runtime/wait.hpp"

#include "support/counted.hpp"
#include "support/runtimes.hpp"
#include "understudy/runtime/sleep.hpp"

#include <latch>
#include <stdexcept>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace understudy::test {
namespace {

Task<> hang(Census census, std::latch* begun) {
  const Counted life(census);
  if (begun != nullptr) begun->count_down();
  co_await sleep(std::chrono::hours(1));
}

Task<Result<int>> give_error() { co_return failure(ErrorCode::data_damaged, "as it is"); }

TEST(Wait, GivesAResultAsItIs) {
  on_every_runtime([](System& system) {
    const Result<int> result = wait(system, give_error());
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error(), ErrorCode::data_damaged);
    EXPECT_EQ(result.error().message(), "as it is");
  });
}

TEST(Wait, FromManyThreadsAtOnce) {
  on_real_threads([](System& system) {
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&system, i] {
        for (int round = 0; round < 200; ++round) {
          const auto task = [](int value) -> Task<int> {
            co_await yield();
            co_return value;
          };
          ASSERT_EQ(wait(system, task(i)).value_or(-1), i);
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
  });
}

TEST(Wait, IsCancelledByShutdown) {
  on_real_threads([](System& system) {
    const Census census;
    std::vector<std::thread> threads;
    std::latch begun(4);
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        const Result<void> result = wait(system, hang(census, &begun));
        ASSERT_FALSE(result);
        EXPECT_EQ(result.error(), ErrorCode::cancelled);
      });
    }
    begun.wait();
    system.shutdown();
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(census.living(), 0);
  });
}

TEST(Wait, EndsWhileShutdownComes) {
  on_real_threads([](System& outer) {
    for (int round = 0; round < 30; ++round) {
      System system({.workers = outer.worker_count()});
      std::vector<std::thread> threads;
      for (int i = 0; i < 3; ++i) {
        threads.emplace_back([&system] {
          Result<void> result;
          for (int n = 0; n < 10'000 && result; ++n) result = wait(system, pause(Duration(n % 7 * 1000)));
          if (!result) {
            EXPECT_EQ(result.error(), ErrorCode::cancelled);
          }
        });
      }
      pass_time(outer, std::chrono::microseconds(round * 40));
      system.shutdown();
      for (std::thread& thread : threads) thread.join();
    }
  });
}

struct NeverWoken {
  [[nodiscard]] bool await_ready() const noexcept { return event.await_ready(); }
  bool await_suspend(std::coroutine_handle<> awaiting) const noexcept { return event.await_suspend(awaiting); }
  void await_resume() const noexcept {}
  detail::Event& event;
};
Task<> wait_for(detail::Event& event, Census census) {
  const Counted life(census);
  co_await NeverWoken{event};
}

TEST(Wait, SaysWhenNothingIsLeftToRun) {
  for_each_seed(10, [](SimulatedSystem& simulation) {
    const Census census;
    detail::Event event;
    const Result<void> result = wait(simulation.system(), wait_for(event, census));
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error(), ErrorCode::cancelled);
    EXPECT_EQ(census.living(), 0) << "the task refers to the waiting function: it ends first";
    simulation.run_for(std::chrono::seconds(1));
  });
}

TEST(WaitDeathTest, IsNotForWorkers) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        set_log_level(LogLevel::error);
        System system({.workers = 1});
        static_cast<void>(wait(system, [](System& own) -> Task<> {
          static_cast<void>(wait(own, pause(Duration(1))));
          co_return;
        }(system)));
      },
      "must not block");
}

TEST(Wait, InOneSystemForAnother) {
  System one({.workers = 1});
  System two({.workers = 1});
  const auto nested = [](System& other) -> Task<int> {
    co_return wait(other, []() -> Task<int> { co_return 5; }()).value_or(0);
  };
  EXPECT_EQ(wait(one, nested(two)).value_or(0), 5);
}

}  // namespace
}  // namespace understudy::test
