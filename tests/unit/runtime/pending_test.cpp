// Attacks: what was started goes on by itself, is awaited once, later or never, and is cancelled with its Pending at
// any moment.
#include "understudy/runtime/pending.hpp"

#include "support/counted.hpp"
#include "support/runtimes.hpp"
#include "understudy/runtime/task_group.hpp"

#include <atomic>
#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>

namespace understudy::test {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;

struct Twice {
  int number;
  Duration delay;
  Counted token;
  Reply<int> reply;
};
Task<> twice(Mailbox<Twice>& inbox, std::atomic<int>& started) {
  while (auto request = co_await inbox.receive()) {
    ++started;
    co_await sleep(request->delay);
    request->reply(2 * request->number);
  }
}
Task<int> throwing() {
  co_await yield();
  throw std::runtime_error("thrown");
}

TEST(Pending, IsStartedNowAndAwaitedLater) {
  on_every_runtime([](System& system) {
    std::atomic<int> started = 0;
    const Census census;
    const auto actor = system.spawn("twice", twice, {}, std::ref(started));
    const auto run = [&]() -> Task<> {
      Pending<Result<int>> first = start(actor.ask<Twice>(1, Duration(10), Counted(census)));
      Pending<Result<int>> second = start(actor.ask<Twice>(2, Duration(10), Counted(census)).within(hours(1)));
      // They end without being awaited.
      while (!second.ready() || !first.ready()) co_await sleep(microseconds(1));
      const Result<int> got_second = co_await second;
      const Result<int> got_first = co_await first;
      EXPECT_EQ(got_first, 2);
      EXPECT_EQ(got_second, 4);
      Pending<int> bad = start(throwing());
      EXPECT_THROW(static_cast<void>(co_await bad), std::runtime_error);
      Pending<std::monostate> slept = start(sleep(hours(1000)));
      slept.cancel();
      const Result<std::monostate> nothing = co_await slept;
      EXPECT_EQ(nothing.error(), ErrorCode::cancelled);
      const Result<std::monostate> nothing_again = co_await slept;
      EXPECT_EQ(nothing_again.error(), ErrorCode::cancelled);
    };
    ASSERT_TRUE(wait(system, run()));
    EXPECT_EQ(census.living(), 0);
  });
}

Task<> start_and_drop(Address<Twice> to, Census census, std::uint64_t seed) {
  const Counted life(census);
  SeededRandom random(seed);
  for (;;) {
    std::vector<Pending<Result<int>>> all;
    for (int i = 0; i < 4; ++i) {
      all.push_back(start(to.ask<Twice>(i, Duration(random.below(3000)), Counted(census))));
    }
    if (random.chance(50)) co_await sleep(Duration(random.below(6000)));
    for (int i = 0; i < 4; ++i) {
      if (random.chance(40)) continue;
      const Result<int> got = co_await all[static_cast<std::size_t>(i)];
      EXPECT_EQ(got, 2 * i);
    }
  }
}

TEST(Pending, MayBeDestroyedAtAnyMoment) {
  on_every_runtime(
      [](System& system) {
        const Census census;
        std::atomic<int> started = 0;
        SeededRandom random(system.random_number());
        const auto actor = system.spawn("twice", twice, {.capacity = 4}, std::ref(started));
        for (int round = 0; round < 10; ++round) {
          TaskGroup group(system);
          for (int i = 0; i < 4; ++i) group.spawn(start_and_drop(actor, census, random.next()));
          pass_time(system, Duration(random.below(60'000)));
          group.cancel();
          ASSERT_TRUE(wait(system, group.join()));
        }
        EXPECT_TRUE(eventually(system, [&] { return census.living() == 0; }));
        actor.stop();
        ASSERT_TRUE(eventually(system, [&] { return actor.stopped(); }));
      },
      300);
}

}  // namespace
}  // namespace understudy::test
