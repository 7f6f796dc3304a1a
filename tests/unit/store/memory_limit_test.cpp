// The limit on memory: a store that refuses, and one that evicts what was not used for long.
#include "support/quiet.hpp"
#include "support/store_life.hpp"
#include "understudy/base/random.hpp"

#include <map>
#include <memory>
#include <string>

#include <gtest/gtest.h>

namespace understudy::store {
namespace {

constexpr std::uint64_t limit = std::uint64_t{4} << 20U;

struct Life : StoreLife {
  Life(SimulatedDisk& disk, std::uint64_t seed, WhenMemoryFull policy, std::uint64_t bytes = limit)
      : StoreLife(disk, seed,
                  {.durability = Durability::always,
                   .snapshot_after_bytes = 0,
                   .memory_bytes_max = bytes,
                   .when_memory_full = policy}) {}
};

Bytes name(int number) { return "key" + std::to_string(number); }

TEST(MemoryLimit, RefusesWhatAddsAndNothingElse) {
  SimulatedDisk disk(1);
  Life life(disk, 1, WhenMemoryFull::refuse);
  int stored = 0;
  Result<void> done;
  while (stored < 100'000 && (done = life.set(name(stored), Bytes(2000, 'v')))) ++stored;
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error(), ErrorCode::storage_full);
  EXPECT_GT(stored, 100);
  EXPECT_LT(life.store().statistics().memory_bytes, limit + 10'000);
  EXPECT_FALSE(wait(life.simulation.system(), life.store().set("k", "v", {.time_to_live = std::chrono::hours(1)})));
  EXPECT_EQ(life.get(name(stored)), std::nullopt) << "what was refused is not there";
  for (int i = 0; i < stored; ++i) ASSERT_EQ(life.get(name(i)), Bytes(2000, 'v'));
  EXPECT_TRUE(wait(life.simulation.system(), life.store().erase(name(0))).value());
  EXPECT_TRUE(wait(life.simulation.system(), life.store().erase(name(1))).value());
  EXPECT_TRUE(life.set("again", "v"));
  EXPECT_EQ(life.store().statistics().evicted_keys, 0U);
}

TEST(MemoryLimit, EvictsTheLeastRecentlyUsedAndLosesNoOther) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    SCOPED_TRACE(seed);
    SimulatedDisk disk(seed);
    std::map<Bytes, Bytes> written;
    std::uint64_t kept = 0;
    {
      Life life(disk, seed, WhenMemoryFull::evict);
      for (int i = 0; i < 4000; ++i) {
        const Bytes value(1500 + static_cast<std::size_t>(i % 100), static_cast<char>('a' + i % 26));
        ASSERT_TRUE(life.set(name(i), value));
        written[name(i)] = value;
        // These ten are used all the time.
        ASSERT_NE(life.get(name(i % std::min(i + 1, 10))), std::nullopt) << i;
        ASSERT_LT(life.store().statistics().memory_bytes, limit + 4000);
      }
      const StoreStatistics now = life.store().statistics();
      EXPECT_GT(now.evicted_keys, 1000U);
      EXPECT_EQ(now.keys + now.evicted_keys, 4000U) << "what was not evicted is there";
      life.simulation.run_for(std::chrono::seconds(1));  // What the background evicts is on the disk then.
      kept = life.store().statistics().keys;
      disk.crash();
    }
    // Evictions are in the journal: after a power failure the same keys are there, and no more.
    Life life(disk, seed + 100, WhenMemoryFull::evict, 0);
    EXPECT_EQ(life.store().statistics().keys, kept);
    const auto check = [&written](Transaction& store) {
      store.for_each([&written](const KeyView& each) { EXPECT_EQ(each.value, written.at(Bytes(each.key))); });
    };
    EXPECT_TRUE(wait(life.simulation.system(), life.store().operate(check)));
  }
}

TEST(MemoryLimit, AKeyThatHasDiedGoesBeforeOneThatLives) {
  SimulatedDisk disk(1);
  Life life(disk, 1, WhenMemoryFull::evict);
  for (int i = 0; i < 500; ++i) {
    const auto set = wait(life.simulation.system(),
                          life.store().set(name(i), Bytes(2000, 'v'), {.time_to_live = std::chrono::milliseconds(1)}));
    ASSERT_TRUE(set);
  }
  life.simulation.run_for(std::chrono::seconds(2));
  for (int i = 0; i < 500; ++i) ASSERT_TRUE(life.set("lives" + name(i), Bytes(2000, 'v')));
  EXPECT_EQ(life.store().statistics().evicted_keys, 0U);
  EXPECT_EQ(life.store().statistics().expired_keys, 500U);
}

TEST(MemoryLimit, IsChangedWhileTheStoreRunsAndKeptInTheBackground) {
  SimulatedDisk disk(1);
  Life life(disk, 1, WhenMemoryFull::refuse, 0);
  for (int i = 0; i < 4000; ++i) ASSERT_TRUE(life.set(name(i), Bytes(1500, 'v')));
  EXPECT_GT(life.store().statistics().memory_bytes, limit);
  life.store().set_memory_limit(limit, WhenMemoryFull::refuse);
  life.simulation.run_for(std::chrono::seconds(2));
  EXPECT_EQ(life.store().statistics().keys, 4000U) << "one that refuses takes nothing away";
  life.store().set_memory_limit(limit, WhenMemoryFull::evict);
  life.simulation.run_for(std::chrono::seconds(5));
  EXPECT_LE(life.store().statistics().memory_bytes, limit);
  EXPECT_GT(life.store().statistics().keys, 1000U) << "and no more than it must";
}

}  // namespace
}  // namespace understudy::store
