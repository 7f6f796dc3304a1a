// Attacks: all are waited for, one wins, and the rest have ended before the result is given, with their destructors,
// whether they give, throw, or are destroyed with their caller at any moment.
#include "understudy/runtime/when.hpp"

#include "support/counted.hpp"
#include "support/runtimes.hpp"
#include "understudy/runtime/interval.hpp"
#include "understudy/runtime/task_group.hpp"

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace understudy::test {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;

Task<std::string> text_after(Duration delay, Census census) {
  const Counted life(census);
  co_await sleep(delay);
  co_return std::string("text that is longer than a short string is");
}
Task<std::unique_ptr<int>> number_after(Duration delay, int number, Census census) {
  const Counted life(census);
  if (delay > Duration{0}) co_await sleep(delay);
  co_return std::make_unique<int>(number);
}
Task<> nothing_after(Duration delay, Census census) {
  const Counted life(census);
  co_await sleep(delay);
}
Task<int> throw_after(Duration delay, Census census) {
  const Counted life(census);
  co_await sleep(delay);
  throw std::runtime_error("thrown");
}

TEST(WhenAll, GivesAll) {
  on_every_runtime([](System& system) {
    const auto run = []() -> Task<> {
      const Census census;
      auto [text, number, none, slept] =
          co_await when_all(text_after(microseconds(20), census), number_after(microseconds(5), 7, census),
                            nothing_after(microseconds(1), census), sleep(microseconds(3)));
      EXPECT_EQ(census.living(), 0);
      EXPECT_EQ(text.size(), 42U);
      EXPECT_EQ(*number, 7);
      EXPECT_EQ(none, std::monostate());
      EXPECT_EQ(slept, std::monostate());
      std::vector<Task<std::unique_ptr<int>>> many;
      for (int i = 0; i < 30; ++i) many.push_back(number_after(Duration((37 * i) % 30), i, census));
      const auto numbers = co_await when_all(std::move(many));
      EXPECT_EQ(numbers.size(), 30U);
      for (int i = 0; i < 30; ++i) EXPECT_EQ(*numbers[static_cast<std::size_t>(i)], i);
      std::vector<Task<>> empty;
      const auto none_at_all = co_await when_all(std::move(empty));
      EXPECT_TRUE(none_at_all.empty());
      EXPECT_EQ(census.living(), 0);
    };
    ASSERT_TRUE(wait(system, run()));
  });
}

TEST(WhenAll, ThrowsTheFirstExceptionWhenAllHaveEnded) {
  on_every_runtime([](System& system) {
    const auto run = []() -> Task<> {
      const Census census;
      EXPECT_THROW(
          static_cast<void>(co_await when_all(text_after(hours(1), census), throw_after(microseconds(5), census),
                                              nothing_after(hours(2), census))),
          std::runtime_error);
      EXPECT_EQ(census.living(), 0);
    };
    const TimePoint start = system.clock().now();
    ASSERT_TRUE(wait(system, run()));
    EXPECT_LT(system.clock().now() - start, hours(1));
  });
}

TEST(WhenAny, GivesTheFirstWhenTheOthersHaveEnded) {
  on_every_runtime([](System& system) {
    const auto run = []() -> Task<> {
      const Census census;
      auto first = co_await when_any(text_after(hours(1), census), number_after(microseconds(5), 7, census),
                                     nothing_after(hours(1), census));
      EXPECT_EQ(census.living(), 0);
      EXPECT_EQ(first.index(), 1U);
      EXPECT_EQ(*std::get<1>(first), 7);
      std::vector<Task<std::unique_ptr<int>>> many;
      for (int i = 0; i < 30; ++i) many.push_back(number_after(i == 11 ? Duration(10) : hours(1), i, census));
      const First<std::unique_ptr<int>> one = co_await when_any(std::move(many));
      EXPECT_EQ(one.index, 11U);
      EXPECT_EQ(*one.value, 11);
      EXPECT_EQ(census.living(), 0);
      EXPECT_THROW(
          static_cast<void>(co_await when_any(text_after(hours(1), census), throw_after(microseconds(5), census))),
          std::runtime_error);
      EXPECT_EQ(census.living(), 0);
    };
    ASSERT_TRUE(wait(system, run()));
  });
}

TEST(WhenAny, OfManyAtOnceOneWins) {
  int rounds = 0;
  for_each_seed(300, [&rounds](SimulatedSystem& simulation) {
    const auto run = [&rounds](std::uint64_t seed) -> Task<> {
      SeededRandom random(seed);
      const Census census;
      for (int round = 0; round < 5; ++round) {
        std::vector<Task<std::unique_ptr<int>>> many;
        for (int i = 0; i < 8; ++i) many.push_back(number_after(Duration(random.below(3)), i, census));
        const First<std::unique_ptr<int>> one = co_await when_any(std::move(many));
        EXPECT_EQ(*one.value, static_cast<int>(one.index));
        ++rounds;
        EXPECT_EQ(census.living(), 0);
      }
    };
    ASSERT_TRUE(wait(simulation.system(), run(simulation.seed())));
  });
  EXPECT_EQ(rounds, 1500);
}

struct Echo {
  int number;
  Duration delay;
  Counted token;
  Reply<int> reply;
};
Task<> echo(Mailbox<Echo>& inbox) {
  while (auto request = co_await inbox.receive()) {
    co_await sleep(request->delay);
    request->reply(request->number);
  }
}

Task<> ask_many(Address<Echo> to, Census census, std::uint64_t seed) {
  const Counted life(census);
  SeededRandom random(seed);
  const auto delay = [&random] { return Duration(random.below(4000)); };
  for (;;) {
    const Counted inner(census);
    if (random.chance(50)) {
      const auto [one, two] = co_await when_all(to.ask<Echo>(1, delay(), Counted(census)),
                                                to.ask<Echo>(2, delay(), Counted(census)).within(hours(1)));
      EXPECT_TRUE(one && *one == 1);
      EXPECT_TRUE(two && *two == 2);
    } else {
      const auto first = co_await when_any(to.ask<Echo>(1, delay(), Counted(census)), sleep(delay()),
                                           to.ask<Echo>(3, delay(), Counted(census)).within(delay()));
      if (first.index() == 0) {
        EXPECT_TRUE(std::get<0>(first) && *std::get<0>(first) == 1);
      }
    }
  }
}

TEST(When, MayBeDestroyedAtAnyMoment) {
  on_every_runtime(
      [](System& system) {
        const Census census;
        SeededRandom random(system.random_number());
        const auto actor = system.spawn("echo", echo, {.capacity = 4});
        for (int round = 0; round < 10; ++round) {
          TaskGroup group(system);
          for (int i = 0; i < 6; ++i) group.spawn(ask_many(actor, census, random.next()));
          pass_time(system, Duration(random.below(60'000)));
          group.cancel();
          ASSERT_TRUE(wait(system, group.join()));
        }
        actor.stop();
        ASSERT_TRUE(eventually(system, [&] { return actor.stopped(); }));
        EXPECT_EQ(census.living(), 0);
      },
      300);
}

}  // namespace
}  // namespace understudy::test
