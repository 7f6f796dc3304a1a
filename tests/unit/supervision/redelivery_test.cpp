// Attacks: messages that their actor fails on, a few times or each time, with a Reply that was answered, passed on,
// given up, or kept. What may come again does, before all others and as often as allowed; no ask is answered twice,
// none never.
#include "support/counted.hpp"
#include "support/runtimes.hpp"
#include "understudy/actor/dead_letter.hpp"
#include "understudy/runtime/task_group.hpp"
#include "understudy/supervision/supervisor.hpp"

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <variant>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace understudy::test {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;

enum class Then : std::uint8_t { answer, crash, hang, answer_and_crash, pass_on_and_crash, spin };

/// Fails the first `failures` times that it is delivered.
struct Job {
  int number;
  Then then = Then::answer;
  int failures = 0;
  Counted life;
  Reply<int> reply;
  [[nodiscard]] Job again() const { return {number, then, failures, life, {}}; }
};

struct Books {
  /// How often `number` has been delivered, this one included.
  int deliver(int number) {
    const std::lock_guard lock(mutex);
    order.push_back(number);
    return ++deliveries[number];
  }
  int delivered(int number) {
    const std::lock_guard lock(mutex);
    return deliveries[number];
  }
  std::vector<int> read_order() {
    const std::lock_guard lock(mutex);
    return order;
  }
  std::mutex mutex;
  std::map<int, int> deliveries;
  std::vector<int> order;
  std::atomic<bool> free{false};
};

Task<> other(Mailbox<Job>& inbox) {
  while (auto job = co_await inbox.receive()) job->reply(-job->number);
}

Task<> worker(Mailbox<Job>& inbox, std::shared_ptr<Books> books, Address<Job> helper) {
  while (auto job = co_await inbox.receive()) {
    const int delivery = books->deliver(job->number);
    if (delivery > job->failures) {
      job->reply(delivery);
      continue;
    }
    switch (job->then) {
      case Then::answer:
        job->reply(delivery);
        break;
      case Then::hang:
        co_await sleep(std::chrono::hours(1));
        break;
      case Then::answer_and_crash:
        job->reply(delivery);
        throw std::runtime_error("after the answer");
      case Then::pass_on_and_crash:
        static_cast<void>(helper.try_tell(std::move(*job)));
        throw std::runtime_error("after passing it on");
      case Then::spin:
        while (!books->free.load(std::memory_order_relaxed)) {
        }
        break;
      case Then::crash:
        throw std::runtime_error("on purpose");
    }
  }
}

SupervisionOptions hasty() {
  return {.heartbeat = milliseconds(20),
          .cutoff = milliseconds(100),
          .intensity = {.restarts = 1000},
          .backoff = {.first = Duration{0}, .next = Duration{0}}};
}

struct Scene {
  explicit Scene(System& in) : system(in), supervisor(in, hasty()), helper(in.spawn("helper", other)) {
    actor = in.spawn("worker", worker, {.redeliver = 2}, books, helper);
  }
  Result<int> ask(int number, Then then, int failures) {
    return wait(system, actor.ask<Job>(number, then, failures, Counted(census)));
  }
  System& system;
  Supervisor supervisor;
  Census census;
  std::shared_ptr<Books> books = std::make_shared<Books>();
  Address<Job> helper;
  Address<Job> actor;
};

TEST(Redelivery, OfARequestUntilItSucceeds) {
  on_every_runtime(
      [](System& system) {
        Scene scene(system);
        EXPECT_EQ(scene.ask(1, Then::crash, 1).value_or(0), 2);
        EXPECT_EQ(scene.ask(2, Then::crash, 2).value_or(0), 3);
        EXPECT_EQ(scene.ask(3, Then::hang, 1).value_or(0), 2);
        EXPECT_EQ(scene.actor.incarnation(), 5U);
        system.shutdown();
        EXPECT_EQ(scene.census.living(), 0);
      },
      10);
}

TEST(Redelivery, EndsWithTheErrorWhenItHasFailedTooOften) {
  on_every_runtime([](System& system) {
    Scene scene(system);
    const Result<int> poison = scene.ask(1, Then::crash, 100);
    EXPECT_EQ(poison.error(), ErrorCode::actor_crashed);
    EXPECT_THAT(std::string(poison.error().message()), HasSubstr("on purpose"));
    EXPECT_EQ(scene.books->delivered(1), 3);
    EXPECT_EQ(scene.ask(2, Then::answer, 0).value_or(0), 1);
    EXPECT_EQ(system.dead_letters().count, 0U) << "its asker knows";
  });
}

TEST(Redelivery, OfATellThatIsPoisonEndsAsADeadLetter) {
  on_every_runtime([](System& system) {
    Scene scene(system);
    for (int number = 1; number <= 3; ++number) {
      ASSERT_TRUE(scene.actor.try_tell(Job{.number = number,
                                           .then = Then::crash,
                                           .failures = number == 2 ? 100 : 1,
                                           .life = Counted(scene.census),
                                           .reply = {}}));
    }
    EXPECT_EQ(scene.ask(4, Then::answer, 0).value_or(0), 1);
    EXPECT_THAT(scene.books->read_order(), ElementsAre(1, 1, 2, 2, 2, 3, 3, 4)) << "each before what stands behind it";
    EXPECT_EQ(system.dead_letters().of(DeadLetterCause::poison), 1U);
    EXPECT_EQ(system.dead_letters().count, 1U);
  });
}

TEST(Redelivery, NotOfWhatWasAnsweredOrPassedOn) {
  on_every_runtime([](System& system) {
    Scene scene(system);
    EXPECT_EQ(scene.ask(1, Then::answer_and_crash, 100).value_or(0), 1);
    EXPECT_EQ(scene.ask(2, Then::pass_on_and_crash, 100).value_or(0), -2);
    EXPECT_EQ(scene.ask(3, Then::answer, 0).value_or(0), 1);
    EXPECT_EQ(scene.books->delivered(1), 1);
    EXPECT_EQ(scene.books->delivered(2), 1);
    EXPECT_EQ(scene.actor.incarnation(), 3U);
  });
}

TEST(Redelivery, NotOfWhatNobodyWaitsForAnyMore) {
  on_every_runtime([](System& system) {
    Scene scene(system);
    const Result<int> late =
        wait(system, scene.actor.ask<Job>(1, Then::hang, 100, Counted(scene.census)).within(milliseconds(30)));
    EXPECT_EQ(late.error(), ErrorCode::timeout);
    EXPECT_EQ(scene.ask(2, Then::answer, 0).value_or(0), 1);
    EXPECT_EQ(scene.books->delivered(1), 1);
  });
}

TEST(Redelivery, SurvivesAskersThatComeAndGo) {
  on_every_runtime(
      [](System& system) {
        Scene scene(system);
        TaskGroup askers(system);
        std::atomic<int> answered = 0;
        std::atomic<int> failed = 0;
        for (int i = 0; i < 60; ++i) {
          askers.spawn(
              [](Address<Job> to, int number, Counted life, std::atomic<int>& good, std::atomic<int>& bad) -> Task<> {
                Result<int> got = 0;
                if (number % 3 == 0) {
                  got = co_await to.ask<Job>(number, Then::crash, number % 4, std::move(life)).within(milliseconds(1));
                } else {
                  got = co_await to.ask<Job>(number, Then::crash, number % 4, std::move(life));
                }
                ++(got ? good : bad);
              }(scene.actor, i, Counted(scene.census), answered, failed));
        }
        ASSERT_TRUE(wait(system, askers.join()));
        EXPECT_EQ(answered.load() + failed.load(), 60);
        EXPECT_GE(answered.load(), 25);
        system.shutdown();
        EXPECT_EQ(scene.census.living(), 0);
      },
      20);
}

TEST(Redelivery, EndsWithItsActor) {
  on_every_runtime([](System& system) {
    const Supervisor supervisor(system, hasty());
    const auto books = std::make_shared<Books>();
    const Census census;
    const auto temporary =
        system.spawn("worker", worker, {.restart = Restart::temporary, .redeliver = 5}, books, Address<Job>());
    const Result<int> got = wait(system, temporary.ask<Job>(1, Then::crash, 100, Counted(census)));
    EXPECT_FALSE(got);
    EXPECT_TRUE(eventually(system, [&] { return temporary.stopped(); }));
    EXPECT_EQ(books->delivered(1), 1);
  });
}

using Sum = std::variant<int, Job>;

Task<> sum_worker(Mailbox<Sum>& inbox, std::shared_ptr<Books> books) {
  while (auto message = co_await inbox.receive()) {
    if (auto* job = std::get_if<Job>(&*message)) {
      if (books->deliver(job->number) <= job->failures) throw std::runtime_error("on purpose");
      job->reply(1);
    }
  }
}

TEST(Redelivery, OfOneOfSeveralKinds) {
  on_every_runtime([](System& system) {
    const Supervisor supervisor(system, hasty());
    const auto books = std::make_shared<Books>();
    const Census census;
    const auto actor = system.spawn("worker", sum_worker, {.redeliver = 7}, books);
    EXPECT_EQ(wait(system, actor.ask<Job>(1, Then::crash, 7, Counted(census))).value_or(0), 1);
    EXPECT_EQ(books->delivered(1), 8);
  });
}

TEST(Redelivery, OfOneThatHeldItsThreadIsForTells) {
  System system({.workers = 2});
  Scene scene(system);
  EXPECT_EQ(scene.ask(1, Then::spin, 100).error(), ErrorCode::actor_crashed);
  ASSERT_TRUE(scene.actor.try_tell(
      Job{.number = 2, .then = Then::spin, .failures = 1, .life = Counted(scene.census), .reply = {}}));
  EXPECT_EQ(scene.ask(3, Then::answer, 0).value_or(0), 1);
  EXPECT_EQ(scene.books->delivered(1), 1);
  EXPECT_EQ(scene.books->delivered(2), 2);
  scene.books->free = true;
  EXPECT_TRUE(eventually(system, [&] { return system.abandoned().threads_now == 0; }));
}

struct Unique {
  std::unique_ptr<int> only;
};
Task<> unique_worker(Mailbox<Unique>& inbox) {
  while (auto message = co_await inbox.receive()) {
  }
}

TEST(RedeliveryDeathTest, OfWhatCannotBeCopied) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        set_log_level(LogLevel::error);
        System system({.workers = 1});
        static_cast<void>(system.spawn("worker", unique_worker, {.redeliver = 1}));
      },
      "again\\(\\) const");
}

}  // namespace
}  // namespace understudy::test
