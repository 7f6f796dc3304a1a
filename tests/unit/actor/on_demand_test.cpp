// Attacks: two lives of one key at once, messages lost, repeated or turned round between two lives, more awake than
// allowed, newcomers that starve, actors that are forgotten while somebody can reach them, or never.
#include "understudy/actor/on_demand.hpp"

#include "support/counted.hpp"
#include "support/runtimes.hpp"
#include "understudy/supervision/supervisor.hpp"

#include <array>
#include <optional>

#include <gtest/gtest.h>

namespace understudy::test {
namespace {

constexpr std::size_t keys_max = 64;

/// What the actors see of one another. `saved` is their state on a disk that never fails.
struct World {
  Census lives;
  Census tokens;
  std::array<std::atomic<int>, keys_max> awake{};
  std::array<std::atomic<std::uint64_t>, keys_max> saved{};
  std::atomic<int> awake_now{0};
  std::atomic<int> awake_most{0};
  std::atomic<std::uint64_t> lives_begun{0};
  std::atomic<bool> two_at_once{false};
};

/// One life: counted per key.
class Waking {
 public:
  Waking(World& world, std::size_t key) : world_(world), key_(key) {
    ++world_.lives_begun;
    if (++world_.awake.at(key_) > 1) world_.two_at_once = true;
    const int now = ++world_.awake_now;
    int most = world_.awake_most;
    while (now > most && !world_.awake_most.compare_exchange_weak(most, now)) {
    }
  }
  Waking(const Waking&) = delete;
  Waking& operator=(const Waking&) = delete;
  ~Waking() {
    --world_.awake.at(key_);
    --world_.awake_now;
  }

 private:
  World& world_;
  std::size_t key_;
};

struct Add {
  std::uint64_t value;
  Counted token;
  Reply<std::uint64_t> reply;
};
struct Crash {};
struct Busy {
  std::shared_ptr<std::atomic<bool>> released;
};
struct Leave {};
using Request = std::variant<Add, Crash, Busy, Leave>;

Task<> account(Mailbox<Request>& inbox, int key, std::shared_ptr<World> world) {
  const Counted life(world->lives);
  const auto index = static_cast<std::size_t>(key);
  const Waking waking(*world, index);
  co_await yield();  // As if it loaded.
  std::uint64_t total = world->saved.at(index);
  while (auto request = co_await inbox.receive()) {
    if (auto* add = std::get_if<Add>(&*request)) {
      total += add->value;
      world->saved.at(index) = total;
      add->reply(total);
    } else if (std::get_if<Crash>(&*request)) {
      throw std::runtime_error("told to");
    } else if (auto* busy = std::get_if<Busy>(&*request)) {
      while (!busy->released->load()) co_await sleep(std::chrono::microseconds(50));
    } else {
      co_return;
    }
  }
  co_await yield();  // As if it saved: messages that come now are the next life's.
}

using Accounts = OnDemand<int, Request>;

TEST(OnDemand, IsCreatedOnceHoweverManyAskAtTheSameTime) {
  on_every_runtime([](System& system) {
    const auto world = std::make_shared<World>();
    const Accounts accounts(system, "accounts", account, {}, world);
    TaskGroup group(system);
    const auto answered = std::make_shared<std::atomic<int>>(0);
    for (int i = 0; i < 40; ++i) {
      group.spawn([](Accounts all, int key, Counted token, std::shared_ptr<std::atomic<int>> done) -> Task<> {
        const Result<std::uint64_t> total = co_await all.at(key).ask<Add>(std::uint64_t{1}, std::move(token));
        if (total) ++*done;
      }(accounts, i % 4, Counted(world->tokens), answered));
    }
    ASSERT_TRUE(wait(system, group.join()));
    EXPECT_EQ(*answered, 40);
    EXPECT_EQ(world->lives_begun, 4);
    EXPECT_EQ(accounts.statistics().known, 4);
    EXPECT_EQ(accounts.at(3).path(), "/accounts/3");
    for (std::size_t key = 0; key < 4; ++key) EXPECT_EQ(world->saved.at(key), 10);
    EXPECT_FALSE(world->two_at_once);
  });
}

TEST(OnDemand, SleepsWhenIdleAndIsForgottenWhenNobodyHoldsIt) {
  on_every_runtime([](System& system) {
    const auto world = std::make_shared<World>();
    const Accounts accounts(system, "accounts", account, {.idle_after = std::chrono::milliseconds(2)}, world);
    const Address<Request> held = accounts.at(1);
    for (int round = 0; round < 3; ++round) {
      EXPECT_EQ(wait(system, accounts.at(0).ask<Add>(std::uint64_t{1}, Counted(world->tokens))).value_or(0), round + 1)
          << "its state outlives its sleep";
      EXPECT_EQ(wait(system, held.ask<Add>(std::uint64_t{1}, Counted(world->tokens))).value_or(0), round + 1);
      ASSERT_TRUE(eventually(system, [&] { return world->lives.living() == 0; })) << "asleep without a frame";
      ASSERT_TRUE(eventually(system, [&] { return accounts.statistics().known == 1; }));
    }
    EXPECT_EQ(held, accounts.at(1)) << "what is held is not forgotten";
    EXPECT_FALSE(held.stopped());
    EXPECT_EQ(accounts.statistics().forgotten, 3);
    EXPECT_EQ(accounts.statistics().put_to_sleep, 6);
    EXPECT_EQ(world->lives_begun, 6);
    // One that was never sent anything is forgotten as well, and has never run.
    static_cast<void>(accounts.at(2));
    EXPECT_TRUE(eventually(system, [&] { return accounts.statistics().forgotten == 4; }));
    EXPECT_EQ(world->lives_begun, 6);
  });
}

/// Adds one after the other, and leaves gaps as long as the actors' patience.
Task<> customer(Accounts accounts, std::shared_ptr<World> world, std::uint64_t seed, int keys, int count,
                Duration gap_max, std::shared_ptr<std::atomic<int>> answered) {
  SeededRandom random(seed);
  std::optional<Address<Request>> kept;
  for (int i = 0; i < count; ++i) {
    const Address<Request> actor = kept && random.chance(50)
                                       ? *kept
                                       : accounts.at(static_cast<int>(random.below(static_cast<std::uint64_t>(keys))));
    if (random.chance(30)) kept = actor;
    if (random.chance(10)) {
      const Result<void> told = co_await actor.tell<Leave>();
      if (!told) co_return;
    }
    const Result<std::uint64_t> total = co_await actor.ask<Add>(std::uint64_t{1}, Counted(world->tokens));
    if (!total) co_return;
    ++*answered;
    if (random.chance(60)) co_await sleep(Duration(random.below(static_cast<std::uint64_t>(gap_max.count()))));
  }
}

TEST(OnDemand, AMessageThatRacesWithFallingAsleepReachesTheNextLife) {
  std::uint64_t slept = 0;
  on_every_runtime(
      [&](System& system) {
        constexpr int customers = 6;
        constexpr int each = 60;
        constexpr int keys = 3;
        const auto world = std::make_shared<World>();
        {
          const Accounts accounts(system, "accounts", account, {.idle_after = std::chrono::microseconds(100)}, world);
          const auto answered = std::make_shared<std::atomic<int>>(0);
          TaskGroup group(system);
          for (int i = 0; i < customers; ++i) {
            group.spawn(customer(accounts, world, system.random_number(), keys, each, std::chrono::microseconds(500),
                                 answered));
          }
          ASSERT_TRUE(wait(system, group.join()));
          EXPECT_EQ(*answered, customers * each) << "each was handled";
          std::uint64_t sum = 0;
          for (const auto& total : world->saved) sum += total;
          EXPECT_EQ(sum, customers * each) << "once";
          EXPECT_FALSE(world->two_at_once);
          slept += accounts.statistics().put_to_sleep;
        }
        EXPECT_TRUE(eventually(system, [&] { return world->lives.living() == 0; }));
        EXPECT_EQ(world->tokens.living(), 0);
      },
      200);
  EXPECT_GT(slept, 5000) << "else this has tried little";
}

TEST(OnDemand, NoMoreAreAwakeThanAllowedAndNobodyStarves) {
  std::uint64_t made_room = 0;
  on_every_runtime(
      [&](System& system) {
        const auto world = std::make_shared<World>();
        const Accounts accounts(system, "accounts", account, {.idle_after = std::chrono::hours(1), .awake_max = 3},
                                world);
        const auto answered = std::make_shared<std::atomic<int>>(0);
        const TimePoint before = system.clock().now();
        TaskGroup group(system);
        for (int i = 0; i < 5; ++i) {
          group.spawn(
              customer(accounts, world, system.random_number(), 40, 30, std::chrono::microseconds(100), answered));
        }
        ASSERT_TRUE(wait(system, group.join()));
        EXPECT_EQ(*answered, 5 * 30);
        EXPECT_LT(system.clock().now() - before, std::chrono::minutes(2)) << "one waited for a sweep of the idle";
        EXPECT_LE(world->awake_most, 3);
        EXPECT_FALSE(world->two_at_once);
        EXPECT_EQ(accounts.statistics().awake, 3);
        made_room += accounts.statistics().made_room;
      },
      50);
  EXPECT_GT(made_room, 1000);
}

TEST(OnDemand, ANewcomerWaitsWhileNobodyIsIdle) {
  on_every_runtime([](System& system) {
    const Supervisor supervisor(system, {.cutoff = std::chrono::milliseconds(10)});
    const auto world = std::make_shared<World>();
    const Accounts accounts(
        system, "accounts", account,
        {.idle_after = std::chrono::hours(1), .awake_max = 2, .actor = {.cutoff = std::chrono::hours(1)}}, world);
    const auto released = std::make_shared<std::atomic<bool>>(false);
    for (int key = 0; key < 2; ++key) ASSERT_TRUE(wait(system, accounts.at(key).tell(Request(Busy{released}))));
    ASSERT_TRUE(eventually(system, [&] { return world->awake_now == 2; }));
    EXPECT_EQ(
        wait(system,
             accounts.at(2).ask<Add>(std::uint64_t{1}, Counted(world->tokens)).within(std::chrono::milliseconds(30)))
            .error(),
        ErrorCode::timeout);
    EXPECT_EQ(accounts.statistics().waiting, 1);
    EXPECT_EQ(supervisor.incident_count(), 0) << "to wait for a place is no fault";
    EXPECT_EQ(world->awake_most, 2);
    released->store(true);
    EXPECT_EQ(wait(system, accounts.at(2).ask<Add>(std::uint64_t{1}, Counted(world->tokens))).value_or(0), 1);
    EXPECT_EQ(accounts.statistics().waiting, 0);
    EXPECT_EQ(world->awake_most, 2);
  });
}

TEST(OnDemand, ACrashIsARestartAndTooManyAreTheEndOfOneKeyAlone) {
  on_every_runtime([](System& system) {
    const Supervisor supervisor(system, {.intensity = {.restarts = 2, .within = std::chrono::hours(1)},
                                         .backoff = {.next = std::chrono::microseconds(10)}});
    const auto world = std::make_shared<World>();
    const Accounts accounts(system, "accounts", account, {}, world);
    const Address<Request> first = accounts.at(0);
    for (int i = 0; i < 2; ++i) {
      ASSERT_TRUE(wait(system, first.tell<Crash>()));
      EXPECT_TRUE(wait(system, first.ask<Add>(std::uint64_t{1}, Counted(world->tokens))));
    }
    EXPECT_EQ(wait(system, accounts.at(1).ask<Add>(std::uint64_t{1}, Counted(world->tokens))).value_or(0), 1);
    ASSERT_TRUE(wait(system, first.tell<Crash>()));
    ASSERT_TRUE(eventually(system, [&] { return first.stopped(); }));
    EXPECT_EQ(wait(system, first.ask<Add>(std::uint64_t{1}, Counted(world->tokens))).error(), ErrorCode::actor_stopped);
    EXPECT_EQ(wait(system, accounts.at(0).ask<Add>(std::uint64_t{1}, Counted(world->tokens))).value_or(0), 3)
        << "a new actor of the same key";
    EXPECT_EQ(wait(system, accounts.at(1).ask<Add>(std::uint64_t{1}, Counted(world->tokens))).value_or(0), 2);
    EXPECT_FALSE(world->two_at_once);
  });
}

TEST(OnDemand, AnyMomentMayBringAResetAStopOrTheEnd) {
  std::uint64_t lives = 0;
  for_each_seed(400, [&](SimulatedSystem& simulation) {
    System& system = simulation.system();
    SeededRandom random(simulation.seed());
    const auto world = std::make_shared<World>();
    {
      const Supervisor supervisor(system, {.backoff = {.next = std::chrono::microseconds(10)}});
      const Accounts accounts(system, "accounts", account,
                              {.idle_after = std::chrono::microseconds(100),
                               .awake_max = static_cast<std::uint32_t>(1 + random.below(3)),
                               .actor = {.capacity = 2}},
                              world);
      const auto answered = std::make_shared<std::atomic<int>>(0);
      TaskGroup group(system);
      for (int i = 0; i < 4; ++i) {
        group.spawn(customer(accounts, world, random.next(), 5, 20, std::chrono::microseconds(300), answered));
      }
      for (int blow = 0; blow < 8; ++blow) {
        simulation.run_for(Duration(random.below(400'000)));
        const Address<Request> victim = accounts.at(static_cast<int>(random.below(5)));
        if (random.chance(60)) {
          static_cast<void>(victim.reset());
        } else if (random.chance(50)) {
          victim.stop();
        } else if (random.chance(20)) {
          group.cancel();
        }
      }
      if (random.chance(50)) {
        ASSERT_TRUE(wait(system, group.join()));
      } else {
        system.shutdown(std::chrono::seconds(1));
      }
    }
    EXPECT_TRUE(eventually(system, [&] { return world->lives.living() == 0; }));
    EXPECT_EQ(world->tokens.living(), 0);
    EXPECT_FALSE(world->two_at_once);
    EXPECT_LE(world->awake_most, 3);
    lives += world->lives_begun;
  });
  EXPECT_GT(lives, 4000);
}

}  // namespace
}  // namespace understudy::test
