// Attacks: a Task gives its result or its exception to the awaiter, uses no stack for a sequence of awaits, and
// destroys all that lives in it, wherever it is suspended.
#include "support/counted.hpp"
#include "support/runtimes.hpp"
#include "understudy/runtime/sleep.hpp"
#include "understudy/runtime/task_group.hpp"

#include <memory>
#include <stdexcept>

#include <gtest/gtest.h>

namespace understudy::test {
namespace {

Task<int> give(int value) { co_return value; }
Task<int> fail_with(const std::string& what) {
  if (!what.empty()) throw std::runtime_error(what);
  co_return 0;
}
Task<std::unique_ptr<int>> give_pointer() { co_return std::make_unique<int>(7); }

TEST(Task, GivesItsResult) {
  on_every_runtime([](System& system) {
    EXPECT_EQ(wait(system, give(42)).value_or(0), 42);
    EXPECT_EQ(*wait(system, give_pointer()).value(), 7);
    const auto sum = [](int n) -> Task<int> {
      int total = 0;
      for (int i = 0; i < n; ++i) total += co_await give(i);
      co_return total;
    };
    EXPECT_EQ(wait(system, sum(10)).value_or(0), 45);
  });
}

TEST(Task, PassesItsExceptionOn) {
  on_every_runtime([](System& system) {
    const auto through = [](Census census) -> Task<int> {
      const Counted local(census);
      const int value = co_await fail_with("deep");
      co_return value;
    };
    const Census census;
    try {
      static_cast<void>(wait(system, through(census)));
      FAIL() << "no exception";
    } catch (const std::runtime_error& error) {
      EXPECT_STREQ(error.what(), "deep");
    }
    EXPECT_EQ(census.living(), 0);
    const auto caught = []() -> Task<int> {
      int result = 0;
      try {
        result = co_await fail_with("caught");
      } catch (const std::runtime_error&) {
        result = -1;
      }
      co_return result + co_await give(1);
    };
    EXPECT_EQ(wait(system, caught()).value_or(7), 0);
  });
}

Task<int> yield_and_give(int value) {
  co_await yield();
  co_return value;
}

TEST(Task, AwaitsAHundredThousandTasksInARow) {
  on_every_runtime(
      [](System& system) {
        const auto many = [](Task<int> (*next)(int)) -> Task<std::int64_t> {
          std::int64_t total = 0;
          for (int i = 0; i < 100'000; ++i) total += co_await next(1);
          co_return total;
        };
        EXPECT_EQ(wait(system, many(give)).value_or(0), 100'000);
        EXPECT_EQ(wait(system, many(yield_and_give)).value_or(0), 100'000);
      },
      2);
}

Task<int> deep(int depth, bool suspend) {
  if (depth == 0) {
    if (suspend) co_await yield();
    co_return 0;
  }
  co_return 1 + co_await deep(depth - 1, suspend);
}

TEST(Task, NestsDeeply) {
  on_every_runtime(
      [](System& system) {
        EXPECT_EQ(wait(system, deep(10'000, false)).value_or(0), 10'000);
        EXPECT_EQ(wait(system, deep(10'000, true)).value_or(0), 10'000);
      },
      2);
}

Task<> hold(Census census, int depth) {
  const Counted local(census);
  if (depth == 0) {
    co_await sleep(std::chrono::hours(1));
  } else {
    co_await hold(census, depth - 1);
  }
}

TEST(Task, DestroyedWhileSuspendedEndsAllItsFrames) {
  on_every_runtime([](System& system) {
    const Census census;
    for (int depth = 0; depth < 20; ++depth) {
      TaskGroup group(system);
      group.spawn(hold(census, depth));
      ASSERT_TRUE(eventually(system, [&] { return census.living() == depth + 1; }));
      group.cancel();
      ASSERT_TRUE(wait(system, group.join()));
      EXPECT_EQ(census.living(), 0);
    }
  });
}

TEST(Task, NeverStartedEndsItsArguments) {
  const Census census;
  const auto take = [](Counted counted) -> Task<> {
    const Counted local = std::move(counted);
    co_return;
  };
  {
    Task<> task = take(Counted(census));
    EXPECT_EQ(census.living(), 1);
    Task<> moved = std::move(task);
    EXPECT_FALSE(static_cast<bool>(task));  // NOLINT(bugprone-use-after-move): that is what is tested
    EXPECT_TRUE(static_cast<bool>(moved));
    task = take(Counted(census));
    EXPECT_EQ(census.living(), 2);
    task = std::move(moved);
    EXPECT_EQ(census.living(), 1);
    task.reset();
    EXPECT_EQ(census.living(), 0);
  }
  EXPECT_EQ(census.living(), 0);
}

}  // namespace
}  // namespace understudy::test
