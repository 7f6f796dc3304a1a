// Attacks: a receive with a limit loses no message, whatever comes just as its time is over: a message, one that is not
// wanted any more, a stop, a reset; and says which of message, time-out and stop it was.
#include "support/counted.hpp"
#include "support/runtimes.hpp"
#include "understudy/runtime/task_group.hpp"
#include "understudy/supervision/supervisor.hpp"

#include <atomic>
#include <vector>

#include <gtest/gtest.h>

namespace understudy::test {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

struct Note {
  int number;
  Counted token;
  Reply<int> reply;
};

struct Log {
  Census tokens;
  std::atomic<int> handled{0};
  std::atomic<int> timeouts{0};
  std::atomic<int> stops{0};
};

Task<> impatient(Mailbox<Note>& inbox, Log& log, std::uint64_t seed, Duration limit_max) {
  const Counted life(log.tokens);
  SeededRandom random(seed);
  for (;;) {
    const Duration limit(random.below(static_cast<std::uint64_t>(limit_max.count())) - (random.chance(5) ? 1 : 0));
    Result<Note> note = failure(ErrorCode::timeout);
    if (random.chance(80)) {
      note = co_await inbox.receive().within(limit);
    } else if (auto next = co_await inbox.receive()) {
      note = std::move(*next);
    } else {
      note = failure(ErrorCode::actor_stopped);
    }
    if (note) {
      ++log.handled;
      note->reply(note->number);
    } else if (note.error() == ErrorCode::timeout) {
      ++log.timeouts;
    } else {
      EXPECT_EQ(note.error(), ErrorCode::actor_stopped);
      ++log.stops;
      co_return;
    }
  }
}

/// `reset`: the actor may end while it asks.
Task<> sender(Address<Note> to, Log& log, std::uint64_t seed, int count, std::atomic<int>& answered, Duration pace,
              bool reset) {
  SeededRandom random(seed);
  const Counted life(log.tokens);
  for (int i = 0; i < count; ++i) {
    co_await sleep(Duration(random.below(static_cast<std::uint64_t>(pace.count()))));
    Result<int> got = failure(ErrorCode::timeout);
    if (random.chance(30)) {
      // Often gone before it is taken: it wakes the actor for nothing.
      got = co_await to.ask<Note>(i, Counted(log.tokens)).within(Duration(random.below(2000)));
      if (!got) continue;
    } else {
      got = co_await to.ask<Note>(i, Counted(log.tokens));
    }
    if (!got && reset) co_return;
    EXPECT_TRUE(got && *got == i);
    ++answered;
  }
}

void attack(System& system, std::uint64_t seed, Duration pace, bool reset) {
  Log log;
  SeededRandom random(seed);
  std::atomic<int> answered = 0;
  bool was_reset = false;
  {
    const auto actor = system.spawn("impatient", impatient, {.capacity = 2}, std::ref(log), random.next(), pace);
    TaskGroup group(system);
    TaskGroup doomed(system);
    for (int i = 0; i < 4 && !reset; ++i) group.spawn(sender(actor, log, random.next(), 10, answered, pace, reset));
    for (int i = 0; i < 4; ++i) doomed.spawn(sender(actor, log, random.next(), 1000, answered, pace, reset));
    ASSERT_TRUE(wait(system, pause(Duration(random.below(20) * static_cast<std::uint64_t>(pace.count())))));
    // Not if it has not begun.
    was_reset = reset && actor.reset();
    doomed.cancel();
    ASSERT_TRUE(wait(system, doomed.join()));
    ASSERT_TRUE(wait(system, group.join()));
    actor.stop();
    ASSERT_TRUE(eventually(system, [&] { return actor.stopped(); }));
  }
  EXPECT_GE(log.handled.load(), answered.load());
  // A reset takes effect where the actor next waits: one that is running may come upon the stop before.
  EXPECT_LE(log.stops.load(), 1);
  if (!was_reset) {
    EXPECT_EQ(log.stops.load(), 1);
  }
  EXPECT_EQ(log.tokens.living(), 0);
}

TEST(ReceiveWithin, LosesNothingInSimulation) {
  for_each_seed(2000, [](SimulatedSystem& simulation) {
    attack(simulation.system(), simulation.seed(), Duration(2000 + simulation.seed() % 5 * 3000), false);
  });
}
TEST(ReceiveWithin, LosesNothingOnRealThreads) {
  on_real_threads([](System& system) {
    for (std::uint64_t round = 1; round <= 20; ++round)
      attack(system, round, microseconds(20 * (round % 7 + 1)), false);
  });
}
TEST(ReceiveWithin, MayBeDestroyedAtAnyMoment) {
  on_every_runtime(
      [](System& system) {
        for (std::uint64_t round = 1; round <= 5; ++round)
          attack(system, system.random_number(), microseconds(20), true);
      },
      300);
}

struct Kept {
  int number;
};

TEST(ReceiveWithin, TellsATimeOutFromAStop) {
  on_every_runtime([](System& system) {
    std::vector<int> history;
    const auto actor = system.spawn("actor", [&history, &system](Mailbox<Kept>& inbox) -> Task<> {
      for (;;) {
        const TimePoint start = system.clock().now();
        const Result<Kept> kept = co_await inbox.receive().within(milliseconds(2));
        if (kept) {
          history.push_back(kept->number);
        } else if (kept.error() == ErrorCode::timeout) {
          EXPECT_GE(system.clock().now() - start, milliseconds(2));
          history.push_back(-1);
        } else {
          history.push_back(-2);
          break;
        }
      }
    });
    ASSERT_TRUE(actor.try_tell(Kept{1}));
    pass_time(system, milliseconds(9));
    ASSERT_TRUE(actor.try_tell(Kept{2}));
    actor.stop();
    ASSERT_TRUE(eventually(system, [&] { return actor.stopped(); }));
    ASSERT_GE(history.size(), 4U);
    EXPECT_EQ(history.front(), 1);
    EXPECT_EQ(history[1], -1);
    EXPECT_EQ(history[history.size() - 2], 2);
    EXPECT_EQ(history.back(), -2);
  });
}

TEST(ReceiveWithin, OfNoTimeTakesWhatIsThereAndStarvesNobody) {
  on_every_runtime([](System& system) {
    std::atomic<int> polls = 0;
    std::atomic<int> taken = 0;
    const auto actor = system.spawn("polling", [&](Mailbox<Kept>& inbox) -> Task<> {
      for (;;) {
        const Result<Kept> kept = co_await inbox.receive().within(Duration(0));
        if (!kept && kept.error() == ErrorCode::actor_stopped) break;
        ++(kept ? taken : polls);
      }
    });
    for (int i = 0; i < 20; ++i) {
      ASSERT_TRUE(wait(system, actor.tell(Kept{i})));
    }
    ASSERT_TRUE(eventually(system, [&] { return taken.load() == 20 && polls.load() > 1000; }));
    actor.stop();
    ASSERT_TRUE(eventually(system, [&] { return actor.stopped(); }));
  });
}

TEST(ReceiveWithin, IdleIsNotStuck) {
  for_each_seed(10, [](SimulatedSystem& simulation) {
    System& system = simulation.system();
    const Supervisor supervisor(system);
    const auto actor = system.spawn("patient", [](Mailbox<Kept>& inbox) -> Task<> {
      const Result<Kept> kept = co_await inbox.receive().within(hours(1));
      EXPECT_TRUE(kept);
    });
    pass_time(system, seconds(5));
    ASSERT_TRUE(actor.try_tell(Kept{1}));
    ASSERT_TRUE(eventually(system, [&] { return actor.stopped(); }));
    EXPECT_EQ(actor.incarnation(), 1U);
  });
}

}  // namespace
}  // namespace understudy::test
