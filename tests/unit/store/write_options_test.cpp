// Writes that ask for more, or less, than their store's durability.
#include "support/quiet.hpp"
#include "support/store_life.hpp"

#include <memory>
#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace understudy::store {
namespace {

using std::chrono::milliseconds;

struct Life : StoreLife {
  Life(SimulatedDisk& disk, std::uint64_t seed, Durability durability)
      : StoreLife(disk, seed,
                  {.durability = durability, .flush_interval = milliseconds(100), .snapshot_after_bytes = 0}) {}
  Result<void> set(const Bytes& key, WriteOptions options) { return StoreLife::set(key, "value", options); }
};

TEST(WriteOptions, OneThatAsksForMoreSurvivesThePowerWithAllBeforeIt) {
  SimulatedDisk disk(1);
  {
    Life life(disk, 1, Durability::none);
    ASSERT_TRUE(life.set("before", {}));
    ASSERT_TRUE(life.set("certain", {.durability = Durability::always}));
    disk.crash();
  }
  Life life(disk, 2, Durability::none);
  EXPECT_EQ(life.get("before"), "value");
  EXPECT_EQ(life.get("certain"), "value");
}

TEST(WriteOptions, OneThatAsksForLessCostsNoFlush) {
  SimulatedDisk disk(1);
  Life life(disk, 1, Durability::always);
  ASSERT_TRUE(life.set("first", {}));
  const std::uint64_t flushes = disk.counters().flushes;
  const std::uint64_t appends = disk.counters().appends;
  ASSERT_TRUE(life.set("a", {.durability = Durability::none}));
  EXPECT_EQ(disk.counters().appends, appends) << "it was answered out of memory";
  EXPECT_EQ(life.get("a"), "value");
  ASSERT_TRUE(life.set("b", {.durability = Durability::interval}));
  EXPECT_GT(disk.counters().appends, appends);
  EXPECT_EQ(life.get("b"), "value");
  EXPECT_EQ(disk.counters().flushes, flushes);
  life.simulation.run_for(milliseconds(300));
  EXPECT_EQ(disk.counters().flushes, flushes + 1) << "what was written by interval";
  disk.kill();
}

TEST(WriteOptions, WhatPromisesNothingIsWrittenSoonAndTogether) {
  SimulatedDisk disk(1);
  {
    Life life(disk, 1, Durability::none);
    ASSERT_TRUE(life.set("first", {}));
    const std::uint64_t commits = life.store().statistics().commits;
    for (int i = 0; i < 100; ++i) ASSERT_TRUE(life.set(std::to_string(i), {}));
    life.simulation.run_for(milliseconds(50));
    EXPECT_EQ(life.store().statistics().last_lsn, 101U);
    EXPECT_LT(life.store().statistics().commits, commits + 50);
    ASSERT_TRUE(life.set("last", {}));
  }
  // A clean end writes what is gathered.
  Life next(disk, 2, Durability::none);
  EXPECT_EQ(next.get("last"), "value");
}

TEST(WriteOptions, AReaderWaitsForAsMuchAsTheWriterDid) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    SCOPED_TRACE(seed);
    SimulatedDisk disk(seed);
    Life life(disk, seed, Durability::none);
    ASSERT_TRUE(life.set("key", {}));
    const Address<KeyValueMessage> key_value = life.store().key_value();
    Operation change = [](Transaction& keys) { keys.set("key", "certain"); };
    ASSERT_TRUE(key_value.try_tell(
        OperateWith{.operation = std::move(change), .options = {.durability = Durability::always}, .response = {}}));
    EXPECT_EQ(wait(life.simulation.system(), key_value.ask<Get>("key")).value(), "certain");
    disk.crash();
    Life next(disk, seed + 100, Durability::none);
    EXPECT_EQ(next.get("key"), "certain") << "somebody had seen it";
  }
}

TEST(WriteOptions, EraseAndOperateTakeThemToo) {
  SimulatedDisk disk(1);
  {
    Life life(disk, 1, Durability::none);
    ASSERT_TRUE(life.set("gone", {.durability = Durability::always}));
    EXPECT_EQ(wait(life.simulation.system(), life.store().erase("gone", {.durability = Durability::always})), true);
    EXPECT_EQ(wait(life.simulation.system(), life.store().erase("gone", {.durability = Durability::always})), false);
    const auto change = [](Transaction& keys) { keys.set("there", "value"); };
    EXPECT_TRUE(wait(life.simulation.system(), life.store().operate(change, {.durability = Durability::always})));
    disk.crash();
  }
  Life life(disk, 2, Durability::none);
  EXPECT_EQ(life.get("gone"), std::nullopt);
  EXPECT_EQ(life.get("there"), "value");
}

}  // namespace
}  // namespace understudy::store
