// G8: the time left goes with the message, and what nobody wants any more is not worked on. Attacked by askers that
// are destroyed at any moment while the actor they asked waits for another one, which would answer too late, or never;
// and by innocent askers of the same actors, whom this must not touch.
#include "support/counted.hpp"
#include "support/runtimes.hpp"
#include "understudy/runtime/deadline.hpp"
#include "understudy/runtime/task_group.hpp"
#include "understudy/supervision/supervisor.hpp"

#include <atomic>
#include <memory>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

namespace understudy::test {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

struct Slow {
  Duration work;
  Counted token;
  Reply<void> reply;
};

/// Answers each request after the time that it takes, each in a task of its own.
Task<> answer_later(Slow slow) {
  co_await sleep(slow.work);
  slow.reply();
}
Task<> deep(Mailbox<Slow>& inbox, System& system) {
  TaskGroup group(system);
  while (auto slow = co_await inbox.receive()) group.spawn_regardless(answer_later(std::move(*slow)));
}

constexpr Duration for_ever = hours(1000);
constexpr int steps = 4;

struct Fate {
  std::atomic<bool> doomed{false};  // Set before its asker is destroyed.
  std::atomic<bool> started{false};
  std::atomic<bool> cancelled{false};
  std::atomic<bool> timed_out{false};
  TimePoint deadline = TimePoint::max();
};

struct Work {
  Fate* fate;
  Duration each;   // What each of its steps takes.
  int quick;       // So many; those after them take longer than anybody waits.
  Duration limit;  // Of each step; none if zero.
  Counted token;
  Reply<int> reply;
};

/// Does its work in steps, each of which asks `deep`.
Task<> middle(Mailbox<Work>& inbox, Address<Slow> below, Census census, System& system, Duration slack) {
  const Counted life(census);
  while (auto work = co_await inbox.receive()) {
    Fate& fate = *work->fate;
    fate.started = true;
    EXPECT_EQ(work_deadline(), work->reply.deadline());
    int done = 0;
    for (; done < steps; ++done) {
      const Duration takes = done < work->quick ? work->each : for_ever;
      Result<void> step = failure(ErrorCode::timeout);
      if (work->limit == Duration{0}) {
        step = co_await below.ask<Slow>(takes, Counted(census));
      } else {
        step = co_await below.ask<Slow>(takes, Counted(census)).within(work->limit);
      }
      EXPECT_LE(system.clock().now(), after(fate.deadline, slack));
      if (step) continue;
      if (step.error() == ErrorCode::cancelled) fate.cancelled = true;
      if (step.error() == ErrorCode::timeout) fate.timed_out = true;
      break;
    }
    work->reply(done);
  }
}

Task<> asker(Address<Work> to, Fate& fate, Census census, System& system, Duration each, int quick, Duration limit,
             Duration of_steps) {
  const Counted life(census);
  fate.deadline = after(system.clock().now(), limit);
  const Result<int> got = co_await to.ask<Work>(&fate, each, quick, of_steps, Counted(census)).within(limit);
  if (got) {
    // Less only if the time was over for its steps, though its own timer was a little late.
    EXPECT_TRUE(*got == steps || system.clock().now() >= fate.deadline);
  } else {
    EXPECT_EQ(got.error(), ErrorCode::timeout);
  }
}

void storm_of_cancels(System& system, std::uint64_t seed, std::uint64_t rounds, Duration slack) {
  const TimePoint start = system.clock().now();
  SeededRandom random(seed);
  const Census census;
  const auto below = system.spawn("deep", deep, {.capacity = 2}, std::ref(system));
  const auto actor = system.spawn("middle", middle, {.capacity = 3}, below, census, std::ref(system), slack);
  std::vector<std::unique_ptr<TaskGroup>> groups;
  std::vector<Fate> fates(rounds);
  std::vector<bool> hopeless(rounds);
  for (std::uint64_t i = 0; i < rounds; ++i) {
    groups.push_back(std::make_unique<TaskGroup>(system));
    hopeless[i] = random.chance(30);
    const int quick = hopeless[i] ? static_cast<int>(random.below(steps)) : steps;
    const bool patient = !hopeless[i] || random.chance(50);
    const Duration limit = patient ? Duration::max() : Duration(random.below(100'000));
    const Duration of_steps = random.chance(50) ? Duration{0} : Duration(hours(100));
    groups.back()->spawn(asker(actor, fates[i], census, system, Duration(random.below(3000)), quick, limit, of_steps));
    // Those who would never end are destroyed, and some of the others too.
    if (!(hopeless[i] && patient) && random.chance(70)) continue;
    ASSERT_TRUE(wait(system, pause(Duration(random.below(12'000)))));
    fates[i].doomed = true;
    groups[i]->cancel();
  }
  for (const auto& group : groups) ASSERT_TRUE(wait(system, group->join()));
  // Everybody's work is over at once, though what some of it waited for will never be.
  actor.stop();
  ASSERT_TRUE(eventually(system, [&] { return actor.stopped(); }));
  EXPECT_LT(system.clock().now() - start, hours(1)) << "somebody waited for what would never be";
  for (std::uint64_t i = 0; i < rounds; ++i) {
    const Fate& fate = fates[i];
    EXPECT_TRUE(!fate.cancelled || fate.doomed) << i << " was not cancelled, but its work was";
    if (fate.timed_out && !hopeless[i]) {
      EXPECT_NE(fate.deadline, TimePoint::max()) << i;
    }
  }
  below.stop();
}

TEST(G08DeadlinesTravel, WorkEndsWithItsAskerInSimulation) {
  for_each_seed(1000, [](SimulatedSystem& simulation) {
    storm_of_cancels(simulation.system(), simulation.seed(), 24, microseconds(100));
  });
}

TEST(G08DeadlinesTravel, WorkEndsWithItsAskerOnRealThreads) {
  on_real_threads([](System& outer) {
    for (std::uint64_t round = 1; round <= 25; ++round) {
      System system({.workers = outer.worker_count()});
      storm_of_cancels(system, round, 60, seconds(5));
    }
  });
}

struct Look {
  Reply<Duration> reply;
};
struct Pass {
  int how;
  Reply<Duration> reply;
};
using Any = std::variant<Look, Pass>;

Task<> note_time_left(Duration& into) {
  into = time_left();
  co_return;
}

/// Says how much time is left, here or in what is made from here.
Task<> looker(Mailbox<Any>& inbox, Address<Any> next, System& system) {
  while (auto any = co_await inbox.receive()) {
    if (auto* look = std::get_if<Look>(&*any)) {
      look->reply(time_left());
      continue;
    }
    Pass pass = std::get<Pass>(std::move(*any));
    if (pass.how == 0) pass.reply.complete(co_await next.ask<Look>());
    if (pass.how == 1) pass.reply.complete(co_await next.ask<Look>().within(hours(1)));
    if (pass.how == 2) pass.reply.complete(co_await next.ask<Look>().regardless());
    if (pass.how == 3) pass.reply.complete(co_await next.ask<Look>().regardless().within(hours(1)));
    if (pass.how == 4) {
      const Result<void> sent = co_await next.tell<Look>(std::move(pass.reply));
      EXPECT_TRUE(sent);
    }
    if (pass.how == 5 || pass.how == 6) {
      TaskGroup group(system);
      Duration left{0};
      if (pass.how == 5) group.spawn(note_time_left(left));
      if (pass.how == 6) group.spawn_regardless(note_time_left(left));
      co_await group.join();
      pass.reply(left);
    }
    if (pass.how == 7) {
      static_cast<void>(inbox.try_receive());
      pass.reply(time_left());  // There was nothing more: it handles one message still.
    }
  }
  EXPECT_EQ(time_left(), Duration::max()) << "the last message is done with";
}

TEST(G08DeadlinesTravel, ByAskTellAndSpawn) {
  on_every_runtime([](System& system) {
    const auto last = system.spawn("last", looker, {}, Address<Any>(), std::ref(system));
    const auto first = system.spawn("first", looker, {}, last, std::ref(system));
    for (const int how : {0, 1, 4, 5, 7}) {
      const Result<Duration> left = wait(system, first.ask<Pass>(how).within(seconds(30)));
      ASSERT_TRUE(left) << how;
      EXPECT_LE(*left, seconds(30)) << how;
      EXPECT_GT(*left, seconds(1)) << how;
      const Result<Duration> none = wait(system, first.ask<Pass>(how));
      ASSERT_TRUE(none) << how;
      if (how == 1) {
        EXPECT_LE(*none, hours(1));
      } else {
        EXPECT_EQ(*none, Duration::max()) << how;
      }
    }
    for (const int how : {2, 3, 6}) {
      const Result<Duration> left = wait(system, first.ask<Pass>(how).within(seconds(30)));
      ASSERT_TRUE(left) << how;
      EXPECT_GT(*left, seconds(30)) << how;
    }
    EXPECT_EQ(first.not_started() + last.not_started(), 0U);
    first.stop();
    ASSERT_TRUE(eventually(system, [&] { return first.stopped(); }));
    last.stop();
    ASSERT_TRUE(eventually(system, [&] { return last.stopped(); }));
  });
}

struct Pin {
  Duration time;
  Reply<bool> reply;
};

/// Handles one request for `time`; then says whether it was still wanted.
Task<> pinned(Mailbox<Pin>& inbox, std::atomic<int>& wanted, std::atomic<int>& unwanted) {
  while (auto pin = co_await inbox.receive()) {
    EXPECT_TRUE(pin->reply.wanted());
    co_await sleep(pin->time);
    ++(pin->reply.wanted() ? wanted : unwanted);
    pin->reply(true);
    EXPECT_FALSE(pin->reply.wanted());
  }
}

TEST(G08DeadlinesTravel, WhatComesTooLateIsCountedAndWhatIsWantedIsKnown) {
  on_every_runtime([](System& system) {
    std::atomic<int> wanted = 0;
    std::atomic<int> unwanted = 0;
    const auto actor = system.spawn("pinned", pinned, {}, std::ref(wanted), std::ref(unwanted));
    EXPECT_TRUE(wait(system, actor.ask<Pin>(Duration(0)).within(seconds(30))));
    // On a busy machine a thread may have to wait for its processor for some ten milliseconds, anywhere in here.
    EXPECT_EQ(wait(system, actor.ask<Pin>(milliseconds(500)).within(milliseconds(100))).error(), ErrorCode::timeout);
    // Behind one that takes longer than they wait.
    TaskGroup group(system);
    const auto late = [](Address<Pin> to) -> Task<> {
      EXPECT_EQ((co_await to.ask<Pin>(Duration(0)).within(milliseconds(100))).error(), ErrorCode::timeout);
    };
    for (int i = 0; i < 5; ++i) group.spawn(late(actor));
    ASSERT_TRUE(wait(system, group.join()));
    EXPECT_TRUE(wait(system, actor.ask<Pin>(Duration(0))));
    EXPECT_EQ(wanted.load(), 2);
    EXPECT_EQ(unwanted.load(), 1);
    EXPECT_EQ(actor.not_started(), 5U);
  });
}

struct Crash {
  Reply<void> reply;
};

/// Each life begins with an ask, of which the message that ended the last one must know nothing.
Task<> reborn(Mailbox<Crash>& inbox, Address<Slow> below, Census census, std::atomic<int>& begun) {
  EXPECT_EQ(time_left(), Duration::max());
  EXPECT_TRUE(co_await below.ask<Slow>(Duration(microseconds(50)), Counted(census)).within(seconds(60)));
  ++begun;
  while (auto crash = co_await inbox.receive()) {
    static_cast<void>(co_await below.ask<Slow>(Duration(microseconds(20)), Counted(census)));
    throw std::runtime_error("as it was told");
  }
}

TEST(G08DeadlinesTravel, TheNextLifeInheritsNothing) {
  on_every_runtime(
      [](System& system) {
        const Supervisor supervisor(system, {.intensity = {.restarts = 1000, .within = seconds(1)},
                                             .backoff = {.first = Duration{0}, .next = Duration{0}},
                                             .on_incident = {}});
        const Census census;
        std::atomic<int> begun = 0;
        SeededRandom random(system.random_number());
        const auto below = system.spawn("deep", deep, {}, std::ref(system));
        const auto actor = system.spawn("reborn", reborn, {}, below, census, std::ref(begun));
        for (int life = 1; life <= 20; ++life) {
          TaskGroup group(system);
          const auto ask = [](Address<Crash> to) -> Task<> {
            static_cast<void>(co_await to.ask<Crash>().within(seconds(60)));
          };
          group.spawn(ask(actor));
          pass_time(system, Duration(random.below(100'000)));
          group.cancel();
          ASSERT_TRUE(wait(system, group.join()));
        }
        actor.stop();
        ASSERT_TRUE(eventually(system, [&] { return actor.stopped(); }));
        below.stop();
      },
      100);
}

}  // namespace
}  // namespace understudy::test
