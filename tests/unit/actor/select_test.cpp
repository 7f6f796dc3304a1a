// Attacks: an actor waits for messages, answers, ticks and tasks at once; nothing that was received is lost when
// something else wins, whatever comes at the same moment, and none of it outlives the actor.
#include "understudy/actor/select.hpp"

#include "support/counted.hpp"
#include "support/runtimes.hpp"
#include "understudy/runtime/task_group.hpp"
#include "understudy/supervision/supervisor.hpp"

#include <atomic>
#include <optional>
#include <stdexcept>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

namespace understudy::test {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

struct Note {
  int from;
  int number;
  Counted token;
};
struct Fetch {
  Duration delay;
  Reply<int> reply;
};
Task<> source(Mailbox<Fetch>& inbox) {
  int next = 0;
  while (auto fetch = co_await inbox.receive()) {
    co_await sleep(fetch->delay);
    fetch->reply(next++);
  }
}

struct Log {
  Census tokens;
  std::vector<int> notes = std::vector<int>(4, 0);  // By sender: how many, in order.
  int answers = 0;
  std::uint64_t ticks = 0;
  int others = 0;
  bool stopped = false;
};

Task<int> other(Duration delay, Census census) {
  const Counted life(census);
  co_await sleep(delay);
  co_return 7;
}

/// Each answer is asked for once, and must arrive; each note must, in order; all ticks are given.
Task<> selector(Mailbox<Note>& inbox, Address<Fetch> from, Log& log, std::uint64_t seed) {
  const Counted life(log.tokens);
  SeededRandom random(seed);
  const auto delay = [&random] { return Duration(random.below(5000)); };
  Pending<Result<int>> answer = start(from.ask<Fetch>(delay()));
  const Duration period(3000);
  Interval interval(period);
  const TimePoint zero = interval.next() - period;
  for (;;) {
    auto next = co_await select(inbox, answer, interval, other(delay(), log.tokens));
    EXPECT_LE(log.tokens.living(), 1 + 9) << "losers have ended";
    if (auto* note = std::get_if<0>(&next)) {
      if (!*note) break;
      EXPECT_EQ((*note)->number, log.notes[static_cast<std::size_t>((*note)->from)]++);
    } else if (auto* got = std::get_if<1>(&next)) {
      EXPECT_EQ(*got, log.answers++) << "none is lost, none comes twice";
      answer = start(from.ask<Fetch>(delay()));
    } else if (auto* ticks = std::get_if<2>(&next)) {
      EXPECT_GE(*ticks, 1U);
      log.ticks += *ticks;
      EXPECT_EQ(interval.next(), zero + period * static_cast<int>(log.ticks + 1));
    } else {
      EXPECT_EQ(std::get<3>(next), 7);
      ++log.others;
    }
    if (random.chance(20)) co_await sleep(delay());
  }
  log.stopped = true;
}

Task<> send_notes(Address<Note> to, Log& log, int from, int count, std::uint64_t seed) {
  SeededRandom random(seed);
  for (int i = 0; i < count; ++i) {
    co_await sleep(Duration(random.below(4000)));
    const Result<void> sent = co_await to.tell<Note>(from, i, Counted(log.tokens));
    EXPECT_TRUE(sent);
  }
}

void attack(System& system, std::uint64_t seed) {
  SeededRandom random(seed);
  Log log;
  const auto from = system.spawn("source", source, {});
  const auto actor = system.spawn("selector", selector, {.capacity = 3}, from, std::ref(log), random.next());
  {
    TaskGroup group(system);
    for (int i = 0; i < 4; ++i) group.spawn(send_notes(actor, log, i, 12, random.next()));
    ASSERT_TRUE(wait(system, group.join()));
  }
  actor.stop();
  ASSERT_TRUE(eventually(system, [&] { return actor.stopped(); }));
  from.stop();
  ASSERT_TRUE(eventually(system, [&] { return from.stopped(); }));
  EXPECT_EQ(log.notes, std::vector<int>(4, 12));
  EXPECT_TRUE(log.stopped);
  EXPECT_EQ(log.tokens.living(), 0);
  EXPECT_EQ(system.dead_letters().count, 0U);
}

TEST(Select, LosesNothingInSimulation) {
  for_each_seed(3000, [](SimulatedSystem& simulation) { attack(simulation.system(), simulation.seed()); });
}
TEST(Select, LosesNothingOnRealThreads) {
  on_real_threads([](System& system) {
    for (std::uint64_t round = 1; round <= 30; ++round) attack(system, round);
  });
}

TEST(Select, ATickThatIsAlwaysDueHidesNeitherMessagesNorAStop) {
  on_every_runtime([](System& system) {
    const auto notes = std::make_shared<std::atomic<int>>(0);
    const auto ticks = std::make_shared<std::atomic<int>>(0);
    const auto actor = system.spawn("late", [notes, ticks](Mailbox<int>& inbox) -> Task<> {
      Interval always_due(Duration(1));
      for (;;) {
        auto next = co_await select(inbox, always_due);
        if (auto* note = std::get_if<0>(&next)) {
          if (!*note) break;
          ++*notes;
        } else {
          ++*ticks;
        }
      }
    });
    for (int i = 0; i < 50; ++i) ASSERT_TRUE(actor.try_tell(int(i)));
    ASSERT_TRUE(eventually(system, [&] { return notes->load() == 50; }));
    EXPECT_GT(ticks->load(), 0) << "nor does a flood of messages hide a tick";
    actor.stop();
    EXPECT_TRUE(eventually(system, [&] { return actor.stopped(); }));
  });
}

TEST(Select, MayBeDestroyedAtAnyMoment) {
  on_every_runtime(
      [](System& system) {
        const Supervisor supervisor(system, {.intensity = {.restarts = 1000, .within = seconds(1)},
                                             .backoff = {.first = Duration{0}, .next = Duration{0}},
                                             .on_incident = {}});
        const Census census;
        SeededRandom random(system.random_number());
        const auto from = system.spawn("source", source, {});
        const auto restless = [&](Mailbox<Note>& inbox) -> Task<> {
          const Counted life(census);
          SeededRandom own(7);
          Pending<Result<int>> answer = start(from.ask<Fetch>(Duration(own.below(5000))));
          Interval interval(Duration(2000));
          for (;;) {
            auto next = co_await select(inbox, answer, interval, other(Duration(own.below(3000)), census));
            if (next.index() == 0 && !std::get<0>(next)) co_return;
            if (next.index() == 1) answer = start(from.ask<Fetch>(Duration(own.below(5000))));
          }
        };
        const auto actor = system.spawn("restless", restless, {.capacity = 3});
        for (int life = 0; life < 15; ++life) {
          for (int i = 0; i < 4; ++i) static_cast<void>(actor.try_tell(Note{0, i, Counted(census)}));
          pass_time(system, Duration(random.below(30'000)));
          static_cast<void>(actor.reset());
        }
        actor.stop();
        ASSERT_TRUE(eventually(system, [&] { return actor.stopped(); }));
        EXPECT_TRUE(eventually(system, [&] { return census.living() == 0; }));
        from.stop();
        ASSERT_TRUE(eventually(system, [&] { return from.stopped(); }));
      },
      200);
}

TEST(Select, TakesTheBranchNamedFirstAndThrowsWhatItThrew) {
  on_every_runtime([](System& system) {
    std::vector<std::size_t> order;
    const auto actor = system.spawn("actor", [&](Mailbox<Note>& inbox) -> Task<> {
      while (inbox.depth() < 2) co_await yield();
      Interval interval(microseconds(1));
      co_await sleep(microseconds(10));
      auto first = co_await select(inbox, interval);
      order.push_back(first.index());
      auto second = co_await select(inbox, other(hours(1), Census()));
      order.push_back(second.index());
      auto third = co_await select(inbox);
      order.push_back(third.index());
      const auto failing = []() -> Task<int> {
        co_await yield();
        throw std::runtime_error("thrown");
      };
      try {
        auto fourth = co_await select(inbox, failing());
        order.push_back(fourth.index());
      } catch (const std::runtime_error&) {
        order.push_back(99);
      }
    });
    const Census census;
    for (int i = 0; i < 2; ++i) ASSERT_TRUE(actor.try_tell(Note{0, i, Counted(census)}));
    ASSERT_TRUE(eventually(system, [&] { return actor.stopped(); }));
    EXPECT_EQ(order, (std::vector<std::size_t>{1, 0, 0, 99}));
  });
}

}  // namespace
}  // namespace understudy::test
