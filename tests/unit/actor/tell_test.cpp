// Attacks: tells keep their order, fill a mailbox to its capacity and not beyond, wait their turn when it is full, and
// are handled, or given back, or kept as dead letters: none vanishes.
#include "support/counted.hpp"
#include "support/runtimes.hpp"
#include "understudy/runtime/task_group.hpp"
#include "understudy/supervision/supervisor.hpp"

#include <atomic>
#include <memory>
#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>

namespace understudy::test {
namespace {

struct Item {
  std::uint64_t sender;
  std::uint64_t number;
  Counted token;
};

struct Ledger {
  Census census;
  std::atomic<std::uint64_t> sent{0};
  std::atomic<std::uint64_t> accepted{0};
  std::atomic<std::uint64_t> refused{0};
  std::atomic<std::uint64_t> handled{0};
  std::atomic<bool> in_order{true};
  std::vector<std::uint64_t> next = std::vector<std::uint64_t>(64);
};

Task<> consumer(Mailbox<Item>& inbox, std::shared_ptr<Ledger> ledger, Duration pace, std::uint64_t crash_after) {
  while (auto item = co_await inbox.receive()) {
    if (item->number < ledger->next[item->sender]) ledger->in_order = false;
    ledger->next[item->sender] = item->number + 1;
    if (++ledger->handled == crash_after) throw std::runtime_error("enough");
    if (pace > Duration{0}) co_await sleep(pace);
  }
}

Task<> producer(Address<Item> to, std::shared_ptr<Ledger> ledger, std::uint64_t sender, std::uint64_t count) {
  for (std::uint64_t number = 0; number < count; ++number) {
    ++ledger->sent;
    const Result<void> told = co_await to.tell<Item>(sender, number, Counted(ledger->census));
    if (told) {
      ++ledger->accepted;
    } else {
      EXPECT_EQ(told.error(), ErrorCode::actor_stopped);
      ++ledger->refused;
    }
  }
}

TEST(Tell, KeepsTheOrderOfEachSender) {
  on_every_runtime([](System& system) {
    for (const std::uint32_t capacity : {1U, 2U, 5U, 100U}) {
      const auto ledger = std::make_shared<Ledger>();
      const auto actor = system.spawn("consumer", consumer, {.capacity = capacity}, ledger, Duration{0}, 0U);
      TaskGroup producers(system);
      for (std::uint64_t i = 0; i < 5; ++i) producers.spawn(producer(actor, ledger, i, 100));
      ASSERT_TRUE(wait(system, producers.join()));
      EXPECT_TRUE(eventually(system, [&] { return ledger->handled.load() == 500; }));
      EXPECT_TRUE(ledger->in_order.load());
      EXPECT_EQ(ledger->accepted.load(), 500U);
      EXPECT_EQ(ledger->census.living(), 0);
    }
  });
}

TEST(Tell, IsAcceptedOnlyWhenThereIsRoom) {
  for_each_seed(50, [](SimulatedSystem& simulation) {
    System& system = simulation.system();
    for (const std::uint64_t capacity : {1U, 2U, 3U, 8U}) {
      const auto ledger = std::make_shared<Ledger>();
      const auto actor = system.spawn("consumer", consumer, {.capacity = static_cast<std::uint32_t>(capacity)}, ledger,
                                      std::chrono::microseconds(3), 0U);
      TaskGroup producers(system);
      for (std::uint64_t i = 0; i < 6; ++i) producers.spawn(producer(actor, ledger, i, 20));
      while (producers.size() > 0) {
        ASSERT_LE(ledger->accepted.load(), ledger->handled.load() + capacity);
        ASSERT_TRUE(simulation.step());
      }
    }
  });
}

TEST(Tell, IsHandledInTheOrderOfSendingThoughSendersWait) {
  for_each_seed(100, [](SimulatedSystem& simulation) {
    System& system = simulation.system();
    std::vector<int> sent;
    std::vector<int> received;
    const auto actor = system.spawn("slow",
                                    [&received](Mailbox<int>& inbox) -> Task<> {
                                      while (auto number = co_await inbox.receive()) {
                                        received.push_back(*number);
                                        co_await sleep(std::chrono::microseconds(2));
                                      }
                                    },
                                    {.capacity = 3});
    TaskGroup senders(system);
    for (int i = 0; i < 30; ++i) {
      senders.spawn([](Address<int> to, std::vector<int>& order, int number) -> Task<> {
        co_await sleep(Duration(number * 700 % 9000));
        order.push_back(number);
        static_cast<void>(co_await to.tell(int(number)));
      }(actor, sent, i));
    }
    ASSERT_TRUE(wait(system, senders.join()));
    ASSERT_TRUE(simulation.run_until([&] { return received.size() == 30; }));
    EXPECT_EQ(received, sent);
  });
}

TEST(Tell, OfASenderDestroyedWhileItWaitsIsNeverHandled) {
  on_every_runtime([](System& system) {
    const auto ledger = std::make_shared<Ledger>();
    const auto gate = std::make_shared<std::atomic<bool>>(false);
    const auto actor = system.spawn("gated",
                                    [gate, ledger](Mailbox<Item>& inbox) -> Task<> {
                                      while (!gate->load()) co_await sleep(std::chrono::microseconds(20));
                                      while (auto item = co_await inbox.receive()) {
                                        EXPECT_EQ(item->sender, 0U);
                                        ++ledger->handled;
                                      }
                                    },
                                    {.capacity = 2});
    ASSERT_TRUE(wait(system, producer(actor, ledger, 0, 2)));
    TaskGroup doomed(system);
    for (int i = 0; i < 5; ++i) doomed.spawn(producer(actor, ledger, 1, 1));
    ASSERT_TRUE(eventually(system, [&] { return actor.depth() == 7; }));
    TaskGroup patient(system);
    patient.spawn(producer(actor, ledger, 0, 3));
    ASSERT_TRUE(eventually(system, [&] { return actor.depth() == 8; }));
    doomed.cancel();
    ASSERT_TRUE(wait(system, doomed.join()));
    gate->store(true);
    ASSERT_TRUE(wait(system, patient.join()));
    ASSERT_TRUE(eventually(system, [&] { return ledger->handled.load() == 5; }));
    ASSERT_TRUE(eventually(system, [&] { return ledger->census.living() == 0; }));
  });
}

TEST(Tell, SendersMayBeDestroyedAtAnyMoment) {
  on_every_runtime(
      [](System& system) {
        SeededRandom random(system.random_number());
        for (int round = 0; round < 20; ++round) {
          const auto ledger = std::make_shared<Ledger>();
          const auto actor =
              system.spawn("consumer", consumer, {.capacity = 2}, ledger, Duration(random.below(2000)), 0U);
          TaskGroup producers(system);
          for (std::uint64_t i = 0; i < 6; ++i) producers.spawn(producer(actor, ledger, i, 10));
          ASSERT_TRUE(wait(system, pause(Duration(random.below(40'000)))));
          producers.cancel();
          ASSERT_TRUE(wait(system, producers.join()));
          actor.stop();
          ASSERT_TRUE(eventually(system, [&] { return actor.stopped(); }));
          EXPECT_TRUE(ledger->in_order.load());
          EXPECT_GE(ledger->handled.load(), ledger->accepted.load());
          EXPECT_LE(ledger->handled.load(), ledger->sent.load());
          ASSERT_TRUE(eventually(system, [&] { return ledger->census.living() == 0; }));
        }
      },
      100);
}

TEST(Tell, NothingVanishesWhenTheActorEndsForGood) {
  on_every_runtime(
      [](System& system) {
        std::uint64_t dead = 0;
        for (std::uint64_t crash_after = 1; crash_after < 12; ++crash_after) {
          const auto ledger = std::make_shared<Ledger>();
          const auto actor = system.spawn("fragile", consumer, {.capacity = 3}, ledger, Duration(500), crash_after);
          TaskGroup producers(system);
          for (std::uint64_t i = 0; i < 6; ++i) producers.spawn(producer(actor, ledger, i, 3));
          ASSERT_TRUE(wait(system, producers.join()));
          ASSERT_TRUE(eventually(system, [&] { return actor.stopped(); }));
          // The last that it received is handled, for this consumer, and lost as well: it crashes with it.
          const std::uint64_t now_dead = system.dead_letters().count;
          EXPECT_EQ(ledger->handled.load() - 1 + (now_dead - dead), ledger->sent.load());
          EXPECT_EQ(ledger->handled.load(), crash_after);
          dead = now_dead;
          ASSERT_TRUE(eventually(system, [&] { return ledger->census.living() == 0; }));
        }
      },
      100);
}

struct Request {
  int value;
  Reply<int> reply;
};

TEST(Tell, ToARejectingMailboxSaysSo) {
  on_every_runtime([](System& system) {
    const auto gate = std::make_shared<std::atomic<bool>>(false);
    const auto actor = system.spawn("gated",
                                    [gate](Mailbox<Request>& inbox) -> Task<> {
                                      while (!gate->load()) co_await sleep(std::chrono::microseconds(20));
                                      while (auto request = co_await inbox.receive()) request->reply(request->value);
                                    },
                                    {.capacity = 2, .when_full = WhenFull::reject});
    EXPECT_TRUE(actor.try_tell(Request{.value = 1, .reply = {}}));
    EXPECT_TRUE(wait(system, actor.tell(Request{.value = 2, .reply = {}})));
    EXPECT_EQ(wait(system, actor.tell(Request{.value = 3, .reply = {}})).error(), ErrorCode::mailbox_full);
    EXPECT_EQ(actor.try_tell(Request{.value = 4, .reply = {}}).error(), ErrorCode::mailbox_full);
    EXPECT_EQ(wait(system, actor.ask<Request>(5)).error(), ErrorCode::mailbox_full);
    EXPECT_EQ(wait(system, actor.ask<Request>(6).within(std::chrono::seconds(1))).error(), ErrorCode::mailbox_full);
    // A request passed on by a tell that is refused ends with the same error.
    const auto router = system.spawn("router", [actor](Mailbox<Request>& inbox) -> Task<> {
      while (auto request = co_await inbox.receive()) {
        if (request->value % 2 == 0) {
          static_cast<void>(co_await actor.tell(std::move(*request)));
        } else {
          static_cast<void>(actor.try_tell(std::move(*request)));
        }
      }
    });
    EXPECT_EQ(wait(system, router.ask<Request>(7)).error(), ErrorCode::mailbox_full);
    EXPECT_EQ(wait(system, router.ask<Request>(8)).error(), ErrorCode::mailbox_full);
    gate->store(true);
    ASSERT_TRUE(eventually(system, [&] { return actor.depth() == 0; }));
    EXPECT_EQ(wait(system, router.ask<Request>(9)).value_or(0), 9);
    actor.stop();
    ASSERT_TRUE(eventually(system, [&] { return actor.stopped(); }));
    EXPECT_EQ(wait(system, router.ask<Request>(10)).error(), ErrorCode::actor_stopped);
    EXPECT_EQ(wait(system, router.ask<Request>(11)).error(), ErrorCode::actor_stopped);
  });
}

TEST(Tell, ALoopOfTellsTakesTurnsAndCanBeEnded) {
  on_every_runtime([](System& system) {
    const auto stopped = system.spawn("stopped", [](Mailbox<int>&) -> Task<> { co_return; });
    ASSERT_TRUE(eventually(system, [&] { return stopped.stopped(); }));
    std::atomic<std::uint64_t> told = 0;
    TaskGroup tellers(system);
    for (std::uint32_t i = 0; i < system.worker_count(); ++i) {
      tellers.spawn([](Address<int> to, std::atomic<std::uint64_t>& count) -> Task<> {
        for (;;) {
          static_cast<void>(co_await to.tell(1));
          ++count;
        }
      }(stopped, told));
    }
    ASSERT_TRUE(eventually(system, [&] { return told.load() > 1000; })) << "others run as well";
    tellers.cancel();
    ASSERT_TRUE(wait(system, tellers.join()));
  });
}

TEST(Tell, TryTellNeverWaits) {
  on_every_runtime([](System& system) {
    const auto actor = system.spawn("stuck",
                                    [](Mailbox<std::unique_ptr<int>>& inbox) -> Task<> {
                                      co_await sleep(std::chrono::milliseconds(2));
                                      while (auto message = co_await inbox.receive()) EXPECT_NE(*message, nullptr);
                                    },
                                    {.capacity = 3});
    int accepted = 0;
    for (int i = 0; i < 10; ++i) {
      if (actor.try_tell(std::make_unique<int>(i))) ++accepted;
    }
    EXPECT_EQ(accepted, 3);
    EXPECT_EQ(actor.depth(), 3U);
  });
}

}  // namespace
}  // namespace understudy::test
