// Attacks: pools that do not grow under load or shrink after it, lose, repeat or refuse a message while they do, keep
// frames of workers that sleep, or come back wrongly from a worker's failure, a stop or a shutdown.
#include "understudy/actor/pool.hpp"

#include "support/counted.hpp"
#include "support/runtimes.hpp"
#include "understudy/supervision/supervisor.hpp"

#include <stdexcept>

#include <gtest/gtest.h>

namespace understudy::test {
namespace {

struct Work {
  std::uint64_t number;
  Duration takes;
  Counted token;
  Reply<std::uint64_t> reply;
};
struct Tally {
  explicit Tally(std::size_t works) : started(works) {}
  Census tokens;
  Census lives;
  std::vector<std::atomic<int>> started;
};

Task<> worker(Mailbox<Work>& inbox, std::shared_ptr<Tally> tally) {
  const Counted life(tally->lives);
  while (auto work = co_await inbox.receive()) {
    ++tally->started[work->number];
    if (work->takes > Duration{0}) co_await sleep(work->takes);
    if (work->takes < Duration{0}) throw std::runtime_error("told to");
    work->reply(work->number);
  }
}

Task<> asker(Pool<Work> pool, std::shared_ptr<Tally> tally, std::uint64_t first, std::uint64_t count, Duration takes,
             std::shared_ptr<std::atomic<std::uint64_t>> answered) {
  for (std::uint64_t i = first; i < first + count; ++i) {
    const Result<std::uint64_t> got = co_await pool.ask<Work>(i, takes, Counted(tally->tokens));
    if (got && *got == i) ++*answered;
  }
}

constexpr PoolOptions small{.min = 1, .max = 4, .grow_at = 2, .idle_after = std::chrono::milliseconds(2)};

TEST(Pool, GrowsUnderLoadAndShrinksAfterIt) {
  on_every_runtime([](System& system) {
    const auto tally = std::make_shared<Tally>(400);
    const auto answered = std::make_shared<std::atomic<std::uint64_t>>(0);
    {
      const Pool pool(system, "pool", worker, small, tally);
      EXPECT_EQ(pool.statistics().awake, 0) << "nothing runs before the first message";
      for (int wave = 0; wave < 2; ++wave) {
        TaskGroup group(system);
        for (std::uint64_t i = 0; i < 20; ++i) {
          group.spawn(asker(pool, tally, static_cast<std::uint64_t>(wave) * 200 + i * 10, 10,
                            std::chrono::microseconds(200), answered));
        }
        ASSERT_TRUE(eventually(system, [&] { return pool.statistics().active == 4; }));
        ASSERT_TRUE(wait(system, group.join()));
        ASSERT_TRUE(eventually(system, [&] { return pool.statistics().active == 1 && pool.statistics().awake <= 1; }));
        EXPECT_LE(tally->lives.living(), 1) << "workers that sleep hold no frame";
      }
      EXPECT_EQ(*answered, 400);
      const PoolStatistics statistics = pool.statistics();
      EXPECT_EQ(statistics.handled, 400);
      EXPECT_EQ(statistics.grown, statistics.shrunk);
      EXPECT_GE(statistics.grown, 6);
      EXPECT_EQ(statistics.waiting, 0);
    }
    EXPECT_TRUE(eventually(system, [&] { return tally->lives.living() == 0; })) << "ends with its last copy";
    for (const auto& times : tally->started) EXPECT_EQ(times, 1);
    EXPECT_EQ(tally->tokens.living(), 0);
  });
}

// Load that comes and goes in the very rhythm of the sweeps.
Task<> unsteady(Pool<Work> pool, std::shared_ptr<Tally> tally, std::uint64_t first, std::uint64_t count,
                std::uint64_t seed, std::shared_ptr<std::atomic<std::uint64_t>> answered) {
  SeededRandom random(seed);
  for (std::uint64_t i = first; i < first + count; ++i) {
    const Duration takes(random.below(60'000));
    const Result<std::uint64_t> got = co_await pool.ask<Work>(i, takes, Counted(tally->tokens));
    if (got && *got == i) ++*answered;
    if (random.chance(40)) co_await sleep(Duration(random.below(600'000)));
  }
}

TEST(Pool, LosesNothingHoweverOftenItGrowsAndShrinks) {
  std::uint64_t shrunk = 0;
  on_every_runtime(
      [&](System& system) {
        constexpr std::uint64_t askers = 8;
        constexpr std::uint64_t each = 40;
        const auto tally = std::make_shared<Tally>(askers * each);
        const auto answered = std::make_shared<std::atomic<std::uint64_t>>(0);
        const Pool pool(system, "pool", worker,
                        {.min = 1, .max = 6, .grow_at = 1, .idle_after = std::chrono::microseconds(100)}, tally);
        TaskGroup group(system);
        for (std::uint64_t i = 0; i < askers; ++i) {
          group.spawn(unsteady(pool, tally, i * each, each, system.random_number(), answered));
        }
        ASSERT_TRUE(wait(system, group.join()));
        EXPECT_EQ(*answered, askers * each);
        for (const auto& times : tally->started) EXPECT_EQ(times, 1);
        EXPECT_EQ(tally->tokens.living(), 0);
        shrunk += pool.statistics().shrunk;
      },
      100);
  EXPECT_GT(shrunk, 1000) << "else this has tried little";
}

TEST(Pool, AWorkersFailureIsItsOwnUntilItIsTooMuch) {
  on_every_runtime([](System& system) {
    const Supervisor supervisor(system, {.intensity = {.restarts = 3, .within = std::chrono::hours(1)},
                                         .backoff = {.next = std::chrono::microseconds(10)}});
    const auto tally = std::make_shared<Tally>(8);
    const Pool pool(system, "pool", worker, {.min = 1, .max = 2}, tally);
    for (std::uint64_t i = 0; i < 3; ++i) {
      EXPECT_EQ(wait(system, pool.ask<Work>(i, Duration(-1), Counted(tally->tokens))).error(),
                ErrorCode::actor_crashed);
    }
    EXPECT_EQ(wait(system, pool.ask<Work>(std::uint64_t{3}, Duration(0), Counted(tally->tokens))).value_or(0), 3);
    EXPECT_FALSE(wait(system, pool.ask<Work>(std::uint64_t{4}, Duration(-1), Counted(tally->tokens))));
    EXPECT_TRUE(eventually(system, [&] { return pool.stopped(); }));
    EXPECT_EQ(wait(system, pool.ask<Work>(std::uint64_t{5}, Duration(0), Counted(tally->tokens))).error(),
              ErrorCode::actor_stopped);
    EXPECT_EQ(tally->lives.living(), 0);
    EXPECT_EQ(tally->tokens.living(), 0);
  });
}

TEST(Pool, StopsAfterWhatWaits) {
  on_every_runtime([](System& system) {
    const auto tally = std::make_shared<Tally>(20);
    const auto answered = std::make_shared<std::atomic<std::uint64_t>>(0);
    const Pool pool(system, "pool", worker, small, tally);
    TaskGroup group(system);
    for (std::uint64_t i = 0; i < 20; ++i) {
      group.spawn(asker(pool, tally, i, 1, std::chrono::microseconds(50), answered));
    }
    ASSERT_TRUE(eventually(system, [&] { return pool.statistics().handled + pool.statistics().waiting == 20; }));
    pool.stop();
    ASSERT_TRUE(wait(system, group.join()));
    EXPECT_EQ(*answered, 20);
    EXPECT_TRUE(eventually(system, [&] { return pool.stopped(); }));
    EXPECT_EQ(pool.try_tell(Work{0, Duration(0), Counted(tally->tokens), {}}).error(), ErrorCode::actor_stopped);
    EXPECT_EQ(tally->lives.living(), 0);
  });
}

TEST(Pool, IsAChildWhereItIsMade) {
  on_every_runtime([](System& system) {
    const Supervisor supervisor(system);
    const auto tally = std::make_shared<Tally>(10);
    struct Run {
      Reply<std::uint64_t> reply;
    };
    const auto parent = system.spawn("parent", [tally](Mailbox<Run>& inbox) -> Task<> {
      const Pool pool("pool", worker, small, tally);
      while (auto run = co_await inbox.receive()) {
        const Result<std::uint64_t> got =
            co_await pool.ask<Work>(std::uint64_t{7}, Duration(0), Counted(tally->tokens));
        run->reply.complete(got);
      }
    });
    for (int i = 0; i < 3; ++i) {
      EXPECT_EQ(wait(system, parent.ask<Run>()).value_or(0), 7);
      ASSERT_TRUE(parent.reset());
    }
    EXPECT_EQ(wait(system, parent.ask<Run>()).value_or(0), 7);
    EXPECT_EQ(tally->lives.living(), 1) << "the workers of earlier lives are gone";
  });
}

TEST(Pool, AFunctionThatNeverReceivesFailsInsteadOfSpinning) {
  on_every_runtime([](System& system) {
    const Pool pool(system, "pool", [](Mailbox<Work>& inbox) -> Task<> {
      static_cast<void>(inbox);
      co_return;
    });
    const Census tokens;
    EXPECT_EQ(wait(system, pool.ask<Work>(std::uint64_t{7}, Duration(0), Counted(tokens))).error(),
              ErrorCode::actor_stopped);
    EXPECT_EQ(tokens.living(), 0);
  });
}

TEST(Pool, AShutdownAtAnyMomentEndsItWhole) {
  std::uint64_t handled = 0;
  for_each_seed(300, [&](SimulatedSystem& simulation) {
    System& system = simulation.system();
    const auto tally = std::make_shared<Tally>(60);
    const auto answered = std::make_shared<std::atomic<std::uint64_t>>(0);
    SeededRandom random(simulation.seed());
    {
      const Pool pool(system, "pool", worker, small, tally);
      TaskGroup group(system);
      for (std::uint64_t i = 0; i < 6; ++i) group.spawn(unsteady(pool, tally, i * 10, 10, random.next(), answered));
      simulation.run_for(Duration(random.below(4'000'000)));
      system.shutdown(std::chrono::seconds(random.below(2)));
      handled += pool.statistics().handled;
    }
    EXPECT_EQ(tally->lives.living(), 0);
    EXPECT_EQ(tally->tokens.living(), 0);
    for (const auto& times : tally->started) EXPECT_LE(times, 1);
  });
  EXPECT_GT(handled, 3000) << "most had begun";
}

}  // namespace
}  // namespace understudy::test
