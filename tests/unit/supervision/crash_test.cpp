// Attacks: an actor that crashes or is reset goes on as the next incarnation, on the same mailbox, in order; who was in
// hand learns why; one that fails too often is given up.
#include "support/counted.hpp"
#include "support/runtimes.hpp"
#include "understudy/runtime/task_group.hpp"
#include "understudy/supervision/supervisor.hpp"

#include <atomic>
#include <memory>
#include <mutex>
#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace understudy::test {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

struct Job {
  int number;
  bool crash;
  Reply<std::uint32_t> reply;  // The incarnation that handled it.
};
using Handled = std::vector<int>;

Task<> worker(Mailbox<Job>& inbox, std::shared_ptr<Handled> handled, Duration pace) {
  while (auto job = co_await inbox.receive()) {
    handled->push_back(job->number);
    if (pace > Duration{0}) co_await sleep(pace);
    if (job->crash) throw std::runtime_error("job " + std::to_string(job->number));
    job->reply(this_actor().incarnation);
  }
}

SupervisionOptions eager() { return {.intensity = {.restarts = 1000}, .backoff = {.next = Duration{0}}}; }

TEST(Crash, LeavesTheMailboxInOrder) {
  on_every_runtime([](System& system) {
    const Supervisor supervisor(system, eager());
    const auto handled = std::make_shared<Handled>();
    const auto actor = system.spawn("worker", worker, {.capacity = 100}, handled, Duration{2000});
    int crashes = 0;
    Handled expected;
    for (int i = 0; i < 60; ++i) {
      const bool crash = i % 7 == 3;
      crashes += crash ? 1 : 0;
      expected.push_back(i);
      ASSERT_TRUE(actor.try_tell(Job{.number = i, .crash = crash, .reply = {}}));
    }
    const Result<std::uint32_t> last = wait(system, actor.ask<Job>(60, false));
    EXPECT_EQ(last.value_or(0), static_cast<std::uint32_t>(crashes) + 1);
    expected.push_back(60);
    EXPECT_EQ(*handled, expected);
    EXPECT_EQ(supervisor.incident_count(), static_cast<std::uint64_t>(crashes));
    EXPECT_EQ(system.dead_letters().count, static_cast<std::uint64_t>(crashes)) << "those that were in hand";
  });
}

TEST(Crash, TellsWhoWasInHandAndNobodyElse) {
  on_every_runtime([](System& system) {
    const Supervisor supervisor(system, eager());
    const auto handled = std::make_shared<Handled>();
    const auto actor = system.spawn("worker", worker, {}, handled, Duration{1000});
    std::atomic<int> right = 0;
    TaskGroup askers(system);
    for (int i = 0; i < 30; ++i) {
      askers.spawn([](Address<Job> to, int number, std::atomic<int>& good) -> Task<> {
        const bool crash = number % 4 == 0;
        const Result<std::uint32_t> got = co_await to.ask<Job>(number, crash);
        if (got.has_value() == crash) co_return;
        if (crash) {
          EXPECT_EQ(got.error(), ErrorCode::actor_crashed);
          EXPECT_THAT(std::string(got.error().message()), HasSubstr("job " + std::to_string(number)));
        }
        ++good;
      }(actor, i, right));
    }
    ASSERT_TRUE(wait(system, askers.join()));
    EXPECT_EQ(right.load(), 30);
  });
}

TEST(Crash, IsAnIncident) {
  on_every_runtime([](System& system) {
    std::mutex mutex;
    std::vector<Incident> seen;
    SupervisionOptions options = eager();
    options.on_incident = [&](const Incident& incident) {
      const std::lock_guard lock(mutex);
      seen.push_back(incident);
    };
    const Supervisor supervisor(system, options);
    const auto actor = system.spawn("worker", worker, {}, std::make_shared<Handled>(), Duration{0});
    EXPECT_FALSE(wait(system, actor.ask<Job>(7, true)));
    EXPECT_EQ(wait(system, actor.ask<Job>(8, false)).value_or(0), 2U);
    EXPECT_TRUE(actor.reset());
    EXPECT_EQ(wait(system, actor.ask<Job>(9, false)).value_or(0), 3U);
    const std::vector<Incident> incidents = supervisor.incidents();
    ASSERT_EQ(incidents.size(), 2U);
    EXPECT_EQ(incidents[0].actor, "/worker");
    EXPECT_EQ(incidents[0].incarnation, 1U);
    EXPECT_EQ(incidents[0].kind, IncidentKind::crashed);
    EXPECT_EQ(incidents[0].outcome, IncidentOutcome::restarted);
    EXPECT_THAT(incidents[0].evidence, HasSubstr("runtime_error"));
    EXPECT_THAT(incidents[0].evidence, HasSubstr("job 7"));
    EXPECT_EQ(incidents[1].kind, IncidentKind::reset);
    EXPECT_EQ(incidents[1].incarnation, 2U);
    ASSERT_TRUE(eventually(system, [&] {
      const std::lock_guard lock(mutex);
      return seen.size() == 2;
    }));
    const std::lock_guard lock(mutex);
    EXPECT_EQ(seen[1].kind, IncidentKind::reset);
  });
}

Task<> throws_whatever(Mailbox<int>& inbox) {
  while (auto number = co_await inbox.receive()) {
    if (*number == 0) throw 5;
    if (*number == 1) throw std::string("text");
    if (*number == 2) throw std::bad_alloc();
  }
}

TEST(Crash, MayBeByAnyException) {
  on_every_runtime([](System& system) {
    const Supervisor supervisor(system, eager());
    const auto actor = system.spawn("thrower", throws_whatever);
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(actor.try_tell(int(i)));
    EXPECT_TRUE(eventually(system, [&] { return actor.incarnation() == 4; }));
    // One whose function throws before it gives a coroutine.
    const auto calls = std::make_shared<std::atomic<int>>(0);
    const auto stillborn = system.spawn("stillborn", [calls](Mailbox<int>& inbox) -> Task<> {
      if (++*calls == 1) throw 5;
      if (*calls == 2) throw std::runtime_error("not yet");
      return throws_whatever(inbox);
    });
    EXPECT_TRUE(eventually(system, [&] { return stillborn.incarnation() == 3; }));
    EXPECT_TRUE(stillborn.try_tell(5));
  });
}

TEST(Crash, TooOftenIsTheEnd) {
  on_every_runtime([](System& system) {
    const Supervisor supervisor(
        system, {.intensity = {.restarts = 3, .within = std::chrono::hours(1)}, .backoff = {.next = Duration{0}}});
    const auto actor = system.spawn("worker", worker, {}, std::make_shared<Handled>(), Duration{0});
    for (int i = 0; i < 3; ++i) EXPECT_EQ(wait(system, actor.ask<Job>(i, true)).error(), ErrorCode::actor_crashed);
    EXPECT_EQ(wait(system, actor.ask<Job>(3, false)).value_or(0), 4U);
    EXPECT_EQ(wait(system, actor.ask<Job>(4, true)).error(), ErrorCode::actor_crashed);
    EXPECT_EQ(wait(system, actor.ask<Job>(5, false)).error(), ErrorCode::actor_stopped);
    EXPECT_TRUE(actor.stopped());
    EXPECT_EQ(supervisor.incidents().back().outcome, IncidentOutcome::stopped);
  });
}

TEST(Crash, ResetsDoNotCount) {
  on_every_runtime([](System& system) {
    const Supervisor supervisor(system, {.intensity = {.restarts = 1}});
    const auto actor = system.spawn("worker", worker, {}, std::make_shared<Handled>(), Duration{0});
    for (std::uint32_t i = 1; i < 20; ++i) {
      EXPECT_EQ(wait(system, actor.ask<Job>(0, false)).value_or(0), i);
      EXPECT_TRUE(actor.reset());
    }
  });
}

TEST(Crash, BacksOff) {
  for_each_seed(20, [](SimulatedSystem& simulation) {
    System& system = simulation.system();
    const Supervisor supervisor(
        system,
        {.backoff = {.first = Duration{0}, .next = milliseconds(100), .longest = milliseconds(300), .jitter = 0}});
    const auto actor = system.spawn("worker", worker, {}, std::make_shared<Handled>(), Duration{0});
    const std::vector<Duration> delays{Duration{0}, milliseconds(100), milliseconds(200), milliseconds(300),
                                       milliseconds(300)};
    for (const Duration delay : delays) {
      EXPECT_FALSE(wait(system, actor.ask<Job>(0, true)));
      const Duration before = simulation.now();
      EXPECT_TRUE(wait(system, actor.ask<Job>(1, false)));
      EXPECT_GE(simulation.now() - before, delay - milliseconds(1));
      EXPECT_LE(simulation.now() - before, delay + milliseconds(5));
    }
  });
}

TEST(Crash, WithoutASupervisorStops) {
  on_every_runtime([](System& system) {
    const auto actor = system.spawn("worker", worker, {}, std::make_shared<Handled>(), Duration{0});
    EXPECT_EQ(wait(system, actor.ask<Job>(0, true)).error(), ErrorCode::actor_crashed);
    EXPECT_EQ(wait(system, actor.ask<Job>(1, false)).error(), ErrorCode::actor_stopped);
    const auto reset = system.spawn("reset", worker, {}, std::make_shared<Handled>(), Duration{0});
    EXPECT_TRUE(wait(system, reset.ask<Job>(1, false)));
    EXPECT_TRUE(reset.reset());
    EXPECT_EQ(wait(system, reset.ask<Job>(1, false)).error(), ErrorCode::actor_stopped);
    EXPECT_FALSE(reset.reset());
  });
}

TEST(Reset, EndsWhatIsInHandWhereverItIs) {
  on_every_runtime([](System& system) {
    const Census census;
    const Supervisor supervisor(system, eager());
    const auto actor = system.spawn(
        "sleeper",
        [](Mailbox<Job>& inbox, [[maybe_unused]] Counted life) -> Task<> {
          while (auto job = co_await inbox.receive()) {
            if (job->crash) co_await sleep(std::chrono::hours(1));
            job->reply(this_actor().incarnation);
          }
        },
        {}, Counted(census));
    for (std::uint32_t life = 1; life < 6; ++life) {
      EXPECT_EQ(wait(system, actor.ask<Job>(0, false)).value_or(0), life);
      if (life % 2 == 0) {
        EXPECT_TRUE(actor.reset()) << "idle";
        continue;
      }
      std::atomic<bool> crashed = false;
      TaskGroup asker(system);
      asker.spawn([](Address<Job> to, std::atomic<bool>& ended) -> Task<> {
        const Result<std::uint32_t> got = co_await to.ask<Job>(0, true);
        ended = !got && got.error() == ErrorCode::actor_crashed;
      }(actor, crashed));
      pass_time(system, milliseconds(1));
      EXPECT_TRUE(actor.reset()) << "busy";
      ASSERT_TRUE(wait(system, asker.join()));
      EXPECT_TRUE(crashed.load());
    }
  });
}

}  // namespace
}  // namespace understudy::test
