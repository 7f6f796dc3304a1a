// Attacks: no task outlives its scope, whether that ends by a return, an exception of a task or of the body, a cancel,
// or the death of the caller at any moment, in any depth; and the tasks use the caller's frame all the while.
#include "understudy/runtime/scope.hpp"

#include "support/counted.hpp"
#include "support/runtimes.hpp"

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace understudy::test {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;

Task<> add_after(Duration delay, std::atomic<int>& sum, int value) {
  co_await sleep(delay);
  sum += value;
}
Task<> throw_after(Duration delay, std::string what) {
  co_await sleep(delay);
  throw std::runtime_error(what);
}
/// Lives for ever, and counts in `alive` that it does.
Task<> linger(std::atomic<int>& alive) {
  struct Mark {
    explicit Mark(std::atomic<int>& all) : count(all) { ++count; }
    Mark(const Mark&) = delete;
    Mark& operator=(const Mark&) = delete;
    ~Mark() { --count; }
    std::atomic<int>& count;
  };
  const Mark mark(alive);
  for (;;) co_await sleep(microseconds(3));
}

TEST(Scope, WaitsForItsTasksAndGivesWhatItsBodyGave) {
  on_every_runtime([](System& system) {
    const auto run = []() -> Task<int> {
      std::atomic<int> sum = 0;
      auto body = [&sum](Scope& scope) -> Task<std::string> {
        for (int i = 1; i <= 10; ++i) scope.spawn(add_after(Duration(i * 100), sum, i));
        co_await yield();
        co_return std::string("a result that does not fit into a short string");
      };
      const std::string text = co_await scope(std::move(body));
      EXPECT_EQ(text.size(), 46U);
      auto none = [](Scope& /*scope*/) -> Task<> { co_return; };
      co_await scope(std::move(none));
      co_return sum.load();
    };
    EXPECT_EQ(wait(system, run()), 55);
  });
}

TEST(Scope, TheFirstFailureCancelsTheOthersAndIsThrown) {
  on_every_runtime([](System& system) {
    const auto run = [](bool in_body, bool joined) -> Task<std::string> {
      std::atomic<int> alive = 0;
      std::string caught;
      auto body = [&alive, in_body, joined](Scope& tasks) -> Task<> {
        for (int i = 0; i < 5; ++i) tasks.spawn(linger(alive));
        if (!in_body) tasks.spawn(throw_after(microseconds(20), "first"));
        co_await sleep(microseconds(50));
        if (in_body) throw std::runtime_error("first");
        if (joined) co_await tasks.join();
        while (!tasks.failed()) co_await sleep(microseconds(1));
        tasks.spawn(linger(alive));
        throw std::logic_error("a consequence");
      };
      try {
        co_await scope(std::move(body));
      } catch (const std::runtime_error& error) {
        caught = error.what();
        EXPECT_EQ(alive.load(), 0) << "all had ended before";
      }
      co_return caught;
    };
    for (const bool in_body : {false, true}) {
      for (const bool joined : {false, true}) EXPECT_EQ(wait(system, run(in_body, joined)), "first");
    }
  });
}

TEST(Scope, AHandleStopsOneTaskAndAllBelowIt) {
  on_every_runtime([](System& system) {
    const auto tree = [](std::atomic<int>& alive) -> Task<> {
      auto inner = [&alive](Scope& scope) -> Task<> {
        for (int i = 0; i < 3; ++i) scope.spawn(linger(alive));
        co_await linger(alive);
      };
      co_await scope(std::move(inner));
    };
    const auto run = [&tree](std::uint64_t pause_ns) -> Task<> {
      std::atomic<int> alive = 0;
      auto body = [&](Scope& scope) -> Task<> {
        TaskHandle first = scope.spawn_with_handle(tree(alive));
        TaskHandle second = scope.spawn_with_handle(tree(alive));
        EXPECT_FALSE(first.ended());
        co_await sleep(Duration(pause_ns));
        first.cancel();
        while (!first.ended()) co_await sleep(microseconds(1));
        first.cancel();
        EXPECT_FALSE(second.ended());
        EXPECT_LE(alive.load(), 4);
        EXPECT_EQ(scope.size(), 1U);
        second = TaskHandle();
        co_await sleep(Duration(pause_ns));
        EXPECT_EQ(scope.size(), 1U) << "a handle that is let go of stops nothing";
        scope.cancel();
      };
      co_await scope(std::move(body));
      EXPECT_EQ(alive.load(), 0);
    };
    EXPECT_TRUE(TaskHandle().ended());
    ASSERT_TRUE(wait(system, run(system.random_number() % 30'000)));
  });
}

TEST(Scope, AHandleOutlivesItsTaskAndItsGroup) {
  on_every_runtime([](System& system) {
    std::atomic<int> sum = 0;
    TaskHandle handle;
    {
      TaskGroup group(system);
      handle = group.spawn_with_handle(add_after(Duration(10), sum, 1));
      ASSERT_TRUE(wait(system, group.join()));
      EXPECT_TRUE(handle.ended());
    }
    handle.cancel();
    EXPECT_TRUE(handle.ended());
    EXPECT_EQ(sum.load(), 1);
  });
}

/// What a caller lends to its tasks; it must be the last to go.
struct Lent {
  explicit Lent(const Census& census) : life(census) {}
  Lent(const Lent&) = delete;
  Lent& operator=(const Lent&) = delete;
  ~Lent() { EXPECT_EQ(users.load(), 0); }
  Counted life;
  std::atomic<int> users{0};
  std::unique_ptr<int> memory = std::make_unique<int>(7);
};

Task<> use(Lent& lent, Census census, std::uint64_t seed, int depth);

Task<> grow(Lent& lent, Census census, std::uint64_t seed, int depth) {
  SeededRandom random(seed);
  Lent mine(census);
  auto body = [&](Scope& scope) -> Task<> {
    for (int i = 0; i < 3; ++i) scope.spawn(use(random.chance(50) ? mine : lent, census, random.next(), depth - 1));
    if (random.chance(20)) throw std::runtime_error("a body's");
    if (random.chance(50)) co_await sleep(Duration(random.below(20'000)));
  };
  try {
    co_await scope(std::move(body));
  } catch (const std::runtime_error&) {
  }
}

Task<> use(Lent& lent, Census census, std::uint64_t seed, int depth) {
  struct Use {
    explicit Use(Lent& what) : of(what) { ++of.users; }
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;
    ~Use() {
      EXPECT_EQ(*of.memory, 7);
      --of.users;
    }
    Lent& of;
  };
  const Use used(lent);
  SeededRandom random(seed);
  for (int round = 0; round < 3; ++round) {
    co_await sleep(Duration(random.below(10'000)));
    EXPECT_EQ(*lent.memory, 7);
    if (depth > 0) co_await grow(lent, census, random.next(), depth);
    if (random.chance(10)) throw std::runtime_error("a task's");
  }
}

Task<> root(Census census, std::uint64_t seed) {
  Lent lent(census);
  co_await grow(lent, census, seed, 3);
}

TEST(Scope, NoTaskOutlivesItsCallerInSimulation) {
  for_each_seed(1000, [](SimulatedSystem& simulation) {
    System& system = simulation.system();
    const Census census;
    SeededRandom random(simulation.seed());
    TaskGroup group(system);
    for (int i = 0; i < 3; ++i) group.spawn(root(census, random.next()));
    pass_time(system, Duration(random.below(60'000)));
    group.cancel();
    ASSERT_TRUE(wait(system, group.join()));
    ASSERT_EQ(census.living(), 0);
  });
}

TEST(Scope, NoTaskOutlivesItsCallerOnRealThreads) {
  on_real_threads([](System& system) {
    SeededRandom random(system.random_number());
    for (int round = 0; round < 100; ++round) {
      const Census census;
      TaskGroup group(system);
      for (int i = 0; i < 3; ++i) group.spawn(root(census, random.next()));
      pass_time(system, Duration(random.below(1'000'000)));
      group.cancel();
      ASSERT_TRUE(wait(system, group.join()));
      ASSERT_EQ(census.living(), 0);
    }
  });
}

struct Go {};

Task<> actor_with_scopes(Mailbox<Go>& inbox, Census census, std::uint64_t seed) {
  SeededRandom random(seed);
  while (auto go = co_await inbox.receive()) {
    Lent lent(census);
    co_await grow(lent, census, random.next(), 2);
  }
}

TEST(Scope, OfAnActorEndsBeforeTheActorHasStopped) {
  on_every_runtime(
      [](System& system) {
        SeededRandom random(system.random_number());
        for (int round = 0; round < 10; ++round) {
          const Census census;
          const auto actor = system.spawn("actor", actor_with_scopes, {}, census, random.next());
          ASSERT_TRUE(wait(system, actor.tell(Go{})));
          pass_time(system, Duration(random.below(40'000)));
          static_cast<void>(actor.reset());
          actor.stop();
          ASSERT_TRUE(eventually(system, [&] { return actor.stopped(); }));
          // The actor's function, which holds a Census only, has ended before.
          EXPECT_EQ(census.living(), 0);
        }
      },
      100);
}

TEST(Scope, EndsWithItsSystem) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    const Census census;
    {
      SimulatedSystem simulation(seed);
      simulation.system().start(root(census, seed));
      const auto actor = simulation.system().spawn("actor", actor_with_scopes, {}, census, seed);
      ASSERT_TRUE(wait(simulation.system(), actor.tell(Go{})));
      pass_time(simulation.system(), Duration(seed * 300));
      if (seed % 2 == 0) simulation.system().shutdown(Duration(1));
    }
    ASSERT_EQ(census.living(), 0) << seed;
  }
  for (int round = 0; round < 20; ++round) {
    const Census census;
    {
      System system({.workers = 2});
      for (std::uint64_t i = 0; i < 5; ++i) system.start(root(census, i));
    }
    ASSERT_EQ(census.living(), 0);
  }
}

}  // namespace
}  // namespace understudy::test
