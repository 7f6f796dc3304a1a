// Attacks: a race that waits for the slow, lets a failure win, leaves asks behind, forgets who failed, or hangs when
// its targets stop, crash or drop the request; in both places, and destroyed at any moment.
#include "understudy/actor/first_answer.hpp"

#include "support/counted.hpp"
#include "support/runtimes.hpp"

#include <gtest/gtest.h>

namespace understudy::test {
namespace {

enum class Manner : std::uint8_t { answer, late, fail, crash, drop, hold };

struct Fetch {
  std::string what;
  Counted token;
  Reply<std::string> reply;
};
struct Seen {
  Census tokens;
  std::atomic<int> started{0};
  std::atomic<int> given_up{0};
};

Task<> replica(Mailbox<Fetch>& inbox, std::shared_ptr<Seen> seen, Manner manner, std::string name) {
  while (auto fetch = co_await inbox.receive()) {
    ++seen->started;
    switch (manner) {
      case Manner::late:
        co_await sleep(std::chrono::milliseconds(2));
        [[fallthrough]];
      case Manner::answer:
        fetch->reply(name + ":" + fetch->what);
        break;
      case Manner::fail:
        fetch->reply.fail({ErrorCode::storage_failed, "no disk at " + name});
        break;
      case Manner::crash:
        throw std::runtime_error("crash");
      case Manner::drop:
        break;
      case Manner::hold:
        while (!fetch->reply.is_given_up()) co_await sleep(std::chrono::microseconds(100));
        ++seen->given_up;
        break;
    }
  }
}

std::vector<Address<Fetch>> spawn_replicas(System& system, const std::shared_ptr<Seen>& seen,
                                           std::initializer_list<Manner> manners) {
  std::vector<Address<Fetch>> replicas;
  for (const Manner manner : manners) {
    const std::string name = "r" + std::to_string(replicas.size());
    replicas.push_back(system.spawn(name, replica, {}, seen, manner, name));
  }
  return replicas;
}

template <typename Body>
void in_both_places(Body body, std::uint64_t seeds = 20) {
  on_every_runtime(
      [&](System& system) {
        for (const route::Place place : {route::in_caller, route::by_actor}) body(system, place);
      },
      seeds);
}

TEST(FirstAnswer, TheFirstSuccessWinsAndTheOthersAreCancelled) {
  in_both_places([](System& system, route::Place place) {
    const auto seen = std::make_shared<Seen>();
    const auto replicas =
        spawn_replicas(system, seen, {Manner::hold, Manner::fail, Manner::late, Manner::crash, Manner::drop});
    const FirstAnswer<Fetch> mirrors(system, "mirrors", place, replicas);
    const auto page = wait(system, mirrors.ask<Fetch>("index", Counted(seen->tokens)));
    ASSERT_TRUE(page) << page.error().message();
    EXPECT_EQ(*page, "r2:index");
    EXPECT_TRUE(eventually(system, [&] { return seen->given_up == 1; })) << "work that nobody wants is seen as such";
    EXPECT_TRUE(eventually(system, [&] { return seen->tokens.living() == 0; }));
  });
}

TEST(FirstAnswer, SaysThatAllHaveFailedAndWhy) {
  in_both_places([](System& system, route::Place place) {
    const auto seen = std::make_shared<Seen>();
    const auto replicas = spawn_replicas(system, seen, {Manner::fail, Manner::hold, Manner::fail});
    const FirstAnswer<Fetch> mirrors(system, "mirrors", place, replicas);
    const auto page =
        wait(system, mirrors.ask<Fetch>("index", Counted(seen->tokens)).within(std::chrono::milliseconds(5)));
    ASSERT_FALSE(page);
    EXPECT_EQ(page.error(), ErrorCode::timeout) << "the last one's";
    for (const char* part : {"mirrors", "/r0: no disk at r0", "/r1: ", "/r2: no disk at r2"}) {
      EXPECT_NE(page.error().message().find(part), std::string::npos) << page.error().message();
    }
    for (const auto& each : replicas) each.stop();
    const auto none = wait(system, mirrors.ask<Fetch>("index", Counted(seen->tokens)));
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error(), ErrorCode::actor_stopped);
    EXPECT_TRUE(eventually(system, [&] { return seen->tokens.living() == 0; }));
  });
}

TEST(FirstAnswer, ManyRacesRunBesideOneAnother) {
  in_both_places(
      [](System& system, route::Place place) {
        const auto seen = std::make_shared<Seen>();
        const auto replicas = spawn_replicas(system, seen, {Manner::answer, Manner::late, Manner::answer});
        const FirstAnswer<Fetch> mirrors(system, "mirrors", place, replicas, {.capacity = 4});
        const auto answered = std::make_shared<std::atomic<int>>(0);
        TaskGroup group(system);
        for (int i = 0; i < 20; ++i) {
          group.spawn([](FirstAnswer<Fetch> all, Counted token, std::shared_ptr<std::atomic<int>> done) -> Task<> {
            const Result<std::string> got = co_await all.ask<Fetch>("x", std::move(token));
            if (got) ++*done;
          }(mirrors, Counted(seen->tokens), answered));
        }
        ASSERT_TRUE(wait(system, group.join()));
        EXPECT_EQ(*answered, 20);
        EXPECT_TRUE(eventually(system, [&] { return seen->tokens.living() == 0; }));
      },
      10);
}

TEST(FirstAnswer, MayBeDestroyedAtAnyMoment) {
  int started = 0;
  for_each_seed(200, [&](SimulatedSystem& simulation) {
    System& system = simulation.system();
    const auto seen = std::make_shared<Seen>();
    SeededRandom random(simulation.seed());
    {
      const auto replicas = spawn_replicas(system, seen, {Manner::late, Manner::hold, Manner::fail});
      const auto place = random.chance(50) ? route::in_caller : route::by_actor;
      const FirstAnswer<Fetch> mirrors(system, "mirrors", place, replicas);
      TaskGroup group(system);
      for (int i = 0; i < 4; ++i) {
        group.spawn([](FirstAnswer<Fetch> all, Counted token) -> Task<> {
          static_cast<void>(co_await all.ask<Fetch>("x", std::move(token)).within(std::chrono::milliseconds(3)));
        }(mirrors, Counted(seen->tokens)));
      }
      simulation.run_for(Duration(random.below(3'000'000)));
      group.cancel();
      ASSERT_TRUE(wait(system, group.join()));
      for (const auto& each : replicas) each.stop();
    }
    EXPECT_TRUE(eventually(system, [&] { return seen->tokens.living() == 0; }));
    started += seen->started;
  });
  EXPECT_GT(started, 500) << "most races had begun";
}

}  // namespace
}  // namespace understudy::test
