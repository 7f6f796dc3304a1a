// The store's snapshots: taken in the background, by themselves or when asked for, while others read and write.
#include "support/quiet.hpp"
#include "support/store_life.hpp"
#include "understudy/runtime/task_group.hpp"

#include <algorithm>
#include <map>
#include <string>

#include <gtest/gtest.h>

namespace understudy::store {
namespace {

using Keys = std::map<std::string, std::string>;

/// One life of a store on a disk that outlives it.
struct Life : StoreLife {
  Life(SimulatedDisk& disk, std::uint64_t seed, std::uint64_t snapshot_after_bytes)
      : StoreLife(disk, seed, {.segment_bytes_max = 4096, .snapshot_after_bytes = snapshot_after_bytes}) {}
  void set(const std::string& key, const std::string& value) { ASSERT_TRUE(StoreLife::set(key, value)); }
  Result<SnapshotReport> take_snapshot() { return wait(system(), store().take_snapshot()); }
  Keys all() {
    Keys keys;
    EXPECT_TRUE(operate(
        [&keys](Transaction& map) { map.for_each([&](const KeyView& each) { keys.emplace(each.key, each.value); }); }));
    return keys;
  }
};

bool has_segment(const SimulatedDisk& disk, const std::string& number) {
  return disk.files().contains("journal-000000000" + number + ".log");
}

TEST(StoreSnapshot, WhenAskedForTheNextStartBeginsWithIt) {
  SimulatedDisk disk(1);
  Keys expected;
  {
    Life life(disk, 1, 0);
    for (int i = 0; i < 3000; ++i) {
      expected["key" + std::to_string(i % 700)] = std::to_string(i);
      life.set("key" + std::to_string(i % 700), std::to_string(i));
    }
    const Result<SnapshotReport> taken = life.take_snapshot();
    ASSERT_TRUE(taken) << taken.error().message();
    EXPECT_EQ(taken->records, 700U);
    EXPECT_EQ(taken->covers, 3000U);
    EXPECT_FALSE(has_segment(disk, "1"));
    const StoreStatistics now = life.store().statistics();
    EXPECT_EQ(now.snapshots, 1U);
    EXPECT_EQ(now.snapshot_bytes, taken->bytes);
    EXPECT_LT(now.segment_bytes, 5000U);
    life.set("after", "it");
    expected["after"] = "it";
  }
  Life life(disk, 2, 0);
  ASSERT_TRUE(life.opened);
  EXPECT_EQ(life.all(), expected);
  EXPECT_EQ(life.store().load_report().snapshot_keys, 700U);
  EXPECT_LT(life.store().load_report().records, 200U);
}

TEST(StoreSnapshot, AnEmptyStoreSaysThatThereIsNothingToTakeOneOf) {
  SimulatedDisk disk(1);
  Life life(disk, 1, 0);
  const Result<SnapshotReport> taken = life.take_snapshot();
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error(), ErrorCode::invalid_argument);
}

TEST(StoreSnapshot, AClearedStoreHasAnEmptyOne) {
  SimulatedDisk disk(1);
  {
    Life life(disk, 1, 0);
    life.set("key", "value");
    ASSERT_TRUE(wait(life.simulation.system(), life.store().operate([](Transaction& map) { map.clear(); })));
    const Result<SnapshotReport> taken = life.take_snapshot();
    ASSERT_TRUE(taken) << taken.error().message();
    EXPECT_EQ(taken->records, 0U);
  }
  Life life(disk, 2, 0);
  ASSERT_TRUE(life.opened);
  EXPECT_EQ(life.all(), Keys{});
}

TEST(StoreSnapshot, TakenByThemselvesTheyKeepTheJournalShort) {
  SimulatedDisk disk(1);
  Life life(disk, 1, 8192);
  std::uint64_t longest = 0;
  for (int i = 0; i < 5000; ++i) {
    life.set("key" + std::to_string(i % 50), std::string(20, 'v'));
    longest = std::max(longest, life.store().statistics().segment_bytes);
  }
  EXPECT_GT(life.store().statistics().snapshots, 10U);
  EXPECT_LT(longest, 8192U + 3 * 4096U);
  EXPECT_EQ(life.store().statistics().failed_snapshots, 0U);
}

Task<> write_for_a_while(Store& store, Keys& expected, std::uint64_t seed) {
  SeededRandom random(seed);
  for (int i = 0; i < 400; ++i) {
    const std::string key = "w" + std::to_string(seed) + "-" + std::to_string(random.below(40));
    if (random.chance(25)) {
      if (!co_await store.erase(key)) co_return;
      expected.erase(key);
    } else {
      std::string value = std::to_string(i);
      if (!co_await store.set(key, value)) co_return;
      expected[key] = std::move(value);
    }
  }
}

Task<> snapshots_meanwhile(Store& store, int& taken) {
  for (int i = 0; i < 5; ++i) {
    const Result<SnapshotReport> report = co_await store.take_snapshot();
    if (report) ++taken;
  }
}

Task<> everybody(System& system, Store& store, std::map<std::uint64_t, Keys>& expected, int& taken) {
  TaskGroup group(system);
  for (auto& [seed, keys] : expected) group.spawn(write_for_a_while(store, keys, seed));
  group.spawn(snapshots_meanwhile(store, taken));
  co_await group.join();
}

// A snapshot's pieces are of different times: replay makes them one state.
TEST(StoreSnapshot, TakenWhileOthersWriteItGivesBackExactlyWhatWasWritten) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    SimulatedDisk disk(seed);
    std::map<std::uint64_t, Keys> expected{{1, {}}, {2, {}}, {3, {}}};
    int taken = 0;
    {
      Life life(disk, seed, 0);
      life.set("first", "write");
      static_cast<void>(
          wait(life.simulation.system(), everybody(life.simulation.system(), life.store(), expected, taken)));
    }
    EXPECT_EQ(taken, 5);
    Keys all{{"first", "write"}};
    for (const auto& [writer, keys] : expected) all.insert(keys.begin(), keys.end());
    Life life(disk, seed + 1000, 0);
    ASSERT_TRUE(life.opened) << life.opened.error().message();
    EXPECT_EQ(life.all(), all);
  }
}

TEST(StoreSnapshot, ItTakesAsLongAsTheDiskTakes) {
  SimulatedDisk disk(1);
  Life life(disk, 1, 0);
  System& system = life.simulation.system();
  ASSERT_TRUE(wait(system, life.store().operate([](Transaction& map) {
    for (int i = 0; i < 6000; ++i) map.set("key" + std::to_string(i), "v");
  })));
  // Others write to a slow disk: each piece shows what is not safe yet, and waits for that.
  disk.set_faults({.slow_percent = 100, .slow_time_max = std::chrono::milliseconds(100)});
  TaskGroup others(system);
  for (int i = 0; i < 2; ++i) {
    others.spawn([](Life& busy) -> Task<> {
      for (;;) static_cast<void>(co_await busy.store().set("busy", "v"));
    }(life));
  }
  const Duration began = life.simulation.now();
  const Result<SnapshotReport> taken = life.take_snapshot();
  ASSERT_TRUE(taken) << taken.error().message();
  EXPECT_GE(taken->records, 6000U);
  EXPECT_GT(life.simulation.now() - began, std::chrono::seconds(1)) << "longer than the cutoff of an actor";
  EXPECT_EQ(life.supervisor.incident_count(), 0U);
  others.cancel();
}

TEST(StoreSnapshot, OneThatFailsLeavesTheStoreAsItWasAndIsTriedAgainLater) {
  SimulatedDisk disk(1);
  Life life(disk, 1, 2000);
  for (int i = 0; i < 30; ++i) life.set("key" + std::to_string(i), std::string(50, 'v'));
  disk.set_faults({.directory_flush_fails_percent = 100});
  const Result<SnapshotReport> failed = life.take_snapshot();
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error(), ErrorCode::storage_failed);
  EXPECT_EQ(life.store().statistics().failed_snapshots, 1U);
  disk.set_faults({});
  EXPECT_EQ(wait(life.simulation.system(), life.store().get("key7")).value(), std::string(50, 'v'));
  life.simulation.run_for(std::chrono::minutes(2));
  for (int i = 0; i < 30; ++i) life.set("key" + std::to_string(i), std::string(50, 'w'));
  life.simulation.run_for(std::chrono::seconds(1));
  EXPECT_GE(life.store().statistics().snapshots, 1U);
}

TEST(StoreSnapshot, AResetInTheMiddleOfOneLosesNothing) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    SimulatedDisk disk(seed);
    Life life(disk, seed, 0);
    Keys expected;
    for (int i = 0; i < 40; ++i) {
      expected["key" + std::to_string(i)] = "value";
      life.set("key" + std::to_string(i), "value");
    }
    int taken = 0;
    TaskGroup group(life.simulation.system());
    group.spawn(snapshots_meanwhile(life.store(), taken));
    for (std::uint64_t step = 0; step < seed * 3; ++step) static_cast<void>(life.simulation.step());
    const ActorType who = seed % 2 == 0 ? ActorType::key_value : ActorType::writer;
    static_cast<void>(wait(life.simulation.system(), life.store().router().ask<Reset>(who)));
    EXPECT_EQ(life.all(), expected);
    life.set("after", "it");
    EXPECT_TRUE(life.take_snapshot()) << "the next incarnation takes them as well";
  }
}

TEST(StoreSnapshot, AskedForWhileTheStoreIsReplacedItIsTakenByTheNextIncarnation) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    SimulatedDisk disk(seed);
    Life life(disk, seed, 0);
    life.set("key", "value");
    EXPECT_TRUE(wait(life.simulation.system(), life.store().router().ask<Reset>(ActorType::key_value)));
    for (std::uint64_t step = 0; step < seed; ++step) static_cast<void>(life.simulation.step());
    const Result<SnapshotReport> taken = life.take_snapshot();
    EXPECT_TRUE(taken || taken.error() != ErrorCode::actor_stopped) << "the store has not stopped";
    EXPECT_TRUE(life.take_snapshot());
  }
}

}  // namespace
}  // namespace understudy::store
