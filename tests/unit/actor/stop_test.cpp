// Attacks: an actor that is asked to stop handles what waits, then receives nothing, and is gone; whatever it does at
// that moment, and whatever is sent to it then.
#include "support/counted.hpp"
#include "support/runtimes.hpp"
#include "understudy/runtime/task_group.hpp"

#include <atomic>
#include <memory>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace understudy::test {
namespace {

struct Work {
  int number;
  Reply<int> reply;
};

Task<> worker(Mailbox<Work>& inbox, std::shared_ptr<std::atomic<int>> handled, Duration pace) {
  while (auto work = co_await inbox.receive()) {
    if (pace > Duration{0}) co_await sleep(pace);
    ++*handled;
    work->reply(work->number);
  }
  EXPECT_FALSE(co_await inbox.receive()) << "and again";
  EXPECT_FALSE(inbox.try_receive());
}

TEST(Stop, HandlesWhatWaitsFirst) {
  on_every_runtime([](System& system) {
    for (const Duration pace : {Duration{0}, Duration{5000}}) {
      const auto handled = std::make_shared<std::atomic<int>>(0);
      const auto actor = system.spawn("worker", worker, {.capacity = 50}, handled, pace);
      int accepted = 0;
      for (int i = 0; i < 40; ++i) {
        if (actor.try_tell(Work{.number = i, .reply = {}})) ++accepted;
      }
      actor.stop();
      actor.stop();
      EXPECT_EQ(actor.try_tell(Work{.number = 1, .reply = {}}).error(), ErrorCode::actor_stopped);
      EXPECT_EQ(wait(system, actor.ask<Work>(1)).error(), ErrorCode::actor_stopped);
      ASSERT_TRUE(eventually(system, [&] { return actor.stopped(); }));
      EXPECT_EQ(handled->load(), accepted);
      EXPECT_EQ(system.dead_letters().of(DeadLetterCause::left_in_mailbox), 0U);
    }
  });
}

TEST(Stop, ComesAtAnyMoment) {
  on_every_runtime(
      [](System& system) {
        SeededRandom random(system.random_number());
        for (int round = 0; round < 20; ++round) {
          const auto handled = std::make_shared<std::atomic<int>>(0);
          const auto actor = system.spawn("worker", worker, {.capacity = 2}, handled, Duration(random.below(3000)));
          std::atomic<int> answered = 0;
          std::atomic<int> stopped = 0;
          TaskGroup askers(system);
          for (int i = 0; i < 5; ++i) {
            askers.spawn([](Address<Work> to, std::atomic<int>& good, std::atomic<int>& late) -> Task<> {
              for (int number = 0; number < 10; ++number) {
                const Result<int> got = co_await to.ask<Work>(number);
                if (got) {
                  EXPECT_EQ(*got, number);
                  ++good;
                } else {
                  EXPECT_EQ(got.error(), ErrorCode::actor_stopped);
                  ++late;
                }
              }
            }(actor, answered, stopped));
          }
          ASSERT_TRUE(wait(system, pause(Duration(random.below(30'000)))));
          actor.stop();
          ASSERT_TRUE(wait(system, askers.join()));
          ASSERT_TRUE(eventually(system, [&] { return actor.stopped(); }));
          EXPECT_EQ(answered.load(), handled->load());
          EXPECT_EQ(answered.load() + stopped.load(), 50);
        }
      },
      100);
}

TEST(Stop, OfAnActorThatReturnsByItselfBuriesWhatWaits) {
  on_every_runtime([](System& system) {
    const auto gate = std::make_shared<std::atomic<bool>>(false);
    const auto actor = system.spawn("deserter", [gate](Mailbox<Work>& inbox) -> Task<> {
      const auto first = co_await inbox.receive();
      while (!gate->load()) co_await sleep(std::chrono::microseconds(20));
    });
    ASSERT_TRUE(actor.try_tell(Work{.number = 0, .reply = {}}));
    std::atomic<int> stopped = 0;
    TaskGroup askers(system);
    for (int i = 0; i < 3; ++i) {
      askers.spawn([](Address<Work> to, std::atomic<int>& count) -> Task<> {
        const Result<int> got = co_await to.ask<Work>(1);
        if (!got && got.error() == ErrorCode::actor_stopped) ++count;
      }(actor, stopped));
    }
    ASSERT_TRUE(eventually(system, [&] { return actor.depth() == 3; }));
    ASSERT_TRUE(actor.try_tell(Work{.number = 1, .reply = {}}));
    ASSERT_TRUE(actor.try_tell(Work{.number = 2, .reply = {}}));
    gate->store(true);
    ASSERT_TRUE(wait(system, askers.join()));
    EXPECT_EQ(stopped.load(), 3);
    ASSERT_TRUE(eventually(system, [&] { return actor.stopped(); }));
    const DeadLetters letters = system.dead_letters();
    ASSERT_EQ(letters.count, 2U);
    EXPECT_EQ(letters.latest[0].actor, "/deserter");
    EXPECT_THAT(letters.latest[0].message, testing::HasSubstr("Work"));
    EXPECT_EQ(letters.latest[0].reason, ErrorCode::actor_stopped);
  });
}

TEST(Stop, KeepsTheLatestDeadLettersAndCountsAll) {
  SimulatedSystem simulation(1);
  System& system = simulation.system();
  const auto actor = system.spawn("deserter", [](Mailbox<int>&) -> Task<> { co_await sleep(std::chrono::seconds(1)); },
                                  {.capacity = 1000});
  for (int i = 0; i < 300; ++i) ASSERT_TRUE(actor.try_tell(int(i)));
  ASSERT_TRUE(eventually(system, [&] { return actor.stopped(); }));
  EXPECT_EQ(system.dead_letters().count, 300U);
  EXPECT_EQ(system.dead_letters().latest.size(), dead_letters_kept_default);
}

TEST(Stop, ManyActorsAtOnce) {
  on_every_runtime(
      [](System& system) {
        const Census census;
        std::vector<Address<int>> actors;
        for (int i = 0; i < 1000; ++i) {
          actors.push_back(system.spawn(
              "one of many",
              [](Mailbox<int>& inbox, [[maybe_unused]] Counted life) -> Task<> {
                while (co_await inbox.receive()) {
                }
              },
              {}, Counted(census)));
        }
        for (const auto& actor : actors) static_cast<void>(actor.try_tell(1));
        for (std::size_t i = 0; i < actors.size(); i += 2) actors[i].stop();
        for (std::size_t i = 0; i < actors.size(); i += 2) {
          ASSERT_TRUE(eventually(system, [&] { return actors[i].stopped(); }));
        }
        system.shutdown();
        EXPECT_EQ(census.living(), 0);
      },
      3);
}

}  // namespace
}  // namespace understudy::test
