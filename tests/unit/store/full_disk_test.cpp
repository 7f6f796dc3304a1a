// A store on a full disk: changes are refused, reads go on, and it goes on by itself when there is room.
#include "support/quiet.hpp"
#include "support/store_life.hpp"

#include <memory>
#include <utility>

#include <gtest/gtest.h>

namespace understudy::store {
namespace {

struct Life : StoreLife {
  Life(SimulatedDisk& disk, std::uint64_t seed, std::uint64_t disk_bytes_max = 0,
       std::uint64_t snapshot_after_bytes = 0)
      : StoreLife(
            disk, seed,
            {.reserved_bytes = 4000, .disk_bytes_max = disk_bytes_max, .snapshot_after_bytes = snapshot_after_bytes}) {}
  Result<void> set(const Bytes& key) { return StoreLife::set(key, Bytes(100, 'v')); }
  /// Keys that could be set until there was no room.
  int fill() {
    for (int i = 0;; ++i) {
      const Result<void> done = set("key" + std::to_string(i));
      if (done) continue;
      EXPECT_EQ(done.error(), ErrorCode::storage_full) << done.error().message();
      return i;
    }
  }
};

std::uint64_t bytes_on(const SimulatedDisk& disk) {
  std::uint64_t bytes = 0;
  for (const auto& [name, content] : disk.files()) bytes += content.size();
  return bytes;
}

TEST(FullDisk, RefusesChangesWholeAndReadsGoOn) {
  SimulatedDisk disk(1);
  Life life(disk, 1);
  ASSERT_TRUE(life.set("first"));
  life.simulation.run_for(std::chrono::milliseconds(100));  // Room is reserved after the answer.
  disk.set_faults({.capacity_bytes = bytes_on(disk)});
  const int count = life.fill();
  EXPECT_TRUE(life.store().statistics().disk_full);
  EXPECT_EQ(life.store().statistics().key_value_incarnation, 1U) << "known before anything failed";
  EXPECT_EQ(life.get("first"), std::string(100, 'v'));
  EXPECT_EQ(life.get("key0"), std::string(100, 'v'));
  System& system = life.simulation.system();
  EXPECT_EQ(wait(system, life.store().erase("first")).error(), ErrorCode::storage_full);
  EXPECT_EQ(wait(system, life.store().operate([](Transaction& map) { map.clear(); })).error(), ErrorCode::storage_full);
  EXPECT_EQ(life.store().statistics().keys, static_cast<std::uint64_t>(count) + 1);
  EXPECT_TRUE(wait(system, life.store().operate([](Transaction& map) { EXPECT_TRUE(map.get("first")); })));
  disk.set_faults({});
  life.simulation.run_for(std::chrono::seconds(2));
  EXPECT_FALSE(life.store().statistics().disk_full);
  EXPECT_TRUE(life.set("later"));
  EXPECT_EQ(life.store().statistics().key_value_incarnation, 1U);
  disk.crash();
  Life next(disk, 2);
  EXPECT_EQ(next.store().statistics().keys, static_cast<std::uint64_t>(count) + 2);
}

TEST(FullDisk, KeysThatDieAreGoneAtOnceAndWrittenDownLater) {
  SimulatedDisk disk(1);
  Life life(disk, 1);
  System& system = life.simulation.system();
  WriteOptions dies;
  dies.time_to_live = std::chrono::seconds(5);
  ASSERT_TRUE(wait(system, life.store().set("dies", "v", dies)));
  ASSERT_TRUE(wait(system, life.store().set("dies unseen", "v", dies)));
  life.simulation.run_for(std::chrono::milliseconds(100));
  disk.set_faults({.capacity_bytes = bytes_on(disk)});
  const int count = life.fill();
  life.simulation.run_for(std::chrono::seconds(10));
  EXPECT_TRUE(life.store().statistics().disk_full);
  EXPECT_EQ(life.get("dies"), std::nullopt);
  EXPECT_TRUE(wait(system, life.store().operate([](Transaction& map) {
    map.for_each([](const KeyView& each) { EXPECT_NE(each.key, "dies"); });
  })));
  EXPECT_EQ(life.store().statistics().expired_keys, 0U);
  disk.set_faults({});
  life.simulation.run_for(std::chrono::seconds(3));
  EXPECT_EQ(life.store().statistics().expired_keys, 2U);
  EXPECT_EQ(life.store().statistics().keys, static_cast<std::uint64_t>(count));
  EXPECT_EQ(life.store().statistics().key_value_incarnation, 1U);
}

TEST(FullDisk, NothingIsEvictedForAChangeThatIsRefused) {
  SimulatedDisk disk(1);
  Life life(disk, 1);
  const std::uint64_t empty = life.store().statistics().memory_bytes;
  life.store().set_memory_limit(empty + 20'000, WhenMemoryFull::evict);
  for (int i = 0; i < 500; ++i) {
    const Result<void> done = life.set("early" + std::to_string(i));
    ASSERT_TRUE(done) << i << ": " << done.error().message();
  }
  life.simulation.run_for(std::chrono::milliseconds(100));
  disk.set_faults({.capacity_bytes = bytes_on(disk)});
  life.fill();
  const StoreStatistics before = life.store().statistics();
  EXPECT_GT(before.evicted_keys, 0U);
  EXPECT_EQ(life.set("more").error(), ErrorCode::storage_full);
  life.store().set_memory_limit(empty + 10'000, WhenMemoryFull::evict);
  life.simulation.run_for(std::chrono::seconds(5));
  EXPECT_EQ(life.store().statistics().keys, before.keys);
  disk.set_faults({});
  life.simulation.run_for(std::chrono::seconds(5));
  EXPECT_LE(life.store().statistics().memory_bytes, empty + 10'000);
  EXPECT_TRUE(life.set("more"));
}

TEST(FullDisk, ALimitOfItsOwnHasASnapshotTaken) {
  SimulatedDisk disk(1);
  Life life(disk, 1, 20'000, 1'000'000);
  int done = 0;
  int refused = 0;
  while (done < 1000 && refused < 1000) {
    if (life.set("the same key")) {
      ++done;
    } else {
      ++refused;
      life.simulation.run_for(std::chrono::milliseconds(100));
    }
  }
  EXPECT_EQ(done, 1000);
  EXPECT_GT(refused, 1);
  EXPECT_GT(life.store().statistics().snapshots, 3U);
  EXPECT_LT(bytes_on(disk), 25'000U);
  EXPECT_EQ(life.store().statistics().key_value_incarnation, 1U);
}

TEST(FullDisk, ALimitOfItsOwnIsLiftedByASnapshot) {
  SimulatedDisk disk(1);
  Life life(disk, 1, 20'000);
  int overwritten = 0;
  Result<void> done;
  for (; done && overwritten < 1000; ++overwritten) done = life.set("the same key");
  EXPECT_EQ(done.error(), ErrorCode::storage_full);
  EXPECT_LE(life.store().statistics().segment_bytes, 20'000U);
  ASSERT_TRUE(wait(life.simulation.system(), life.store().take_snapshot()));
  life.simulation.run_for(std::chrono::seconds(2));
  EXPECT_TRUE(life.set("the same key"));
}

}  // namespace
}  // namespace understudy::store
