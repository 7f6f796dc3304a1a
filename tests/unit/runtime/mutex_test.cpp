// Attacks: one holder at a time, first come first served, and no lock is lost when holders or waiters are destroyed.
#include "understudy/runtime/mutex.hpp"

#include "support/runtimes.hpp"
#include "understudy/runtime/task_group.hpp"

#include <atomic>
#include <vector>

#include <gtest/gtest.h>

namespace understudy::test {
namespace {

struct Shared {
  Mutex mutex;
  int inside = 0;  // Guarded by the mutex: the thread sanitizer looks on.
  std::uint64_t entries = 0;
};

Task<> enter(Shared& shared, std::uint64_t seed, int times) {
  SeededRandom random(seed);
  for (int i = 0; i < times; ++i) {
    const Mutex::Guard guard = co_await shared.mutex.lock();
    struct Inside {
      explicit Inside(Shared& all) : shared(all) { EXPECT_EQ(++shared.inside, 1); }
      Inside(const Inside&) = delete;
      Inside& operator=(const Inside&) = delete;
      ~Inside() { --shared.inside; }
      Shared& shared;
    };
    const Inside inside(shared);
    ++shared.entries;
    if (random.chance(30)) co_await sleep(Duration(random.below(3000)));
    if (random.chance(30)) co_await yield();
  }
}

TEST(Mutex, HasOneHolderAtATime) {
  on_every_runtime([](System& system) {
    Shared shared;
    TaskGroup group(system);
    for (std::uint64_t i = 0; i < 10; ++i) group.spawn(enter(shared, i, 30));
    ASSERT_TRUE(wait(system, group.join()));
    EXPECT_EQ(shared.entries, 300U);
  });
}

TEST(Mutex, IsNotLostWhenHoldersAndWaitersAreDestroyed) {
  on_every_runtime(
      [](System& system) {
        SeededRandom random(system.random_number());
        Shared shared;
        for (int round = 0; round < 30; ++round) {
          std::vector<std::unique_ptr<TaskGroup>> groups;
          for (int i = 0; i < 8; ++i) {
            groups.push_back(std::make_unique<TaskGroup>(system));
            groups.back()->spawn(enter(shared, random.next(), 1'000'000));
          }
          while (!groups.empty()) {
            ASSERT_TRUE(wait(system, pause(Duration(random.below(8000)))));
            std::swap(groups[random.below(groups.size())], groups.back());
            groups.back()->cancel();
            ASSERT_TRUE(wait(system, groups.back()->join()));
            groups.pop_back();
          }
          ASSERT_TRUE(wait(system, enter(shared, 1, 1))) << "it is free";
        }
      },
      100);
}

TEST(Mutex, ServesFirstComeFirst) {
  for_each_seed(100, [](SimulatedSystem& simulation) {
    Mutex mutex;
    std::vector<int> came;
    std::vector<int> served;
    TaskGroup group(simulation.system());
    for (int i = 0; i < 20; ++i) {
      group.spawn([](Mutex& shared, std::vector<int>& in, std::vector<int>& out, int own) -> Task<> {
        co_await yield();
        in.push_back(own);
        const Mutex::Guard guard = co_await shared.lock();
        out.push_back(own);
        co_await sleep(Duration(1000));
      }(mutex, came, served, i));
    }
    ASSERT_TRUE(wait(simulation.system(), group.join()));
    EXPECT_EQ(served, came);
  });
}

}  // namespace
}  // namespace understudy::test
