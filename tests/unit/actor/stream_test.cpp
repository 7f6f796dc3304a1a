// Attacks: a stream gives what was sent, all of it, in order, and then ends, and says how: by its sender's end, crash,
// reset or drop; a sender is never further ahead than it may be, and learns that nobody takes any more; and either side
// may be destroyed at any moment.
#include "understudy/actor/stream.hpp"

#include "support/counted.hpp"
#include "support/runtimes.hpp"
#include "understudy/runtime/task_group.hpp"
#include "understudy/supervision/supervisor.hpp"

#include <atomic>
#include <stdexcept>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

namespace understudy::test {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::seconds;

struct Item {
  int number;
  Counted token;
};
enum class End : std::uint8_t { finish, fail, drop, crash };
struct List {
  int count;
  End end;
  ReplyStream<Item> items;
};

struct Log {
  Census tokens;
  std::atomic<int> sent{0};
  std::atomic<int> cancelled{0};
};

Task<> shop(Mailbox<List>& inbox, Log& log) {
  const Counted life(log.tokens);
  SeededRandom random(3);
  while (auto list = co_await inbox.receive()) {
    bool wanted = true;
    for (int i = 0; i < list->count && wanted; ++i) {
      if (random.chance(20)) co_await sleep(Duration(random.below(2000)));
      const Result<void> sent = co_await list->items.send(i, Counted(log.tokens));
      if (sent) {
        ++log.sent;
      } else {
        EXPECT_EQ(sent.error(), ErrorCode::cancelled);
        EXPECT_FALSE(list->items.wanted());
        ++log.cancelled;
        wanted = false;
      }
    }
    if (list->end == End::finish) list->items.finish();
    if (list->end == End::fail) list->items.fail(ErrorCode::storage_failed);
    if (list->end == End::crash) throw std::runtime_error("as it was told");
    const Result<void> late = co_await list->items.send(-1, Counted(log.tokens));
    if (list->end != End::drop) {
      EXPECT_EQ(late.error(), ErrorCode::cancelled);
    }
  }
}

SupervisionOptions tireless() {
  return {.intensity = {.restarts = 1'000'000, .within = seconds(1)},
          .backoff = {.first = Duration{0}, .next = Duration{0}, .longest = Duration{0}},
          .on_incident = {}};
}

Task<int> take_all(Address<List> from, std::size_t capacity, int count, End end, Result<void>& result) {
  Stream<Item> items = co_await open_stream<List>(from, capacity, count, end);
  int taken = 0;
  while (auto item = co_await items.next()) {
    if (item->number < 0) break;
    EXPECT_EQ(item->number, taken);
    ++taken;
  }
  result = items.result();
  co_return taken;
}

TEST(Stream, GivesAllInOrderAndEndsAsItsSenderDoes) {
  on_every_runtime([](System& system) {
    const Supervisor supervisor(system, tireless());
    Log log;
    const auto from = system.spawn("shop", shop, {}, std::ref(log));
    for (const std::size_t capacity : {0UL, 1UL, 3UL, 100UL}) {
      for (const int count : {0, 1, 50}) {
        Result<void> result;
        EXPECT_EQ(wait(system, take_all(from, capacity, count, End::finish, result)), count);
        EXPECT_TRUE(result);
        EXPECT_EQ(wait(system, take_all(from, capacity, count, End::fail, result)), count);
        EXPECT_EQ(result.error(), ErrorCode::storage_failed);
        EXPECT_EQ(wait(system, take_all(from, capacity, count, End::crash, result)), count);
        EXPECT_EQ(result.error(), ErrorCode::actor_crashed);
      }
    }
    from.stop();
    ASSERT_TRUE(eventually(system, [&] { return from.stopped(); }));
    Result<void> result;
    EXPECT_EQ(wait(system, take_all(from, 4, 10, End::finish, result)), 0);
    EXPECT_EQ(result.error(), ErrorCode::actor_stopped);
    EXPECT_EQ(log.tokens.living(), 0);
  });
}

TEST(Stream, TheSenderWaitsForTheTaker) {
  on_every_runtime([](System& system) {
    Log log;
    const auto from = system.spawn("shop", shop, {}, std::ref(log));
    const auto run = [&]() -> Task<> {
      Stream<Item> items = co_await open_stream<List>(from, 5U, 30, End::finish);
      for (int taken = 0; taken < 30; ++taken) {
        co_await sleep(microseconds(30));
        EXPECT_LE(log.sent.load(), taken + 5);
        auto item = co_await items.next();
        EXPECT_TRUE(item && item->number == taken);
      }
      auto none = co_await items.next();
      EXPECT_FALSE(none);
      auto none_again = co_await items.next();
      EXPECT_FALSE(none_again);
      EXPECT_TRUE(items.result());
    };
    ASSERT_TRUE(wait(system, run()));
    from.stop();
    ASSERT_TRUE(eventually(system, [&] { return from.stopped(); }));
  });
}

TEST(Stream, WithoutASenderOrATakerEnds) {
  on_every_runtime([](System& system) {
    const auto run = []() -> Task<> {
      auto [stream, replies] = make_stream<int>(2);
      EXPECT_TRUE(replies.wanted());
      const Result<void> first = co_await replies.send(1);
      EXPECT_TRUE(first);
      {
        const ReplyStream<int> dropped = std::move(replies);
      }
      auto one = co_await stream.next();
      EXPECT_EQ(one, 1);
      auto none = co_await stream.next();
      EXPECT_FALSE(none);
      EXPECT_EQ(stream.result().error(), ErrorCode::reply_dropped);
      ReplyStream<int> orphan = make_stream<int>(1).second;
      EXPECT_FALSE(orphan.wanted());
      const Result<void> refused = co_await orphan.send(1);
      EXPECT_EQ(refused.error(), ErrorCode::cancelled);
      ReplyStream<int> nobody;
      const Result<void> into_nothing = co_await nobody.send(1);
      EXPECT_EQ(into_nothing.error(), ErrorCode::cancelled);
    };
    ASSERT_TRUE(wait(system, run()));
  });
}

Task<> customer(Address<List> from, Census census, std::uint64_t seed) {
  const Counted life(census);
  SeededRandom random(seed);
  for (;;) {
    const auto end = static_cast<End>(random.below(4));
    Stream<Item> items = co_await open_stream<List>(from, 1 + random.below(4), static_cast<int>(random.below(10)), end);
    int taken = 0;
    const int enough = static_cast<int>(random.below(15));
    while (auto item = co_await items.next()) {
      if (item->number >= 0) {
        EXPECT_EQ(item->number, taken);
      }
      if (++taken >= enough) break;
      if (random.chance(20)) co_await sleep(Duration(random.below(3000)));
    }
  }
}

void attack(System& system, std::uint64_t seed, int rounds) {
  const Supervisor supervisor(system, tireless());
  SeededRandom random(seed);
  Log log;
  const auto from = system.spawn("shop", shop, {.capacity = 2}, std::ref(log));
  for (int round = 0; round < rounds; ++round) {
    TaskGroup group(system);
    for (int i = 0; i < 4; ++i) group.spawn(customer(from, log.tokens, random.next()));
    for (int blow = 0; blow < 3; ++blow) {
      pass_time(system, Duration(random.below(30'000)));
      if (random.chance(50)) static_cast<void>(from.reset());
    }
    group.cancel();
    ASSERT_TRUE(wait(system, group.join()));
  }
  from.stop();
  ASSERT_TRUE(eventually(system, [&] { return from.stopped(); }));
  EXPECT_EQ(log.tokens.living(), 0);
}

TEST(Stream, MayLoseEitherSideAtAnyMomentInSimulation) {
  for_each_seed(1000, [](SimulatedSystem& simulation) { attack(simulation.system(), simulation.seed(), 3); });
}
TEST(Stream, MayLoseEitherSideAtAnyMomentOnRealThreads) {
  on_real_threads([](System& system) { attack(system, system.random_number(), 150); });
}

struct Note {
  int number;
};

TEST(Stream, IsABranchOfSelectThatLosesNothing) {
  on_every_runtime(
      [](System& system) {
        Log log;
        std::vector<int> notes;
        int taken = 0;
        const auto from = system.spawn("shop", shop, {}, std::ref(log));
        const auto actor = system.spawn("actor", [&](Mailbox<Note>& inbox) -> Task<> {
          Stream<Item> items = co_await open_stream<List>(from, 3U, 60, End::finish);
          bool open = true;
          while (open || notes.size() < 20) {
            auto next = co_await select(inbox, items);
            if (auto* note = std::get_if<0>(&next)) {
              EXPECT_TRUE(*note);
              notes.push_back((*note)->number);
              continue;
            }
            std::optional<Item>& item = std::get<1>(next);
            if (item) {
              EXPECT_EQ(item->number, taken++);
              continue;
            }
            open = false;
            EXPECT_TRUE(items.result());
            while (notes.size() < 20) {
              auto note = co_await inbox.receive();
              notes.push_back(note->number);
            }
          }
        });
        for (int i = 0; i < 20; ++i) {
          pass_time(system, Duration(system.random_number() % 2000));
          ASSERT_TRUE(wait(system, actor.tell(Note{i})));
        }
        ASSERT_TRUE(eventually(system, [&] { return actor.stopped(); }));
        EXPECT_EQ(taken, 60);
        ASSERT_EQ(notes.size(), 20U);
        for (int i = 0; i < 20; ++i) EXPECT_EQ(notes[static_cast<std::size_t>(i)], i);
        from.stop();
        ASSERT_TRUE(eventually(system, [&] { return from.stopped(); }));
      },
      300);
}

}  // namespace
}  // namespace understudy::test
