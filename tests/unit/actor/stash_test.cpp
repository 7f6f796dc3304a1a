// Attacks: what is set aside comes back in order and before newer messages, once, through crashes, resets, stops and
// full mailboxes; requests in it end; nothing is lost or leaked.
#include "understudy/actor/stash.hpp"

#include "support/counted.hpp"
#include "support/runtimes.hpp"
#include "understudy/runtime/task_group.hpp"
#include "understudy/supervision/supervisor.hpp"

#include <atomic>
#include <memory>
#include <stdexcept>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace understudy::test {
namespace {

struct Step {
  int number;  // 0 opens; -1 crashes; others wait until it is open.
  Reply<int> reply;
};
struct Log {
  Census census;
  std::vector<int> handled;  // Written by the actor; read when it rests.
  std::atomic<int> count{0};
  std::atomic<int> put_aside{0};
  std::atomic<int> refused{0};
};

/// Handles nothing before it has been opened, in each life anew.
Task<> patient(Mailbox<Step>& inbox, std::shared_ptr<Log> log, std::size_t capacity) {
  const Counted life(log->census);
  Stash<Step> early(inbox, capacity);
  bool open = false;
  while (auto step = co_await inbox.receive()) {
    if (step->number == -1) throw std::runtime_error("crash");
    if (step->number == 0) {
      open = true;
      early.give_back();
      EXPECT_TRUE(early.empty());
      continue;
    }
    if (!open) {
      if (early.put(std::move(*step))) {
        ++log->put_aside;
      } else {
        EXPECT_EQ(early.size(), capacity);
        ++log->refused;
        step->reply.fail(ErrorCode::invalid_argument);
      }
      continue;
    }
    log->handled.push_back(step->number);
    step->reply(step->number);
    ++log->count;
  }
}
bool tell(const Address<Step>& to, int number) { return to.try_tell(Step{.number = number, .reply = {}}).has_value(); }
Task<> ask(Address<Step> to, int number, std::shared_ptr<std::vector<ErrorCode>> errors) {
  const Result<int> got = co_await to.ask<Step>(number);
  if (!got) errors->push_back(got.error().code());
}

TEST(Stash, GivesBackInOrderAndBeforeNewerMessages) {
  on_every_runtime([](System& system) {
    const auto log = std::make_shared<Log>();
    const auto actor = system.spawn("patient", patient, {.capacity = 100}, log, 100U);
    for (const int number : {1, 2, 3, 0, 4, 5}) ASSERT_TRUE(tell(actor, number));
    ASSERT_TRUE(eventually(system, [&] { return log->count.load() == 5; }));
    EXPECT_THAT(log->handled, testing::ElementsAre(1, 2, 3, 4, 5));
  });
}

TEST(Stash, IsBounded) {
  on_every_runtime([](System& system) {
    const auto log = std::make_shared<Log>();
    const auto actor = system.spawn("patient", patient, {}, log, 2U);
    const auto errors = std::make_shared<std::vector<ErrorCode>>();
    ASSERT_TRUE(tell(actor, 1));
    ASSERT_TRUE(tell(actor, 2));
    EXPECT_EQ(wait(system, actor.ask<Step>(3)).error(), ErrorCode::invalid_argument) << "the message was left to it";
    ASSERT_TRUE(tell(actor, 0));
    ASSERT_TRUE(eventually(system, [&] { return log->count.load() == 2; }));
    EXPECT_THAT(log->handled, testing::ElementsAre(1, 2));
    EXPECT_EQ(system.dead_letters().count, 0U);
  });
}

TEST(Stash, SurvivesACrash) {
  on_every_runtime([](System& system) {
    const Supervisor supervisor(system, {.intensity = {.restarts = 1000}, .backoff = {.next = Duration{0}}});
    const auto log = std::make_shared<Log>();
    const auto errors = std::make_shared<std::vector<ErrorCode>>();
    const auto actor = system.spawn("patient", patient, {}, log, 100U);
    ASSERT_TRUE(tell(actor, 1));
    TaskGroup askers(system);
    askers.spawn(ask(actor, 2, errors));
    // An empty mailbox alone would not do: the asker may not have begun.
    ASSERT_TRUE(eventually(system, [&] { return log->put_aside.load() == 2; }));
    ASSERT_TRUE(tell(actor, -1));
    ASSERT_TRUE(tell(actor, 3));
    ASSERT_TRUE(eventually(system, [&] { return actor.incarnation() == 2; }));
    static_cast<void>(actor.reset());  // Idle, or with a message in hand that goes to the stash or is lost with it.
    ASSERT_TRUE(eventually(system, [&] { return actor.incarnation() == 3 && actor.depth() == 0; }));
    ASSERT_TRUE(tell(actor, 0));
    ASSERT_TRUE(wait(system, askers.join()));
    ASSERT_TRUE(eventually(system, [&] { return log->count.load() == 3; }));
    EXPECT_THAT(log->handled, testing::ElementsAre(1, 2, 3));
    EXPECT_TRUE(errors->empty());
    EXPECT_EQ(system.dead_letters().count, 1U) << "the one that crashed it";
  });
}

TEST(Stash, OfAnActorThatStopsEndsLikeItsMailbox) {
  on_every_runtime([](System& system) {
    const auto log = std::make_shared<Log>();
    const auto errors = std::make_shared<std::vector<ErrorCode>>();
    const auto actor = system.spawn("patient", patient, {}, log, 100U);
    ASSERT_TRUE(tell(actor, 1));
    TaskGroup askers(system);
    askers.spawn(ask(actor, 2, errors));
    ASSERT_TRUE(eventually(system, [&] { return log->put_aside.load() == 2; }));
    actor.stop();
    ASSERT_TRUE(wait(system, askers.join()));
    ASSERT_TRUE(eventually(system, [&] { return actor.stopped(); }));
    EXPECT_THAT(*errors, testing::ElementsAre(ErrorCode::actor_stopped));
    EXPECT_EQ(system.dead_letters().count, 1U);
    EXPECT_EQ(system.dead_letters().of(DeadLetterCause::left_in_mailbox), 1U);
    EXPECT_EQ(log->census.living(), 0);
  });
}

TEST(Stash, LetsGoOfRequestsWhoseAskerHasGone) {
  on_every_runtime([](System& system) {
    const auto log = std::make_shared<Log>();
    const auto actor = system.spawn("patient", patient, {}, log, 100U);
    EXPECT_EQ(wait(system, actor.ask<Step>(1).within(std::chrono::milliseconds(1))).error(), ErrorCode::timeout);
    ASSERT_TRUE(tell(actor, 2));
    ASSERT_TRUE(tell(actor, 0));
    ASSERT_TRUE(eventually(system, [&] { return log->count.load() == 1; }));
    EXPECT_THAT(log->handled, testing::ElementsAre(2));
  });
}

TEST(Stash, MayOverfillItsMailbox) {
  for_each_seed(50, [](SimulatedSystem& simulation) {
    System& system = simulation.system();
    for (const WhenFull policy : {WhenFull::wait, WhenFull::reject, WhenFull::drop_oldest}) {
      const std::uint64_t before = system.dead_letters().of(DeadLetterCause::dropped_oldest);
      const auto log = std::make_shared<Log>();
      const auto actor = system.spawn("patient", patient, {.capacity = 3, .when_full = policy}, log, 100U);
      for (int i = 1; i <= 6; ++i) {
        ASSERT_TRUE(tell(actor, i));
        ASSERT_TRUE(eventually(system, [&] { return actor.depth() == 0; }));
      }
      ASSERT_TRUE(tell(actor, 0));
      ASSERT_TRUE(eventually(system, [&] { return actor.depth() == 0; }));
      ASSERT_TRUE(tell(actor, 7));
      const int kept = policy == WhenFull::drop_oldest ? 3 : 6;
      ASSERT_TRUE(eventually(system, [&] { return log->count.load() == kept + 1; }));
      if (policy == WhenFull::drop_oldest) {
        EXPECT_THAT(log->handled, testing::ElementsAre(4, 5, 6, 7));
        EXPECT_EQ(system.dead_letters().of(DeadLetterCause::dropped_oldest) - before, 3U);
      } else {
        EXPECT_THAT(log->handled, testing::ElementsAre(1, 2, 3, 4, 5, 6, 7));
      }
    }
  });
}

struct Parcel {
  std::uint64_t sender;
  std::uint64_t number;
  Counted life;
  Reply<void> reply;
};
struct Depot {
  Census census;
  std::vector<std::uint64_t> next = std::vector<std::uint64_t>(8);  // Written by the actor.
  std::atomic<std::uint64_t> handled{0};
  std::atomic<std::uint64_t> asked{0};
  std::atomic<std::uint64_t> ended{0};
};

/// Sets aside what it likes, crashes when it likes, and gives back now and then.
Task<> moody(Mailbox<Parcel>& inbox, std::shared_ptr<Depot> depot, System& system) {
  Stash<Parcel> early(inbox, 1000);
  bool closed = false;
  while (auto parcel = co_await inbox.receive()) {
    const std::uint64_t mood = system.random_number() % 30;
    if (mood == 0) throw std::runtime_error("crash");
    if (mood == 1) co_await sleep(Duration(300));
    if (mood < 5) closed = true;
    if (mood > 22) closed = false;
    // Once it has set one aside, all go there until it gives them back: so the order holds.
    if (closed || !early.empty()) {
      EXPECT_TRUE(early.put(std::move(*parcel)));
      if (mood > 20) early.give_back();
      continue;
    }
    EXPECT_GE(parcel->number, depot->next[parcel->sender]);
    depot->next[parcel->sender] = parcel->number;
    ++depot->handled;
    parcel->reply();
  }
}

TEST(Stash, NothingIsLostUnderCrashesAndResets) {
  on_every_runtime(
      [](System& system) {
        const Supervisor supervisor(system, {.intensity = {.restarts = 1'000'000}, .backoff = {.next = Duration(500)}});
        for (int round = 0; round < 4; ++round) {
          const std::uint64_t before = system.dead_letters().count;
          const auto depot = std::make_shared<Depot>();
          const auto actor = system.spawn("moody", moody, {.capacity = 5}, depot, std::ref(system));
          constexpr std::uint64_t each = 60;
          TaskGroup senders(system);
          for (std::uint64_t i = 0; i < 4; ++i) {
            senders.spawn([](Address<Parcel> to, std::uint64_t own, std::shared_ptr<Depot> books) -> Task<> {
              for (std::uint64_t number = 0; number < each; ++number) {
                EXPECT_TRUE(co_await to.tell<Parcel>(own, number, Counted(books->census), Reply<void>()));
                if (number % 10 != 9) continue;
                ++books->asked;
                const Result<void> got =
                    co_await to.ask<Parcel>(own, number, Counted(books->census)).within(std::chrono::milliseconds(1));
                ++books->ended;
                EXPECT_FALSE(!got && got.error() == ErrorCode::reply_dropped);
              }
            }(actor, i, depot));
          }
          while (senders.size() > 0) {
            pass_time(system, Duration(20'000));
            if (system.random_number() % 3 == 0) static_cast<void>(actor.reset());
          }
          EXPECT_EQ(depot->ended.load(), depot->asked.load());
          actor.stop();
          ASSERT_TRUE(eventually(system, [&] { return actor.stopped(); }));
          EXPECT_EQ(depot->census.living(), 0);
          const std::uint64_t dead = system.dead_letters().count - before;
          EXPECT_GE(depot->handled.load() + dead, 4 * each);
          EXPECT_LE(depot->handled.load() + dead, 4 * each + depot->asked.load());
        }
      },
      20);
}

}  // namespace
}  // namespace understudy::test
