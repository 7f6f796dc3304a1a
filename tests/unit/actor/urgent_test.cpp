// Attacks: urgent messages overtake, however they are sent and wherever the others stand by then; each lane keeps its
// order, with crashes, waiting senders and dropping mailboxes too; other mailboxes have grown by nothing.
#include "support/counted.hpp"
#include "support/runtimes.hpp"
#include "understudy/runtime/task_group.hpp"
#include "understudy/supervision/supervisor.hpp"

#include <atomic>
#include <memory>
#include <stdexcept>
#include <variant>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace understudy::test {
namespace {

struct Sample {
  int number;
};
struct Halt {
  int number;
  static constexpr bool is_urgent() { return true; }
};
struct Status {
  int number;
  Reply<int> reply;
  static constexpr bool is_urgent() { return true; }
};
struct Slow {
  int number;
  Reply<int> reply;
};
using Control = std::variant<Halt, Status>;
using Input = std::variant<Sample, Slow, Control>;

static_assert(detail::has_urgent_lane<Input> && detail::has_urgent_lane<Halt>);
static_assert(!detail::has_urgent_lane<Sample> && !detail::has_urgent_lane<std::variant<Sample, Slow>>);
static_assert(Accepts<Input, Halt> && !Accepts<std::variant<Sample>, Halt>);
static_assert(sizeof(detail::MailboxCore) == 48 && sizeof(detail::MessageHead) == 16 &&
              sizeof(detail::TellNode<int>) == 16);

struct Log {
  std::atomic<bool> open{false};
  std::vector<int> received;  // Written by the actor; read when it has handled what waits.
  std::atomic<int> handled{0};
};

void note(Log& log, Sample& message) { log.received.push_back(message.number); }
void note(Log& log, Halt& message) { log.received.push_back(message.number); }
template <typename Request>
  requires requires(Request& request) { request.reply; }
void note(Log& log, Request& message) {
  log.received.push_back(message.number);
  message.reply(message.number);
}
template <typename... Alternatives>
void note(Log& log, std::variant<Alternatives...>& message) {
  std::visit([&log](auto& one) { note(log, one); }, message);
}

Task<> gated(Mailbox<Input>& inbox, std::shared_ptr<Log> log, Duration pace) {
  while (!log->open.load()) co_await sleep(std::chrono::microseconds(20));
  while (auto message = co_await inbox.receive()) {
    note(*log, *message);
    if (pace > Duration{0}) co_await sleep(pace);
    ++log->handled;
  }
}

TEST(Urgent, OvertakesHoweverItIsSent) {
  on_every_runtime([](System& system) {
    const auto log = std::make_shared<Log>();
    const auto actor = system.spawn("gated", gated, {}, log, Duration{0});
    TaskGroup askers(system);
    const auto ask = [&askers, &actor, &system](int number, auto request) {
      const auto before = actor.depth();
      askers.spawn([](Address<Input> to, int own) -> Task<> {
        const Result<int> got = co_await to.ask<decltype(request)>(own);
        EXPECT_EQ(got.value_or(-1), own);
      }(actor, number));
      EXPECT_TRUE(eventually(system, [&] { return actor.depth() > before; }));
    };
    ASSERT_TRUE(actor.try_tell(Sample{1}));
    ASSERT_TRUE(actor.try_tell(Halt{2}));
    ask(3, Slow{});
    ask(4, Status{});
    ASSERT_TRUE(wait(system, actor.tell(Control(Halt{5}))));
    ASSERT_TRUE(wait(system, actor.tell<Sample>(6)));
    ASSERT_TRUE(actor.try_tell(Input(Control(Halt{7}))));
    ASSERT_TRUE(wait(system, actor.tell<Halt>(8)));
    log->open = true;
    ASSERT_TRUE(wait(system, askers.join()));
    ASSERT_TRUE(eventually(system, [&] { return log->handled.load() == 8; }));
    EXPECT_THAT(log->received, testing::ElementsAre(2, 4, 5, 7, 8, 1, 3, 6));
  });
}

TEST(Urgent, OvertakesWhatTheActorHasTakenFromTheQueue) {
  for_each_seed(30, [](SimulatedSystem& simulation) {
    System& system = simulation.system();
    const auto log = std::make_shared<Log>();
    log->open = true;
    const auto actor = system.spawn("paced", gated, {}, log, std::chrono::seconds(1));
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(actor.try_tell(Sample{i}));
    ASSERT_TRUE(simulation.run_until([&] { return log->handled.load() == 2; }));
    ASSERT_TRUE(actor.try_tell(Halt{10}));
    ASSERT_TRUE(actor.try_tell(Sample{5}));
    ASSERT_TRUE(actor.try_tell(Halt{11}));
    ASSERT_TRUE(simulation.run_until([&] { return log->handled.load() == 8; }));
    // It may have received the third before the urgent ones came.
    EXPECT_THAT(log->received, testing::AnyOf(testing::ElementsAre(0, 1, 2, 10, 11, 3, 4, 5),
                                              testing::ElementsAre(0, 1, 10, 11, 2, 3, 4, 5)));
  });
}

struct Order {
  int number;
  int priority;
  [[nodiscard]] bool is_urgent() const { return priority > 9; }
};

TEST(Urgent, MayBeDecidedByItsContent) {
  on_every_runtime([](System& system) {
    const auto log = std::make_shared<Log>();
    const auto actor = system.spawn("orders", [log](Mailbox<Order>& inbox) -> Task<> {
      while (!log->open.load()) co_await sleep(std::chrono::microseconds(20));
      while (auto order = co_await inbox.receive()) {
        log->received.push_back(order->number);
        ++log->handled;
      }
    });
    for (int i = 0; i < 6; ++i) ASSERT_TRUE(actor.try_tell(Order{.number = i, .priority = 7 + i}));
    log->open = true;
    ASSERT_TRUE(eventually(system, [&] { return log->handled.load() == 6; }));
    EXPECT_THAT(log->received, testing::ElementsAre(3, 4, 5, 0, 1, 2));
  });
}

TEST(Urgent, OfAFullMailboxItWaitsAndGoesFirst) {
  for_each_seed(100, [](SimulatedSystem& simulation) {
    System& system = simulation.system();
    const auto log = std::make_shared<Log>();
    const auto actor = system.spawn("gated", gated, {.capacity = 2}, log, std::chrono::microseconds(5));
    ASSERT_TRUE(actor.try_tell(Sample{1}));
    ASSERT_TRUE(actor.try_tell(Sample{2}));
    EXPECT_EQ(actor.try_tell(Halt{0}).error(), ErrorCode::mailbox_full);
    TaskGroup senders(system);
    std::atomic<int> told = 0;
    const auto send = [&](auto message) {
      senders.spawn([](Address<Input> to, decltype(message) own, std::atomic<int>& count) -> Task<> {
        const Result<void> sent = co_await to.tell(own);
        EXPECT_TRUE(sent);
        ++count;
      }(actor, message, told));
      const auto before = actor.depth();
      ASSERT_TRUE(eventually(system, [&] { return actor.depth() > before; }));
    };
    send(Sample{3});
    send(Halt{4});
    send(Sample{5});
    send(Halt{6});
    EXPECT_EQ(told.load(), 0);
    log->open = true;
    while (log->handled.load() < 6) {
      EXPECT_LE(static_cast<std::size_t>(told.load()) + 2, log->received.size() + 2 + 1)
          << "accepted and not received: the capacity, and one that is being received";
      ASSERT_TRUE(simulation.step());
    }
    ASSERT_TRUE(wait(system, senders.join()));
    EXPECT_THAT(log->received, testing::ElementsAre(4, 6, 1, 2, 3, 5));
    EXPECT_EQ(told.load(), 4);
  });
}

TEST(Urgent, IsDroppedLast) {
  on_every_runtime([](System& system) {
    for (const int burst : {4, 5, 9, 30}) {
      const auto log = std::make_shared<Log>();
      const auto actor =
          system.spawn("gated", gated, {.capacity = 4, .when_full = WhenFull::drop_oldest}, log, Duration{0});
      ASSERT_TRUE(actor.try_tell(Halt{-1}));
      ASSERT_TRUE(actor.try_tell(Halt{-2}));
      for (int i = 0; i < burst; ++i) ASSERT_TRUE(actor.try_tell(Sample{i}));
      log->open = true;
      ASSERT_TRUE(eventually(system, [&] { return log->handled.load() == 4; }));
      EXPECT_THAT(log->received, testing::ElementsAre(-1, -2, burst - 2, burst - 1));
    }
    // Nothing but urgent ones: the oldest goes all the same.
    const auto log = std::make_shared<Log>();
    const auto actor =
        system.spawn("gated", gated, {.capacity = 4, .when_full = WhenFull::drop_oldest}, log, Duration{0});
    for (int i = 0; i < 30; ++i) ASSERT_TRUE(actor.try_tell(Halt{i}));
    ASSERT_TRUE(actor.try_tell(Sample{100}));
    log->open = true;
    ASSERT_TRUE(eventually(system, [&] { return log->handled.load() == 4; }));
    EXPECT_THAT(log->received, testing::ElementsAre(26, 27, 28, 29));
  });
}

struct Parcel {
  std::uint64_t sender;
  std::uint64_t number;
  bool urgent;
  Counted life;
  [[nodiscard]] bool is_urgent() const { return urgent; }
};
struct Depot {
  Census census;
  std::vector<std::uint64_t> next = std::vector<std::uint64_t>(16);  // Written by the actor.
  std::atomic<std::uint64_t> handled{0};
};

TEST(Urgent, EachLaneKeepsTheOrderOfEachSender) {
  on_every_runtime(
      [](System& system) {
        const Supervisor supervisor(system, {.intensity = {.restarts = 1'000'000}, .backoff = {.next = Duration(500)}});
        for (const std::uint32_t capacity : {1U, 3U, 50U}) {
          const std::uint64_t before = system.dead_letters().count;
          const auto depot = std::make_shared<Depot>();
          const auto actor = system.spawn("depot",
                                          [depot, &system](Mailbox<Parcel>& inbox) -> Task<> {
                                            while (auto parcel = co_await inbox.receive()) {
                                              std::uint64_t& next =
                                                  depot->next[parcel->sender * 2 + (parcel->urgent ? 1 : 0)];
                                              EXPECT_GE(parcel->number, next);
                                              next = parcel->number + 1;
                                              if (system.random_number() % 30 == 0) throw std::runtime_error("crash");
                                              ++depot->handled;
                                            }
                                          },
                                          {.capacity = capacity});
          TaskGroup senders(system);
          for (std::uint64_t i = 0; i < 4; ++i) {
            senders.spawn([](Address<Parcel> to, std::uint64_t own, Census census) -> Task<> {
              for (std::uint64_t number = 0; number < 100; ++number) {
                EXPECT_TRUE(co_await to.tell<Parcel>(own, number, number % 3 == 0, Counted(census)));
              }
            }(actor, i, depot->census));
          }
          ASSERT_TRUE(wait(system, senders.join()));
          actor.stop();
          ASSERT_TRUE(eventually(system, [&] { return actor.stopped(); }));
          EXPECT_EQ(depot->handled.load() + system.dead_letters().count - before, 400U);
          EXPECT_EQ(depot->census.living(), 0);
        }
      },
      20);
}

}  // namespace
}  // namespace understudy::test
