// Attacks: what a full mailbox does with one more message under each policy that drops: which message goes, who is
// told, what is counted, and that it stays so with senders on several threads, stops and crashes in between.
#include "support/counted.hpp"
#include "support/runtimes.hpp"
#include "understudy/runtime/task_group.hpp"
#include "understudy/supervision/supervisor.hpp"

#include <atomic>
#include <deque>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace understudy::test {
namespace {

struct Item {
  int number;
  Reply<int> reply;
};
struct Gate {
  std::atomic<bool> open{false};
  std::vector<int> received;  // Written by the actor; read when it has stopped, or handled what waits.
  std::atomic<int> handled{0};
};

Task<> gated(Mailbox<Item>& inbox, std::shared_ptr<Gate> gate) {
  while (!gate->open.load()) co_await sleep(std::chrono::microseconds(20));
  while (auto item = co_await inbox.receive()) {
    gate->received.push_back(item->number);
    item->reply(item->number);
    ++gate->handled;
  }
}
Result<void> tell(const Address<Item>& to, int number) { return to.try_tell(Item{.number = number, .reply = {}}); }

/// Asks, and notes how it ended.
Task<> ask(Address<Item> to, int number, std::shared_ptr<std::atomic<int>> full, bool timed) {
  if (timed) {
    const Result<int> got = co_await to.ask<Item>(number).within(std::chrono::hours(1));
    if (!got && got.error() == ErrorCode::mailbox_full) ++*full;
  } else {
    const Result<int> got = co_await to.ask<Item>(number);
    if (!got && got.error() == ErrorCode::mailbox_full) ++*full;
  }
}

TEST(WhenFull, DropNewestKeepsWhatCameFirst) {
  on_every_runtime([](System& system) {
    const auto gate = std::make_shared<Gate>();
    const auto actor = system.spawn("keeps", gated, {.capacity = 3, .when_full = WhenFull::drop_newest}, gate);
    for (int i = 0; i < 5; ++i) EXPECT_TRUE(tell(actor, i)) << "its sender goes on";
    EXPECT_TRUE(wait(system, actor.tell<Item>(5, Reply<int>())));
    EXPECT_EQ(wait(system, actor.ask<Item>(6)).error(), ErrorCode::mailbox_full);
    EXPECT_EQ(wait(system, actor.ask<Item>(7).within(std::chrono::hours(1))).error(), ErrorCode::mailbox_full);
    EXPECT_EQ(actor.depth(), 3U);
    // A request that was passed on goes back to its asker.
    const auto router = system.spawn("router", [actor](Mailbox<Item>& inbox) -> Task<> {
      while (auto item = co_await inbox.receive()) EXPECT_TRUE(co_await actor.tell(std::move(*item)));
    });
    EXPECT_EQ(wait(system, router.ask<Item>(8)).error(), ErrorCode::mailbox_full);
    const DeadLetters letters = system.dead_letters();
    EXPECT_EQ(letters.count, 3U);
    EXPECT_EQ(letters.of(DeadLetterCause::dropped_newest), 3U);
    EXPECT_EQ(letters.latest[0].sender, DeadLetter::outside);
    gate->open = true;
    ASSERT_TRUE(eventually(system, [&] { return gate->handled.load() == 3; }));
    EXPECT_THAT(gate->received, testing::ElementsAre(0, 1, 2));
    EXPECT_EQ(wait(system, router.ask<Item>(9)).value_or(0), 9) << "there is room again";
  });
}

TEST(WhenFull, DropOldestKeepsWhatCameLast) {
  on_every_runtime([](System& system) {
    for (const int sent : {3, 4, 5, 6, 7, 40}) {
      const std::uint64_t before = system.dead_letters().count;
      const auto gate = std::make_shared<Gate>();
      const auto actor = system.spawn("keeps", gated, {.capacity = 3, .when_full = WhenFull::drop_oldest}, gate);
      for (int i = 0; i < sent; ++i) EXPECT_TRUE(tell(actor, i));
      EXPECT_EQ(actor.depth(), 3U);
      gate->open = true;
      ASSERT_TRUE(eventually(system, [&] { return gate->handled.load() == 3; }));
      EXPECT_THAT(gate->received, testing::ElementsAre(sent - 3, sent - 2, sent - 1));
      EXPECT_EQ(system.dead_letters().count - before, static_cast<std::uint64_t>(sent) - 3);
      EXPECT_EQ(system.dead_letters().of(DeadLetterCause::dropped_oldest), system.dead_letters().count);
    }
  });
}

TEST(WhenFull, DropOldestEndsTheOldestAsk) {
  on_every_runtime([](System& system) {
    for (const bool timed : {false, true}) {
      const auto gate = std::make_shared<Gate>();
      const auto full = std::make_shared<std::atomic<int>>(0);
      const auto actor = system.spawn("keeps", gated, {.capacity = 2, .when_full = WhenFull::drop_oldest}, gate);
      const std::uint64_t before = system.dead_letters().count;
      TaskGroup askers(system);
      askers.spawn(ask(actor, 0, full, timed));
      ASSERT_TRUE(eventually(system, [&] { return actor.depth() == 1; }));
      askers.spawn(ask(actor, 1, full, timed));
      ASSERT_TRUE(eventually(system, [&] { return actor.depth() == 2; }));
      // Two more make the senders trim: at twice the capacity.
      ASSERT_TRUE(tell(actor, 2));
      ASSERT_TRUE(tell(actor, 3));
      ASSERT_TRUE(wait(system, askers.join())) << "both have ended though the actor takes nothing";
      EXPECT_EQ(full->load(), 2);
      askers.spawn(ask(actor, 4, full, timed));
      gate->open = true;
      ASSERT_TRUE(wait(system, askers.join()));
      ASSERT_TRUE(eventually(system, [&] { return actor.depth() == 0; }));
      EXPECT_LE(full->load(), 2) << "the newest is not dropped";
      EXPECT_LE(system.dead_letters().count - before, 1U);
    }
  });
}

TEST(WhenFull, DropOldestFollowsItsModel) {
  for_each_seed(200, [](SimulatedSystem& simulation) {
    System& system = simulation.system();
    SeededRandom random(simulation.seed());
    const auto capacity = static_cast<std::uint32_t>(1 + random.below(6));
    const auto received = std::make_shared<std::vector<int>>();
    const auto actor = system.spawn("steps",
                                    [received](Mailbox<int>& inbox) -> Task<> {
                                      while (auto number = co_await inbox.receive()) {
                                        received->push_back(*number);
                                        co_await sleep(std::chrono::seconds(1));
                                      }
                                    },
                                    {.capacity = capacity, .when_full = WhenFull::drop_oldest});
    std::deque<int> model;
    std::vector<int> expected;
    bool busy = false;
    for (int number = 0; number < 200;) {
      const std::uint64_t burst = random.below(4 * capacity);
      for (std::uint64_t i = 0; i < burst; ++i) {
        ASSERT_TRUE(actor.try_tell(int(number)));
        model.push_back(number++);
        if (!busy) {  // It takes the first at once.
          simulation.run_for(std::chrono::milliseconds(1));
          expected.push_back(model.front());
          model.pop_front();
          busy = true;
        }
      }
      simulation.run_for(std::chrono::seconds(1));
      while (model.size() > capacity) model.pop_front();
      busy = !model.empty();
      if (busy) {
        expected.push_back(model.front());
        model.pop_front();
      }
      ASSERT_EQ(*received, expected);
      ASSERT_EQ(actor.depth(), model.size());
    }
  });
}

struct Counting {
  Census census;
  std::atomic<std::uint64_t> handled{0};
};
struct Token {
  std::uint64_t sender;
  std::uint64_t number;
  Counted life;
};

Task<> crashing_consumer(Mailbox<Token>& inbox, std::shared_ptr<Counting> counting, System& system) {
  std::vector<std::uint64_t> next(8);
  while (auto token = co_await inbox.receive()) {
    EXPECT_GE(token->number, next[token->sender]) << "order of one sender";
    next[token->sender] = token->number + 1;
    if (system.random_number() % 40 == 0) throw std::runtime_error("crash");
    if (system.random_number() % 8 == 0) co_await sleep(Duration(200));
    ++counting->handled;
  }
}

TEST(WhenFull, EachTellIsHandledOrDroppedOnceByManySenders) {
  on_every_runtime(
      [](System& outer) {
        System& system = outer;
        const Supervisor supervisor(system, {.intensity = {.restarts = 1'000'000}, .backoff = {.next = Duration(500)}});
        for (const WhenFull policy : {WhenFull::drop_oldest, WhenFull::drop_newest}) {
          for (const std::uint32_t capacity : {1U, 2U, 9U}) {
            const std::uint64_t before = system.dead_letters().count;
            const auto counting = std::make_shared<Counting>();
            const auto actor = system.spawn("consumer", crashing_consumer, {.capacity = capacity, .when_full = policy},
                                            counting, std::ref(system));
            constexpr std::uint64_t senders = 5;
            constexpr std::uint64_t each = 150;
            TaskGroup group(system);
            for (std::uint64_t i = 0; i < senders; ++i) {
              group.spawn([](Address<Token> to, std::uint64_t own, Census census) -> Task<> {
                for (std::uint64_t number = 0; number < each; ++number) {
                  EXPECT_TRUE(co_await to.tell<Token>(own, number, Counted(census)));
                }
              }(actor, i, counting->census));
            }
            ASSERT_TRUE(wait(system, group.join()));
            actor.stop();
            ASSERT_TRUE(eventually(system, [&] { return actor.stopped(); }));
            EXPECT_EQ(counting->census.living(), 0);
            EXPECT_EQ(counting->handled.load() + system.dead_letters().count - before, senders * each);
          }
        }
      },
      20);
}

TEST(WhenFull, PlainThreadsTellWhileTheActorIsStopped) {
  for (int round = 0; round < 30; ++round) {
    System system({.workers = 2});
    const auto counting = std::make_shared<Counting>();
    const auto actor = system.spawn("consumer", crashing_consumer, {.capacity = 4, .when_full = WhenFull::drop_oldest},
                                    counting, std::ref(system));
    constexpr std::uint64_t each = 400;
    std::vector<std::thread> threads;
    for (std::uint64_t i = 0; i < 3; ++i) {
      threads.emplace_back([&, i] {
        for (std::uint64_t number = 0; number < each; ++number) {
          static_cast<void>(actor.try_tell(Token{.sender = i, .number = number, .life = Counted(counting->census)}));
        }
      });
    }
    if (round % 2 == 0) actor.stop();
    for (std::thread& thread : threads) thread.join();
    actor.stop();
    ASSERT_TRUE(eventually(system, [&] { return actor.stopped(); }));
    EXPECT_EQ(counting->census.living(), 0);
    EXPECT_EQ(counting->handled.load() + system.dead_letters().count, 3 * each);
  }
}

}  // namespace
}  // namespace understudy::test
