// Attacks: actors that hold their threads, by a loop or in a call, for a while or for ever. Others and the supervisor
// go on, the next incarnation takes over with what waited, in order; the old one can do nothing more, and ends if it
// comes back. Real threads; tests/unit/simulation/held_threads_test.cpp has the same at every event of a simulation.
#include "support/counted.hpp"
#include "support/runtimes.hpp"
#include "understudy/runtime/interval.hpp"
#include "understudy/runtime/task_group.hpp"
#include "understudy/supervision/supervisor.hpp"

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace understudy::test {
namespace {

using std::chrono::milliseconds;
using testing::Contains;
using testing::HasSubstr;

enum class What : std::uint8_t { answer, spin, block };

/// What the actors of a test share with it: whoever holds a thread lets go when told.
struct Stage {
  void let_go() {
    free.store(true);
    const std::lock_guard lock(mutex);
    changed.notify_all();
  }
  void block() {
    std::unique_lock lock(mutex);
    changed.wait(lock, [this] { return free.load(); });
  }
  std::atomic<bool> free{false};
  std::mutex mutex;
  std::condition_variable changed;
  std::mutex order_mutex;
  std::vector<int> handled;
  std::atomic<int> came_back{0};
};

struct Do {
  What what;
  int number;
  Reply<std::uint32_t> reply;
};

[[gnu::noinline]] void spin_until_free(const Stage& stage) {
  while (!stage.free.load(std::memory_order_relaxed)) {
  }
}

Task<> performer(Mailbox<Do>& inbox, std::shared_ptr<Stage> stage, Counted /*life*/) {
  const std::uint32_t incarnation = this_actor().incarnation;
  while (auto job = co_await inbox.receive()) {
    {
      const std::lock_guard lock(stage->order_mutex);
      stage->handled.push_back(job->number);
    }
    if (job->what == What::spin) spin_until_free(*stage);
    if (job->what == What::block) stage->block();
    if (job->what != What::answer) ++stage->came_back;
    job->reply(incarnation);
  }
}

SupervisionOptions hasty() {
  return {.heartbeat = milliseconds(20), .cutoff = milliseconds(100), .intensity = {.restarts = 1000}};
}

/// Waits, on a thread of its own making, for what is not to be waited for on a worker.
template <typename Condition>
bool soon(System& system, Condition condition) {
  return eventually(system, condition);
}

class Holding : public testing::TestWithParam<What> {};

TEST_P(Holding, IsReplacedAndTheNextServesWhatWaits) {
  for (const std::uint32_t workers : {1U, 2U}) {
    SCOPED_TRACE(workers);
    const Census census;
    auto stage = std::make_shared<Stage>();
    {
      System system({.workers = workers});
      const Supervisor supervisor(system, hasty());
      const auto actor = system.spawn("performer", performer, {}, stage, Counted(census));
      std::atomic<bool> crashed = false;
      TaskGroup askers(system);
      askers.spawn([](Address<Do> to, What what, std::atomic<bool>& told) -> Task<> {
        const Result<std::uint32_t> got = co_await to.ask<Do>(what, 0);
        told = !got && got.error() == ErrorCode::actor_crashed;
      }(actor, GetParam(), crashed));
      ASSERT_TRUE(soon(system, [&] {
        const std::lock_guard lock(stage->order_mutex);
        return !stage->handled.empty();
      }));
      for (int i = 1; i <= 20; ++i) ASSERT_TRUE(actor.try_tell(Do{.what = What::answer, .number = i, .reply = {}}));
      const Result<std::uint32_t> last = wait(system, actor.ask<Do>(What::answer, 21).within(std::chrono::seconds(10)));
      EXPECT_EQ(last.value_or(0), 2U);
      ASSERT_TRUE(wait(system, askers.join()));
      EXPECT_TRUE(crashed.load());
      EXPECT_EQ(stage->came_back.load(), 0);
      EXPECT_EQ(system.abandoned().threads_now, 1U);
      {
        const std::lock_guard lock(stage->order_mutex);
        for (std::size_t i = 0; i < stage->handled.size(); ++i) EXPECT_EQ(stage->handled[i], static_cast<int>(i));
        EXPECT_EQ(stage->handled.size(), 22U);
      }
      // It comes back, finds that its reply is not wanted, and ends.
      stage->let_go();
      EXPECT_TRUE(soon(system, [&] { return system.abandoned().threads_now == 0; }));
      EXPECT_EQ(stage->came_back.load(), 1);
      EXPECT_GE(system.abandoned().refused, 1U);
      EXPECT_EQ(wait(system, actor.ask<Do>(What::answer, 22)).value_or(0), 2U);
      ASSERT_EQ(supervisor.incident_count(), 1U);
      EXPECT_EQ(supervisor.incidents()[0].kind, IncidentKind::holding_a_thread);
      EXPECT_EQ(supervisor.incidents()[0].outcome, IncidentOutcome::restarted);
      EXPECT_GT(supervisor.incidents()[0].out_of_service, milliseconds(90));
    }
    EXPECT_EQ(census.living(), 0);
  }
}

// A spawner that lets its task run first stands ready on that very thread.
TEST_P(Holding, ASpawnerThatStandsBehindItGoesOn) {
  const Census census;
  auto stage = std::make_shared<Stage>();
  {
    System system({.workers = 1});
    const Supervisor supervisor(system, hasty());
    const auto actor = system.spawn("performer", performer, {}, stage, Counted(census));
    std::atomic<bool> crashed = false;
    TaskGroup askers(system);
    const auto ask = [](Address<Do> to, What what, std::atomic<bool>& told) -> Task<> {
      const Result<std::uint32_t> got = co_await to.ask<Do>(what, 0);
      told = !got && got.error() == ErrorCode::actor_crashed;
    };
    const auto spawner = [&]() -> Task<> {
      co_await askers.spawn_now(ask(actor, GetParam(), crashed));
      co_await askers.join();
    };
    ASSERT_TRUE(wait(system, spawner()));
    EXPECT_TRUE(crashed.load());
    EXPECT_EQ(system.abandoned().threads_now, 1U);
    EXPECT_EQ(wait(system, actor.ask<Do>(What::answer, 1)).value_or(0), 2U);
    stage->let_go();
    EXPECT_TRUE(soon(system, [&] { return system.abandoned().threads_now == 0; }));
  }
  EXPECT_EQ(census.living(), 0);
}
INSTANTIATE_TEST_SUITE_P(Threads, Holding, testing::Values(What::spin, What::block),
                         [](const auto& each) { return each.param == What::spin ? "Spinning" : "Blocked"; });

#ifndef UNDERSTUDY_NO_STACKS
TEST(HoldingAThread, SaysWhere) {
  auto stage = std::make_shared<Stage>();
  const Census census;
  System system({.workers = 2});
  const Supervisor supervisor(system, hasty());
  const auto actor = system.spawn("performer", performer, {}, stage, Counted(census));
  ASSERT_TRUE(actor.try_tell(Do{.what = What::spin, .number = 0, .reply = {}}));
  EXPECT_EQ(wait(system, supervisor.incident(1))->kind, IncidentKind::holding_a_thread);
  EXPECT_TRUE(soon(system, [&] { return !supervisor.incidents()[0].stack.empty(); }));
  EXPECT_THAT(supervisor.incidents()[0].stack, Contains(HasSubstr("spin_until_free")));
  EXPECT_THAT(describe(supervisor.incidents()[0]), HasSubstr("holding_test.cpp"));
  stage->let_go();
  EXPECT_TRUE(soon(system, [&] { return system.abandoned().threads_now == 0; }));
}
#endif

/// What a replaced incarnation tries, once it is free again.
struct Try {
  std::shared_ptr<Stage> stage;
};
struct Outcomes {
  std::atomic<bool> done{false};
  Result<void> told;
  bool answered = true;
  std::atomic<bool> went_on{false};
};
struct Note {
  int number;
};

TEST(HoldingAThread, TheReplacedOneCanDoNothingMore) {
  auto outcomes = std::make_shared<Outcomes>();
  auto stage = std::make_shared<Stage>();
  std::atomic<int> noted = 0;
  System system({.workers = 2});
  const Supervisor supervisor(system, hasty());
  const auto friend_of_it = system.spawn("friend", [&](Mailbox<Note>& inbox) -> Task<> {
    while (auto note = co_await inbox.receive()) ++noted;
  });
  const auto actor = system.spawn("zealot", [=](Mailbox<Do>& inbox) -> Task<> {
    while (auto job = co_await inbox.receive()) {
      if (job->what == What::spin) {
        spin_until_free(*stage);
        outcomes->told = friend_of_it.try_tell(Note{1});
        outcomes->answered = job->reply(7U);
        beat();
        const auto child = spawn_child("child", [](Mailbox<Note>& notes) -> Task<> {
          while (auto note = co_await notes.receive()) {
          }
        });
        EXPECT_TRUE(child.stopped());
        EXPECT_FALSE(inbox.try_receive());
        outcomes->done = true;
        static_cast<void>(co_await friend_of_it.tell(Note{2}));
        co_await sleep(Duration{0});
        outcomes->went_on = true;
      }
      job->reply(this_actor().incarnation);
    }
  });
  const Result<std::uint32_t> first = wait(system, actor.ask<Do>(What::spin, 0));
  EXPECT_EQ(first.error(), ErrorCode::actor_crashed);
  EXPECT_EQ(wait(system, actor.ask<Do>(What::answer, 1)).value_or(0), 2U);
  stage->let_go();
  EXPECT_TRUE(soon(system, [&] { return outcomes->done.load() && system.abandoned().threads_now == 0; }));
  EXPECT_EQ(outcomes->told.error(), ErrorCode::cancelled);
  EXPECT_FALSE(outcomes->answered);
  EXPECT_FALSE(outcomes->went_on.load());
  EXPECT_GE(system.abandoned().refused, 3U);
  EXPECT_EQ(wait(system, actor.ask<Do>(What::answer, 2)).value_or(0), 2U);
  EXPECT_EQ(noted.load(), 0);
}

TEST(HoldingAThread, DoesNotHoldUpShutdown) {
  for (const bool supervised : {true, false}) {
    auto stage = std::make_shared<Stage>();
    const Census census;
    {
      System system({.workers = 2});
      std::optional<Supervisor> supervisor;
      if (supervised) supervisor.emplace(system, hasty());
      const auto actor = system.spawn("performer", performer, {}, stage, Counted(census));
      ASSERT_TRUE(actor.try_tell(Do{.what = What::block, .number = 0, .reply = {}}));
      pass_time(system, milliseconds(5));
      system.shutdown(milliseconds(50));
      EXPECT_TRUE(actor.stopped());
    }
    stage->let_go();
    System clock({.workers = 1});
    EXPECT_TRUE(eventually(clock, [&] { return census.living() == 0; }))
        << "the thread has come back, and ended it all";
  }
}

/// What its frames hold may refer to the system: a timer, an address.
TEST(HoldingAThread, MayComeBackAfterItsSystem) {
  auto stage = std::make_shared<Stage>();
  const Census census;
  {
    System system({.workers = 2});
    const auto actor = system.spawn("late", [stage, life = Counted(census)](Mailbox<Do>& inbox) -> Task<> {
      Interval ticks(std::chrono::hours(1));
      const Address<Do> self = inbox.address();
      while (auto job = co_await inbox.receive()) {
        stage->block();
        static_cast<void>(self.try_tell(Do{.what = What::answer, .number = 1, .reply = {}}));
        co_await sleep(Duration{0});
      }
    });
    ASSERT_TRUE(actor.try_tell(Do{.what = What::block, .number = 0, .reply = {}}));
    pass_time(system, milliseconds(5));
    system.shutdown(milliseconds(20));
  }
  EXPECT_GT(census.living(), 0);
  stage->let_go();
  System clock({.workers = 1});
  EXPECT_TRUE(eventually(clock, [&] { return census.living() == 0; }));
}

TEST(HoldingAThread, OnesNeighboursGoOnMeanwhile) {
  auto stage = std::make_shared<Stage>();
  const Census census;
  System system({.workers = 1});
  const Supervisor supervisor(system, hasty());
  const auto good = system.spawn("good", performer, {}, stage, Counted(census));
  const auto bad = system.spawn("bad", performer, {}, stage, Counted(census));
  ASSERT_TRUE(bad.try_tell(Do{.what = What::spin, .number = 0, .reply = {}}));
  for (int i = 0; i < 1000; ++i) {
    const Result<std::uint32_t> got = wait(system, good.ask<Do>(What::answer, i).within(std::chrono::seconds(10)));
    ASSERT_EQ(got.value_or(0), 1U);
  }
  EXPECT_TRUE(soon(system, [&] { return bad.incarnation() == 2; }));
  stage->let_go();
  EXPECT_TRUE(soon(system, [&] { return system.abandoned().threads_now == 0; }));
}

TEST(HoldingAThread, PastTheLimitAsksForAShutdown) {
  auto stage = std::make_shared<Stage>();
  const Census census;
  {
    System system({.workers = 2});
    SupervisionOptions options = hasty();
    options.abandoned_threads_max = 2;
    const Supervisor supervisor(system, options);
    std::vector<Address<Do>> actors;
    for (int i = 0; i < 3; ++i) {
      actors.push_back(system.spawn("performer", performer, {}, stage, Counted(census)));
      ASSERT_TRUE(actors.back().try_tell(Do{.what = What::block, .number = 0, .reply = {}}));
    }
    const Result<Error> reason = wait(system, system.wait_for_shutdown_request());
    ASSERT_TRUE(reason);
    EXPECT_THAT(std::string(reason->message()), HasSubstr("needs to be started anew"));
    EXPECT_EQ(system.abandoned().threads_now, 2U);
    system.shutdown(milliseconds(20));
    stage->let_go();
  }
}

/// Its destructor does not come back until it is told to.
struct Clinging {
  explicit Clinging(std::shared_ptr<Stage> held) : stage(std::move(held)) {}
  Clinging(const Clinging&) = delete;
  Clinging& operator=(const Clinging&) = delete;
  ~Clinging() { stage->block(); }
  std::shared_ptr<Stage> stage;
};

TEST(HoldingAThread, InADestructorIsReportedAndAsksForAShutdown) {
  auto stage = std::make_shared<Stage>();
  System system({.workers = 2});
  const Supervisor supervisor(system, hasty());
  const auto actor = system.spawn("clinging", [stage](Mailbox<Do>& inbox) -> Task<> {
    const Clinging clinging(stage);
    while (auto job = co_await inbox.receive()) job->reply(this_actor().incarnation);
  });
  EXPECT_EQ(wait(system, actor.ask<Do>(What::answer, 1)).value_or(0), 1U);
  EXPECT_TRUE(actor.reset());
  const Result<Error> reason = wait(system, system.wait_for_shutdown_request());
  ASSERT_TRUE(reason);
  EXPECT_THAT(std::string(reason->message()), HasSubstr("in a destructor"));
  EXPECT_EQ(supervisor.incidents().back().outcome, IncidentOutcome::reported);
  stage->let_go();
  EXPECT_EQ(wait(system, actor.ask<Do>(What::answer, 2)).value_or(0), 2U) << "if it comes back after all, it goes on";
}

/// A pass-along: its requests are answered by another, and are none of its own when it holds its thread.
TEST(HoldingAThread, WhatWasPassedOnIsNotInHand) {
  auto stage = std::make_shared<Stage>();
  System system({.workers = 2});
  const Supervisor supervisor(system, hasty());
  const auto late = std::make_shared<std::atomic<bool>>(false);
  const auto back = system.spawn("back", [late](Mailbox<Do>& inbox) -> Task<> {
    while (auto job = co_await inbox.receive()) {
      while (!late->load()) {
        co_await sleep(milliseconds(1));
        beat();
      }
      job->reply(99U);
    }
  });
  const auto front = system.spawn("front", [stage, back](Mailbox<Do>& inbox) -> Task<> {
    while (auto job = co_await inbox.receive()) {
      if (job->what == What::spin) {
        spin_until_free(*stage);
      } else {
        static_cast<void>(co_await back.tell(std::move(*job)));
      }
    }
  });
  Result<std::uint32_t> passed_on = failure(ErrorCode::timeout);
  Result<std::uint32_t> in_hand = failure(ErrorCode::timeout);
  TaskGroup askers(system);
  const auto ask = [](Address<Do> to, What what, Result<std::uint32_t>& into) -> Task<> {
    into = co_await to.ask<Do>(what, 0);
  };
  askers.spawn(ask(front, What::answer, passed_on));
  pass_time(system, milliseconds(2));
  askers.spawn(ask(front, What::spin, in_hand));
  EXPECT_TRUE(soon(system, [&] { return front.incarnation() == 2; }));
  *late = true;
  ASSERT_TRUE(wait(system, askers.join()));
  EXPECT_EQ(passed_on.value_or(0), 99U);
  EXPECT_EQ(in_hand.error(), ErrorCode::actor_crashed);
  stage->let_go();
  EXPECT_TRUE(soon(system, [&] { return system.abandoned().threads_now == 0; }));
}

}  // namespace
}  // namespace understudy::test
