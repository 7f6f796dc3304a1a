// Attacks: actors that ask one another in a circle. Whoever would close it is told so, with the circle's names; the
// others get their answers. Asks that only look like a circle go through. And time-outs that say what the asked one
// does.
#include "support/runtimes.hpp"
#include "understudy/runtime/task_group.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace understudy::test {
namespace {

using std::chrono::milliseconds;
using testing::AllOf;
using testing::HasSubstr;

struct Route;
/// Goes from actor to actor, each asking the next.
struct Walk {
  std::shared_ptr<const Route> route;
  std::size_t step;
  Reply<std::string> reply;  // What became of the last ask.
};
struct Route {
  std::vector<Address<Walk>> stops;
};
std::shared_ptr<const Route> through(std::vector<Address<Walk>> stops) {
  return std::make_shared<const Route>(Route{std::move(stops)});
}

Task<> walker(Mailbox<Walk>& inbox) {
  while (auto walk = co_await inbox.receive()) {
    if (walk->step == walk->route->stops.size()) {
      walk->reply("end");
      continue;
    }
    const Address<Walk> to = walk->route->stops[walk->step];
    const Result<std::string> got = co_await to.ask<Walk>(walk->route, walk->step + 1);
    walk->reply(got ? *got : std::string(name_of(got.error().code())) + ": " + std::string(got.error().message()));
  }
}

/// What comes of it if `first` is asked to go through `stops`.
std::string walked(System& system, const Address<Walk>& first, std::vector<Address<Walk>> stops) {
  const Result<std::string> got = wait(system, first.ask<Walk>(through(std::move(stops)), std::size_t{0}));
  return got ? *got : std::string(got.error().message());
}

TEST(Circle, OfThreeIsNamed) {
  on_every_runtime([](System& system) {
    const auto a = system.spawn("a", walker);
    const auto b = system.spawn("b", walker);
    const auto c = system.spawn("c", walker);
    EXPECT_THAT(walked(system, a, {b, c, a}), AllOf(HasSubstr("deadlock"), HasSubstr("/c -> /a -> /b -> /c")));
    EXPECT_EQ(walked(system, a, {b, c}), "end") << "all three are well";
  });
}

TEST(Circle, OfOneIsNamed) {
  on_every_runtime([](System& system) {
    const auto a = system.spawn("a", walker);
    EXPECT_THAT(walked(system, a, {a}), AllOf(HasSubstr("deadlock"), HasSubstr("/a -> /a")));
  });
}

TEST(Circle, AChainIsNone) {
  on_every_runtime([](System& system) {
    std::vector<Address<Walk>> actors;
    for (int i = 0; i < 40; ++i) actors.push_back(system.spawn("walker", walker));
    const auto first = actors.front();
    actors.erase(actors.begin());
    EXPECT_EQ(walked(system, first, actors), "end");
  });
}

TEST(Circle, ManyWhoWaitForOneAreNone) {
  on_every_runtime([](System& system) {
    const auto hub = system.spawn("hub", walker);
    const auto slow = system.spawn("slow", [](Mailbox<Walk>& inbox) -> Task<> {
      while (auto walk = co_await inbox.receive()) {
        co_await sleep(milliseconds(1));
        walk->reply("slow");
      }
    });
    TaskGroup askers(system);
    std::atomic<int> right = 0;
    for (int i = 0; i < 20; ++i) {
      const auto spoke = system.spawn("spoke", walker);
      askers.spawn([](Address<Walk> from, std::shared_ptr<const Route> route, std::atomic<int>& good) -> Task<> {
        const Result<std::string> got = co_await from.ask<Walk>(route, std::size_t{0});
        if (got.value_or("") == "slow") ++good;
      }(spoke, through({hub, slow}), right));
    }
    ASSERT_TRUE(wait(system, askers.join()));
    EXPECT_EQ(right.load(), 20);
  });
}

TEST(Timeout, SaysWhatTheAskedOneDoes) {
  on_every_runtime(
      [](System& system) {
        const auto deaf = system.spawn("deaf",
                                       [](Mailbox<Walk>& inbox) -> Task<> {
                                         while (auto walk = co_await inbox.receive())
                                           co_await sleep(std::chrono::hours(1));
                                       },
                                       {.capacity = 5});
        const auto front = system.spawn("front", walker);
        TaskGroup waits(system);
        waits.spawn([](Address<Walk> from, std::shared_ptr<const Route> route) -> Task<> {
          static_cast<void>(co_await from.ask<Walk>(route, std::size_t{0}));
        }(front, through({deaf})));
        pass_time(system, milliseconds(1));
        const Result<std::string> direct =
            wait(system, deaf.ask<Walk>(through({}), std::size_t{0}).within(milliseconds(2)));
        EXPECT_EQ(direct.error(), ErrorCode::timeout);
        EXPECT_THAT(
            std::string(direct.error().message()),
            AllOf(HasSubstr("/deaf has not answered"), HasSubstr("waits for a timer"), HasSubstr("of 5 messages")));
        const Result<std::string> behind =
            wait(system, front.ask<Walk>(through({}), std::size_t{0}).within(milliseconds(2)));
        EXPECT_THAT(std::string(behind.error().message()), HasSubstr("waits for an answer of /deaf"));
        system.shutdown(milliseconds(10));  // The deaf one would take its time.
      },
      10);
}

}  // namespace
}  // namespace understudy::test
