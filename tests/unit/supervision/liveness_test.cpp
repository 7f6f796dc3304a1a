// Attacks: who makes no progress is noticed within its cutoff and a tenth of a second; who is busy, idle, or waits for
// what is slow by declaration is left alone; and nothing runs while nobody works.
#include "support/counted.hpp"
#include "support/runtimes.hpp"
#include "understudy/actor/beat_ahead.hpp"
#include "understudy/actor/snapshot.hpp"
#include "understudy/runtime/blocking.hpp"
#include "understudy/runtime/task_group.hpp"
#include "understudy/supervision/supervisor.hpp"

#include <atomic>
#include <memory>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace understudy::test {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

struct Do {
  int what;
  Reply<std::uint32_t> reply;
};

Task<> wait_for(detail::Event& event) { co_await event; }

/// Does what it is told; everything but 0 takes longer than anybody should.
Task<> doer(Mailbox<Do>& inbox, Address<Do> other, std::shared_ptr<std::vector<int>> order) {
  while (auto job = co_await inbox.receive()) {
    detail::Event never;
    if (order) order->push_back(job->what);
    switch (job->what) {
      case 1:
        co_await sleep(hours(1));
        break;
      case 2:
        co_await wait_for(never);
        break;
      case 3:
        static_cast<void>(co_await other.ask<Do>(4));
        break;
      case 5:
        for (int i = 0; i < 20; ++i) {
          co_await sleep(milliseconds(200));
          beat();
        }
        break;
      case 6:
        beat_ahead(seconds(3));
        co_await sleep(seconds(3));
        break;
      case 7:
        beat_ahead(seconds(3));
        beat();
        co_await sleep(hours(1));
        break;
      case 8:
        beat_ahead(seconds(3));
        co_await sleep(hours(1));
        break;
      default:
        break;
    }
    job->reply(this_actor().incarnation);
  }
}
/// Keeps what it is asked, and stays idle.
Task<> keeper(Mailbox<Do>& inbox) {
  std::vector<Do> kept;
  while (auto job = co_await inbox.receive()) kept.push_back(std::move(*job));
}

TEST(Liveness, AStuckActorIsResetInTimeAndItsQueueServed) {
  for (int what = 1; what <= 3; ++what) {
    for_each_seed(30, [&](SimulatedSystem& simulation) {
      System& system = simulation.system();
      const Supervisor supervisor(system);
      const auto kept = system.spawn("keeper", keeper);
      const auto order = std::make_shared<std::vector<int>>();
      const auto actor = system.spawn("doer", doer, {}, kept, order);
      ASSERT_TRUE(wait(system, actor.ask<Do>(0)));
      std::atomic<int> served = 0;
      std::vector<int> expected{0, what};
      TaskGroup queued(system);
      const Duration start = simulation.now();
      const auto stuck = [](Address<Do> to, int job) -> Task<Result<std::uint32_t>> {
        co_return co_await to.ask<Do>(job);
      };
      TaskGroup asker(system);
      Result<std::uint32_t> result;
      asker.spawn([](Task<Result<std::uint32_t>> task, Result<std::uint32_t>& into) -> Task<> {
        into = co_await std::move(task);
      }(stuck(actor, what), result));
      pass_time(system, milliseconds(1));
      for (int i = 0; i < 10; ++i) {
        queued.spawn([](Address<Do> to, std::atomic<int>& count, int number) -> Task<> {
          const Result<std::uint32_t> got = co_await to.ask<Do>(100 + number);
          EXPECT_EQ(got.value_or(0), 2U);
          ++count;
        }(actor, served, i));
        expected.push_back(100 + i);
        ASSERT_TRUE(eventually(system, [&] { return actor.depth() == static_cast<std::size_t>(i) + 1; }));
      }
      ASSERT_TRUE(wait(system, asker.join()));
      const Duration late = simulation.now() - start;
      EXPECT_GE(late, milliseconds(500));
      EXPECT_LE(late, milliseconds(600));
      ASSERT_FALSE(result);
      EXPECT_EQ(result.error(), ErrorCode::actor_crashed);
      EXPECT_THAT(std::string(result.error().message()), HasSubstr("stuck"));
      ASSERT_TRUE(wait(system, queued.join()));
      EXPECT_EQ(served.load(), 10);
      EXPECT_EQ(*order, expected);
      ASSERT_EQ(supervisor.incident_count(), 1U);
      EXPECT_EQ(supervisor.incidents()[0].kind, IncidentKind::stuck);
    });
  }
}

TEST(Liveness, AStuckActorIsResetInTimeOnRealThreads) {
  on_real_threads([](System& system) {
    const Supervisor supervisor(system);
    const auto actor = system.spawn("doer", doer, {}, Address<Do>(), nullptr);
    ASSERT_TRUE(wait(system, actor.ask<Do>(0)));
    const TimePoint start = system.clock().now();
    EXPECT_EQ(wait(system, actor.ask<Do>(1)).error(), ErrorCode::actor_crashed);
    const Duration late = system.clock().now() - start;
    EXPECT_GE(late, milliseconds(500));
    EXPECT_LE(late, milliseconds(700)) << "cutoff + 100 ms on an idle machine";
    EXPECT_EQ(wait(system, actor.ask<Do>(0)).value_or(0), 2U);
  });
}

TEST(Liveness, EachActorHasItsOwnCutoff) {
  for_each_seed(20, [](SimulatedSystem& simulation) {
    System& system = simulation.system();
    const Supervisor supervisor(system);
    for (const Duration cutoff : {Duration(milliseconds(50)), Duration(milliseconds(300)), Duration(seconds(5))}) {
      const auto actor = system.spawn("doer", doer, {.cutoff = cutoff}, Address<Do>(), nullptr);
      const Duration start = simulation.now();
      EXPECT_FALSE(wait(system, actor.ask<Do>(1)));
      EXPECT_GE(simulation.now() - start, cutoff);
      EXPECT_LE(simulation.now() - start, cutoff + milliseconds(100));
    }
  });
}

TEST(Liveness, WhoBeatsIsAlive) {
  for_each_seed(20, [](SimulatedSystem& simulation) {
    const Supervisor supervisor(simulation.system());
    const auto actor = simulation.system().spawn("doer", doer, {}, Address<Do>(), nullptr);
    EXPECT_EQ(wait(simulation.system(), actor.ask<Do>(5)).value_or(0), 1U);
    EXPECT_EQ(supervisor.incident_count(), 0U);
  });
}

TEST(Liveness, ABeatAheadGivesTimeAndTheNextBeatTakesItBack) {
  for_each_seed(20, [](SimulatedSystem& simulation) {
    System& system = simulation.system();
    const Supervisor supervisor(system);
    const auto actor = system.spawn("doer", doer, {}, Address<Do>(), nullptr);
    EXPECT_EQ(wait(system, actor.ask<Do>(6)).value_or(0), 1U);
    EXPECT_EQ(supervisor.incident_count(), 0U);
    for (const auto& [what, ahead] : {std::pair(7, seconds(0)), std::pair(8, seconds(3))}) {
      const Duration start = simulation.now();
      EXPECT_EQ(wait(system, actor.ask<Do>(what)).error(), ErrorCode::actor_crashed);
      EXPECT_GE(simulation.now() - start, ahead + milliseconds(500)) << what;
      EXPECT_LE(simulation.now() - start, ahead + milliseconds(700)) << what;
    }
    EXPECT_EQ(supervisor.incident_count(), 2U);
    const auto incidents = supervisor.incidents();
    for (const Incident& incident : incidents) EXPECT_GE(incident.out_of_service, Duration{0});
  });
}

TEST(Liveness, WaitingForWhatIsSlowByDeclarationIsNotStuck) {
  for_each_seed(30, [](SimulatedSystem& simulation) {
    System& system = simulation.system();
    simulation.set_blocking_time_max(seconds(20));
    const Supervisor supervisor(system);
    // In a blocking call; asking an actor in one; asking one who asks one; waiting for room in its mailbox.
    const auto blocked = system.spawn("blocked",
                                      [](Mailbox<Do>& inbox) -> Task<> {
                                        while (auto job = co_await inbox.receive()) {
                                          co_await blocking([] {});
                                          job->reply(this_actor().incarnation);
                                        }
                                      },
                                      {.capacity = 1});
    const auto asks = [](Mailbox<Do>& inbox, Address<Do> to) -> Task<> {
      while (auto job = co_await inbox.receive()) job->reply.complete(co_await to.ask<Do>(0));
    };
    const auto middle = system.spawn("middle", asks, {}, blocked);
    const auto outer = system.spawn("outer", asks, {}, middle);
    const auto teller = system.spawn("teller", [blocked](Mailbox<Do>& inbox) -> Task<> {
      while (auto job = co_await inbox.receive()) {
        for (int i = 0; i < 3; ++i) EXPECT_TRUE(co_await blocked.tell<Do>(0, Reply<std::uint32_t>()));
        job->reply(this_actor().incarnation);
      }
    });
    std::atomic<int> answered = 0;
    TaskGroup askers(system);
    for (const Address<Do>& to : {blocked, middle, outer, teller}) {
      askers.spawn([](Address<Do> actor, std::atomic<int>& count) -> Task<> {
        if ((co_await actor.ask<Do>(0)).value_or(0) == 1) ++count;
      }(to, answered));
    }
    ASSERT_TRUE(wait(system, askers.join()));
    EXPECT_EQ(answered.load(), 4);
    EXPECT_EQ(supervisor.incident_count(), 0U);
  });
}

/// Floods `actor` for `time`; its mailbox is never empty.
Task<> flood(Address<int> actor, Duration time, System& system) {
  const TimePoint end = system.clock().now() + time;
  for (int i = 0; system.clock().now() < end; ++i) {
    static_cast<void>(co_await actor.tell(int(i)));
    if (i % 100 == 0) co_await yield();
  }
}

TEST(Liveness, ABusyActorAndAnIdleOneAreLeftAlone) {
  const auto scenario = [](System& system, SupervisionOptions options, Duration time, Duration pace) {
    const Supervisor supervisor(system, std::move(options));
    const auto handled = std::make_shared<std::atomic<int>>(0);
    const auto busy = system.spawn("busy", [handled, pace](Mailbox<int>& inbox) -> Task<> {
      while (const auto message = co_await inbox.receive()) {
        ++*handled;
        if (pace > Duration{0}) co_await sleep(pace);
      }
    });
    const auto idle = system.spawn("idle", keeper);
    ASSERT_TRUE(wait(system, flood(busy, time, system)));
    EXPECT_EQ(supervisor.incident_count(), 0U);
    EXPECT_EQ(busy.incarnation(), 1U);
    EXPECT_EQ(idle.incarnation(), 1U);
    EXPECT_GT(handled->load(), 100);
  };
  for_each_seed(10,
                [&](SimulatedSystem& simulation) { scenario(simulation.system(), {}, seconds(5), milliseconds(5)); });
  // Every step is an event: a shorter time, and a cutoff as much shorter.
  const SupervisionOptions strict{.heartbeat = milliseconds(10), .cutoff = milliseconds(10)};
  for_each_seed(
      3, [&](SimulatedSystem& simulation) { scenario(simulation.system(), strict, milliseconds(50), Duration{0}); });
  System system({.workers = 2});
  scenario(system, {}, seconds(5), Duration{0});
}

TEST(Liveness, NothingRunsWhileNobodyWorks) {
  for_each_seed(20, [](SimulatedSystem& simulation) {
    System& system = simulation.system();
    const Supervisor supervisor(system);
    const auto actor = system.spawn("doer", doer, {}, Address<Do>(), nullptr);
    for (int round = 0; round < 3; ++round) {
      ASSERT_TRUE(wait(system, actor.ask<Do>(0)));
      ASSERT_TRUE(simulation.run_until([&] { return supervisor.watched() == 0; }, seconds(5)));
      simulation.run_for(seconds(1));
      const std::uint64_t steps = simulation.steps();
      simulation.run_for(hours(1));
      EXPECT_EQ(simulation.steps(), steps) << "an idle system has no events";
      EXPECT_FALSE(simulation.step());
    }
    EXPECT_EQ(wait(system, actor.ask<Do>(1)).error(), ErrorCode::actor_crashed) << "and is watched again";
  });
}

TEST(Liveness, AnActorThatHoldsItsThreadIsReported) {
  System system({.workers = 2});
  const Supervisor supervisor(system, {.heartbeat = milliseconds(50), .cutoff = milliseconds(100)});
  const auto release = std::make_shared<std::atomic<bool>>(false);
  const auto actor = system.spawn("spinning", [release](Mailbox<Do>& inbox) -> Task<> {
    while (auto job = co_await inbox.receive()) {
      while (!release->load()) std::this_thread::yield();
      job->reply(this_actor().incarnation);
    }
  });
  TaskGroup asker(system);
  asker.spawn([](Address<Do> to) -> Task<> { static_cast<void>(co_await to.ask<Do>(0)); }(actor));
  ASSERT_TRUE(eventually(system, [&] { return supervisor.incident_count() == 1; }));
  pass_time(system, milliseconds(300));
  EXPECT_EQ(supervisor.incident_count(), 1U) << "once for each incarnation";
  EXPECT_EQ(supervisor.incidents()[0].kind, IncidentKind::holding_a_thread);
  *release = true;
  ASSERT_TRUE(wait(system, asker.join()));
}

TEST(Liveness, AnExemptOneIsLeftAlone) {
  for_each_seed(10, [](SimulatedSystem& simulation) {
    System& system = simulation.system();
    const Supervisor supervisor(system);
    const auto exempt = system.spawn("exempt", doer, {.exempt = "waits for the tide"}, Address<Do>(),
                                     std::shared_ptr<std::vector<int>>());
    ASSERT_TRUE(exempt.try_tell(Do{.what = 1, .reply = {}}));
    pass_time(system, std::chrono::minutes(59));
    EXPECT_EQ(exempt.incarnation(), 1U);
    EXPECT_EQ(supervisor.incident_count(), 0U);
    const Snapshot all = system.snapshot();
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(all[0].exempt, "waits for the tide");
    EXPECT_THAT(describe(all), HasSubstr("exempt: waits for the tide"));
    EXPECT_TRUE(exempt.reset()) << "by hand it can be";
    EXPECT_TRUE(eventually(system, [&] { return exempt.incarnation() == 2; }));
  });
}

TEST(Liveness, ABlockingCallPastItsBudgetIsStuck) {
  System system({.workers = 2});
  const Supervisor supervisor(system, {.heartbeat = milliseconds(20), .cutoff = milliseconds(50)});
  const auto free = std::make_shared<std::atomic<bool>>(false);
  const auto caller = system.spawn("caller", [free](Mailbox<Do>& inbox) -> Task<> {
    while (auto job = co_await inbox.receive()) {
      const auto call = [free] {
        while (!free->load()) std::this_thread::yield();
      };
      BlockingOptions options;
      if (job->what == 1) options.budget = milliseconds(200);
      if (job->what != 0) co_await blocking(call, options);
      job->reply(this_actor().incarnation);
    }
  });
  const TimePoint begin = system.clock().now();
  EXPECT_EQ(wait(system, caller.ask<Do>(1)).error(), ErrorCode::actor_crashed);
  EXPECT_GE(system.clock().now() - begin, milliseconds(200));
  EXPECT_EQ(wait(system, caller.ask<Do>(0)).value_or(0), 2U);
  ASSERT_EQ(supervisor.incident_count(), 1U);
  EXPECT_THAT(supervisor.incidents()[0].evidence, HasSubstr("a blocking call past its budget"));
  *free = true;
}

}  // namespace
}  // namespace understudy::test
