// Attacks: routers that overload one target, wait for a full one while another has room, move more keys than they must,
// send to a target that has stopped, lose a message on the way, or say nothing when no target is left; in both places.
#include "understudy/actor/router.hpp"

#include "support/counted.hpp"
#include "support/runtimes.hpp"
#include "understudy/actor/routing.hpp"

#include <algorithm>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace understudy::test {
namespace {

struct Which {
  std::string key;
  Counted token;
  Reply<int> reply;
};
struct Note {
  std::string key;
  Counted token;
};
struct Hold {  // Does not come back until it is told to.
  std::string key;
  std::shared_ptr<std::atomic<bool>> released;
};
using Job = std::variant<Note, std::variant<Which, Hold>>;

const auto key_of_job = [](const Job& job) -> std::string_view {
  return std::visit(
      []<typename Part>(const Part& part) -> std::string_view {
        if constexpr (requires { part.key; }) {
          return part.key;
        } else {
          return std::visit([](const auto& inner) -> std::string_view { return inner.key; }, part);
        }
      },
      job);
};

struct Counts {
  Census tokens;
  std::array<std::atomic<int>, 16> handled{};
};

Task<> worker(Mailbox<Job>& inbox, std::shared_ptr<Counts> counts, int index) {
  const Counted life(counts->tokens);
  while (auto job = co_await inbox.receive()) {
    ++counts->handled.at(static_cast<std::size_t>(index));
    auto* inner = std::get_if<1>(&*job);
    if (inner == nullptr) continue;
    if (auto* which = std::get_if<Which>(inner)) which->reply(index);
    if (auto* hold = std::get_if<Hold>(inner)) {
      while (!hold->released->load()) co_await sleep(std::chrono::microseconds(50));
    }
  }
}

std::vector<Address<Job>> spawn_workers(System& system, const std::shared_ptr<Counts>& counts, int n,
                                        const SpawnOptions& options = {}) {
  std::vector<Address<Job>> workers;
  for (int i = 0; i < n; ++i) workers.push_back(system.spawn("w" + std::to_string(i), worker, options, counts, i));
  return workers;
}
void stop_all(System& system, const std::vector<Address<Job>>& workers) {
  for (const auto& each : workers) each.stop();
  ASSERT_TRUE(eventually(system, [&] { return std::ranges::all_of(workers, [](auto& w) { return w.stopped(); }); }));
}

template <typename R>
int which(System& system, const R& router, const std::string& key, const std::shared_ptr<Counts>& counts) {
  return wait(system, router.template ask<Which>(key, Counted(counts->tokens))).value_or(-1);
}

/// Runs `body(system, place)` in both places on every runtime.
template <typename Body>
void in_both_places(Body body, std::uint64_t seeds = 10) {
  on_every_runtime(
      [&](System& system) {
        for (const route::Place place : {route::in_caller, route::by_actor}) {
          SCOPED_TRACE(place == route::in_caller ? "in the caller" : "by an actor");
          body(system, place);
        }
      },
      seeds);
}

TEST(Router, TakesTurns) {
  in_both_places([](System& system, route::Place place) {
    const auto counts = std::make_shared<Counts>();
    {
      const auto workers = spawn_workers(system, counts, 3);
      const Router<Job> router(system, "router", place, workers);
      for (int i = 0; i < 30; ++i) EXPECT_GE(which(system, router, "", counts), 0);
      for (int i = 0; i < 3; ++i) EXPECT_EQ(counts->handled.at(i), 10);
      // The one that is gone leaves its turns to all others alike.
      EXPECT_TRUE(router.remove(workers[1]));
      EXPECT_FALSE(router.remove(workers[1]));
      for (int i = 0; i < 20; ++i) EXPECT_NE(which(system, router, "", counts), 1);
      EXPECT_EQ(counts->handled.at(0), 20);
      EXPECT_EQ(counts->handled.at(2), 20);
      EXPECT_TRUE(router.add(workers[1]));
      EXPECT_FALSE(router.add(workers[1]));
      EXPECT_EQ(router.size(), 3);
      stop_all(system, workers);
      EXPECT_EQ(router.size(), 0);
    }
    EXPECT_TRUE(eventually(system, [&] { return counts->tokens.living() == 0; }));
  });
}

TEST(Router, SkipsStoppedTargetsAndSaysWhenNoneIsLeft) {
  in_both_places([](System& system, route::Place place) {
    const auto counts = std::make_shared<Counts>();
    const auto workers = spawn_workers(system, counts, 3);
    const Router<Job> turns(system, "turns", place, workers);
    const Router least(system, "least", place, workers, route::least_loaded);
    const Router hashed(system, "hashed", place, workers, route::by_key(key_of_job));
    workers[0].stop();
    workers[2].stop();
    for (int i = 0; i < 5; ++i) {
      EXPECT_EQ(which(system, turns, "k" + std::to_string(i), counts), 1);
      EXPECT_EQ(which(system, least, "k" + std::to_string(i), counts), 1);
      EXPECT_EQ(which(system, hashed, "k" + std::to_string(i), counts), 1);
    }
    EXPECT_TRUE(wait(system, hashed.tell<Note>("x", Counted(counts->tokens))));
    EXPECT_TRUE(turns.try_tell(Note{"x", Counted(counts->tokens)}));
    ASSERT_TRUE(eventually(system, [&] { return counts->handled[1] == 17; }));
    workers[1].stop();
    const auto none = wait(system, turns.ask<Which>("x", Counted(counts->tokens)));
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error(), ErrorCode::actor_stopped);
    EXPECT_NE(none.error().message().find("turns"), std::string::npos);
    const auto late = wait(system, hashed.ask<Which>("x", Counted(counts->tokens)).within(std::chrono::seconds(1)));
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error(), ErrorCode::actor_stopped);
    const std::uint64_t before = system.dead_letters().count;
    if (place == route::in_caller) {
      EXPECT_EQ(least.try_tell(Note{"x", Counted(counts->tokens)}).error(), ErrorCode::actor_stopped);
      EXPECT_EQ(wait(system, least.tell<Note>("x", Counted(counts->tokens))).error(), ErrorCode::actor_stopped);
      EXPECT_EQ(system.dead_letters().count, before) << "whoever sent them was told";
    } else {
      EXPECT_TRUE(least.try_tell(Note{"x", Counted(counts->tokens)}));
      EXPECT_TRUE(eventually(system, [&] { return system.dead_letters().count == before + 1; }));
    }
    stop_all(system, workers);
    EXPECT_TRUE(eventually(system, [&] { return counts->tokens.living() == 0; }));
  });
}

TEST(Router, HashingMovesOnlyTheShareOfWhoComesAndGoes) {
  in_both_places(
      [](System& system, route::Place place) {
        const auto counts = std::make_shared<Counts>();
        const auto workers = spawn_workers(system, counts, 9);
        const std::vector<Address<Job>> first(workers.begin(), workers.end() - 1);
        const Router router(system, "router", place, first, route::by_key(key_of_job));
        constexpr int keys = 900;
        const auto map = [&] {
          std::vector<int> to;
          for (int i = 0; i < keys; ++i) to.push_back(which(system, router, "key" + std::to_string(i), counts));
          return to;
        };
        const auto before = map();
        EXPECT_EQ(map(), before) << "equal keys, equal targets";
        std::map<int, int> shares;
        for (const int to : before) ++shares[to];
        EXPECT_EQ(shares.size(), 8);
        for (const auto& [to, share] : shares) EXPECT_NEAR(share, keys / 8, keys / 16) << to;
        ASSERT_TRUE(router.add(workers[8]));
        const auto grown = map();
        int moved = 0;
        for (int i = 0; i < keys; ++i) {
          if (grown[i] == before[i]) continue;
          ++moved;
          EXPECT_EQ(grown[i], 8) << "only to the new one";
        }
        EXPECT_NEAR(moved, keys / 9, keys / 18);
        // One that stops leaves its share to the others, and moves nothing else.
        workers[3].stop();
        const auto shrunk = map();
        for (int i = 0; i < keys; ++i) {
          if (grown[i] == 3) {
            EXPECT_NE(shrunk[i], 3);
          } else {
            EXPECT_EQ(shrunk[i], grown[i]);
          }
        }
        stop_all(system, workers);
      },
      2);
}

TEST(Router, PassesOverWhoIsFullOrBusy) {
  in_both_places([](System& system, route::Place place) {
    const auto counts = std::make_shared<Counts>();
    const auto workers = spawn_workers(system, counts, 3, {.capacity = 2});
    const Router<Job> turns(system, "turns", place, workers);
    const Router least(system, "least", place, workers, route::least_loaded);
    const auto released = std::make_shared<std::atomic<bool>>(false);
    ASSERT_TRUE(wait(system, workers[1].tell(Job(std::variant<Which, Hold>(Hold{"", released})))));
    ASSERT_TRUE(eventually(system, [&] { return workers[1].depth() == 0 && counts->handled[1] == 1; }));
    // Busy, with room: least_loaded never chooses it while others are idle.
    for (int i = 0; i < 12; ++i) EXPECT_NE(which(system, least, "", counts), 1);
    ASSERT_TRUE(workers[1].try_tell(Note{"", Counted(counts->tokens)}));
    ASSERT_TRUE(workers[1].try_tell(Note{"", Counted(counts->tokens)}));
    // Full: nobody waits for it.
    for (int i = 0; i < 12; ++i) EXPECT_NE(which(system, turns, "", counts), 1);
    released->store(true);
    ASSERT_TRUE(eventually(system, [&] { return counts->handled[1] == 3; }));
    stop_all(system, workers);
    EXPECT_TRUE(eventually(system, [&] { return counts->tokens.living() == 0; }));
  });
}

TEST(Router, StatesWhatItDoesWhenAllAreFull) {
  in_both_places([](System& system, route::Place place) {
    const auto counts = std::make_shared<Counts>();
    const auto workers = spawn_workers(system, counts, 2, {.capacity = 1});
    const Router<Job> turns(system, "turns", place, workers, {}, {.capacity = 1});
    const Router hashed(system, "hashed", place, workers, route::by_key(key_of_job), {.capacity = 1});
    const auto released = std::make_shared<std::atomic<bool>>(false);
    for (int i = 0; i < 2; ++i) {
      ASSERT_TRUE(wait(system, workers[i].tell(Job(std::variant<Which, Hold>(Hold{"", released})))));
      ASSERT_TRUE(eventually(system, [&] { return counts->handled.at(i) == 1; }));
      ASSERT_TRUE(workers[i].try_tell(Note{"", Counted(counts->tokens)}));
    }
    const std::uint64_t letters = system.dead_letters().count;
    if (place == route::in_caller) {
      EXPECT_EQ(turns.try_tell(Note{"", Counted(counts->tokens)}).error(), ErrorCode::mailbox_full);
      EXPECT_EQ(hashed.try_tell(Note{"", Counted(counts->tokens)}).error(), ErrorCode::mailbox_full);
    } else {
      EXPECT_EQ(which(system, hashed, "", counts), -1) << "refused at once";
      EXPECT_TRUE(hashed.try_tell(Note{"", Counted(counts->tokens)}));
      EXPECT_TRUE(eventually(system, [&] { return system.dead_letters().count == letters + 1; }));
    }
    // A tell waits, and goes on when there is room.
    TaskGroup group(system);
    const auto sent = std::make_shared<std::atomic<int>>(0);
    for (int i = 0; i < 4; ++i) {
      group.spawn([](Router<Job> router, Counted token, std::shared_ptr<std::atomic<int>> done) -> Task<> {
        const Result<void> told = co_await router.tell<Note>("", std::move(token));
        if (told) ++*done;
      }(turns, Counted(counts->tokens), sent));
    }
    pass_time(system, std::chrono::milliseconds(1));
    EXPECT_LT(*sent, 4);
    released->store(true);
    ASSERT_TRUE(eventually(system, [&] { return *sent == 4 && counts->handled[0] + counts->handled[1] == 8; }));
    ASSERT_TRUE(wait(system, group.join()));
    EXPECT_EQ(counts->tokens.living(), 2) << "the workers themselves";
    stop_all(system, workers);
  });
}

TEST(Router, MayBeUsedByManyAtOnce) {
  on_real_threads([](System& system) {
    const auto counts = std::make_shared<Counts>();
    const auto workers = spawn_workers(system, counts, 4);
    const Router<Job> turns(system, "turns", route::in_caller, workers);
    TaskGroup group(system);
    const auto answered = std::make_shared<std::atomic<int>>(0);
    for (int i = 0; i < 8; ++i) {
      group.spawn(
          [](const Router<Job>& router, std::shared_ptr<Counts> all, std::shared_ptr<std::atomic<int>> done) -> Task<> {
            for (int k = 0; k < 500; ++k) {
              const Result<int> got = co_await router.ask<Which>("", Counted(all->tokens));
              if (got) ++*done;
            }
          }(turns, counts, answered));
    }
    for (int round = 0; round < 50; ++round) {
      turns.remove(workers[0]);
      turns.add(workers[0]);
      const Address<Job> more = system.spawn("more", worker, {}, counts, 5 + round % 8);
      turns.add(more);
      pass_time(system, std::chrono::microseconds(100));
      turns.remove(more);
    }
    ASSERT_TRUE(wait(system, group.join()));
    EXPECT_EQ(*answered, 8 * 500);
  });
}

TEST(Router, ItsActorIsAChildWhereItIsMadeAndEndsWithTheLastCopy) {
  on_every_runtime([](System& system) {
    const auto counts = std::make_shared<Counts>();
    const auto workers = spawn_workers(system, counts, 1);
    Address<Job> door;
    {
      const Router<Job> router(system, "door", route::by_actor, workers);
      const Router<Job> copy = router;  // NOLINT(performance-unnecessary-copy-initialization)
      door = copy.address();
      EXPECT_EQ(door.path(), "/door");
    }
    EXPECT_TRUE(eventually(system, [&] { return door.stopped(); }));
    struct Path {
      Reply<std::string> reply;
    };
    const auto parent = system.spawn("parent", [workers](Mailbox<Path>& inbox) -> Task<> {
      const Router<Job> router("door", route::by_actor, workers);
      while (auto path = co_await inbox.receive()) path->reply(router.address().path());
    });
    EXPECT_EQ(wait(system, parent.ask<Path>()).value_or(""), "/parent/door");
  });
}

}  // namespace
}  // namespace understudy::test
