// Attacks: whoever wants to know of an actor's end is told once, whatever ends it, and though it is long gone; also one
// whose mailbox is full. Actors that are linked fail together.
#include "understudy/actor/watch.hpp"

#include "support/counted.hpp"
#include "support/runtimes.hpp"
#include "understudy/runtime/task_group.hpp"

#include <atomic>
#include <stdexcept>

#include <gtest/gtest.h>

namespace understudy::test {
namespace {

using std::chrono::milliseconds;

Task<> moody(Mailbox<int>& inbox) {
  while (auto mood = co_await inbox.receive()) {
    if (*mood == 0) co_return;
    if (*mood == 1) throw std::runtime_error("bad mood");
  }
}

TEST(Watch, TellsHowItEnded) {
  on_every_runtime([](System& system) {
    const auto returns = system.spawn("returns", moody);
    const auto crashes = system.spawn("crashes", moody);
    const auto stops = system.spawn("stops", moody);
    ASSERT_TRUE(returns.try_tell(0));
    ASSERT_TRUE(crashes.try_tell(1));
    stops.stop();
    for (int times = 0; times < 2; ++times) {  // The second time all are long gone.
      const Result<ActorEnd> returned = wait(system, ended(returns));
      EXPECT_EQ(returned->cause, EndCause::returned);
      EXPECT_EQ(returned->path, "/returns");
      EXPECT_FALSE(returned->failed());
      EXPECT_EQ(wait(system, ended(crashes))->cause, EndCause::crashed);
      EXPECT_TRUE(wait(system, ended(crashes))->failed());
      EXPECT_EQ(wait(system, ended(stops))->cause, EndCause::returned);
    }
  });
}

TEST(Watch, ByAMessageEvenToAFullMailbox) {
  on_every_runtime([](System& system) {
    const auto seen = std::make_shared<std::atomic<int>>(0);
    const auto held = std::make_shared<std::atomic<bool>>(true);
    const auto boss = system.spawn("boss",
                                   [seen, held](Mailbox<std::string>& inbox) -> Task<> {
                                     while (held->load()) co_await sleep(milliseconds(1));
                                     while (auto news = co_await inbox.receive()) *seen += *news == "/worker" ? 1 : 0;
                                   },
                                   {.capacity = 1});
    ASSERT_TRUE(boss.try_tell(std::string("work")));
    for (int i = 0; i < 10; ++i) {
      const auto worker = system.spawn("worker", moody);
      watch(worker, boss, [](const ActorEnd& end) { return end.path; });
      ASSERT_TRUE(worker.try_tell(i % 2));
    }
    pass_time(system, milliseconds(2));
    *held = false;
    EXPECT_TRUE(eventually(system, [&] { return seen->load() == 10; }));
  });
}

TEST(Watch, OneThatIsGivenUpLeavesNothing) {
  on_every_runtime([](System& system) {
    const Census census;
    const auto worker = system.spawn("worker", moody);
    {
      TaskGroup watchers(system);
      for (int i = 0; i < 5; ++i) {
        watchers.spawn([](Address<int> to, Counted /*life*/) -> Task<> { static_cast<void>(co_await ended(to)); }(
                                                                 worker, Counted(census)));
      }
      pass_time(system, milliseconds(1));
      watchers.cancel();
      ASSERT_TRUE(wait(system, watchers.join()));
    }
    EXPECT_EQ(census.living(), 0);
    ASSERT_TRUE(worker.try_tell(0));
    EXPECT_EQ(wait(system, ended(worker))->cause, EndCause::returned);
  });
}

TEST(Link, EndsTheOtherIfOneFails) {
  on_every_runtime([](System& system) {
    const auto left = system.spawn("left", moody);
    const auto right = system.spawn("right", moody);
    const auto apart = system.spawn("apart", moody);
    link(left, right);
    link(right, apart);
    ASSERT_TRUE(apart.try_tell(0));
    EXPECT_EQ(wait(system, ended(apart))->cause, EndCause::returned);
    pass_time(system, milliseconds(1));
    EXPECT_FALSE(right.stopped()) << "one that returned takes nobody along";
    ASSERT_TRUE(left.try_tell(1));
    const Result<ActorEnd> end = wait(system, ended(right));
    EXPECT_EQ(end->cause, EndCause::stopped);
    EXPECT_NE(end->reason.message().find("/left, to which it is linked, has ended"), std::string_view::npos);
  });
}

}  // namespace
}  // namespace understudy::test
