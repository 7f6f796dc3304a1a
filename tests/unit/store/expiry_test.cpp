// Keys that die: not there from the moment their time has come, removed in the background, and never back, whatever
// crashes, restarts and whoever sets the clock.
#include "support/quiet.hpp"
#include "support/store_life.hpp"
#include "understudy/base/random.hpp"

#include <map>
#include <memory>
#include <string>

#include <gtest/gtest.h>

namespace understudy::store {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr WallTime noon{milliseconds(1'800'000'000'000)};

/// One life of a store on a disk that outlives it, at a time of day.
struct Life : StoreLife {
  Life(SimulatedDisk& disk, std::uint64_t seed, WallTime now, std::uint64_t snapshot_after_bytes = 0)
      : StoreLife(disk, seed, {.segment_bytes_max = 4096, .snapshot_after_bytes = snapshot_after_bytes}, now) {}
  WallTime now() { return system().clock().wall_now(); }
  void set(const Bytes& key, const Bytes& value, WriteOptions options = {}) {
    ASSERT_TRUE(StoreLife::set(key, value, options));
  }
  void operate(Operation operation) { ASSERT_TRUE(StoreLife::operate(std::move(operation))); }
};

TEST(Expiry, AKeyIsThereUntilItsTimeAndNotFromThen) {
  SimulatedDisk disk(1);
  Life life(disk, 1, noon);
  life.set("lives", "v");
  life.set("at", "v", {.expires_at = noon + seconds(10)});
  life.set("for", "v", {.time_to_live = seconds(10)});
  life.set("both", "v", {.expires_at = noon + seconds(5), .time_to_live = seconds(10)});
  life.set("past", "v", {.expires_at = noon - seconds(1)});
  EXPECT_EQ(life.get("at"), "v");
  EXPECT_EQ(life.get("past"), std::nullopt);
  EXPECT_EQ(life.store().statistics().expiring_keys, 3U);
  life.simulation.set_wall_time(noon + milliseconds(9'900));
  EXPECT_EQ(life.get("at"), "v");
  EXPECT_EQ(life.get("both"), std::nullopt);
  life.simulation.set_wall_time(noon + seconds(11));
  EXPECT_EQ(life.get("at"), std::nullopt);
  EXPECT_EQ(life.get("for"), std::nullopt);
  EXPECT_EQ(life.get("lives"), "v");
}

TEST(Expiry, OperationsSeeAndChangeTimes) {
  SimulatedDisk disk(1);
  Life life(disk, 1, noon);
  life.operate([](Transaction& store) {
    EXPECT_FALSE(store.expire_at("k", noon + seconds(100)));
    store.set("k", "v", noon + seconds(100));
    EXPECT_EQ(store.expiry("k"), noon + seconds(100));
    EXPECT_TRUE(store.expire_at("k", noon + seconds(200)));
    EXPECT_EQ(store.expiry("k"), noon + seconds(200));
    EXPECT_TRUE(store.expire_at("k", std::nullopt));
    EXPECT_EQ(store.expiry("k"), std::nullopt);
    EXPECT_EQ(store.get("k"), "v");
    store.set("k", "w", noon + seconds(1000));
    store.set("k", "x");
    EXPECT_EQ(store.expiry("k"), std::nullopt) << "setting a key takes its time away";
    EXPECT_TRUE(store.expire_at("k", store.now()));
    EXPECT_EQ(store.get("k"), std::nullopt);
  });
}

TEST(Expiry, WhatNobodyLooksAtIsRemovedInTheBackground) {
  SimulatedDisk disk(1);
  Life life(disk, 1, noon);
  constexpr int many = 2000;
  life.operate([](Transaction& store) {
    for (int i = 0; i < many; ++i) store.set("k" + std::to_string(i), "v", store.now() + seconds(60));
    store.set("stays", "v");
  });
  const std::uint64_t full = life.store().statistics().memory_bytes;
  life.simulation.run_for(seconds(59));
  EXPECT_EQ(life.store().statistics().keys, many + 1U);
  life.simulation.run_for(seconds(3));
  const StoreStatistics after = life.store().statistics();
  EXPECT_EQ(after.keys, 1U);
  EXPECT_EQ(after.expired_keys, static_cast<std::uint64_t>(many));
  EXPECT_EQ(after.expiring_keys, 0U);
  EXPECT_LT(after.memory_bytes, full);
  const std::uint64_t steps = life.simulation.steps();
  life.simulation.run_for(std::chrono::minutes(10));
  EXPECT_LT(life.simulation.steps() - steps, 6000U) << "a store in which nothing dies has nothing to do";
}

TEST(Expiry, AnEarlierTimeWakesWhoWaitsForALaterOne) {
  SimulatedDisk disk(1);
  Life life(disk, 1, noon);
  life.set("late", "v", {.time_to_live = std::chrono::hours(1)});
  life.simulation.run_for(seconds(1));
  life.set("soon", "v", {.time_to_live = seconds(2)});
  life.simulation.run_for(seconds(4));
  EXPECT_EQ(life.store().statistics().keys, 1U);
}

TEST(Expiry, NoneThatHasDiedIsChosenAtRandomNorTakesMemory) {
  SimulatedDisk disk(1);
  Life life(disk, 1, noon);
  life.set("lives", "v");
  for (int i = 0; i < 20; ++i) life.set("dies " + std::to_string(i), "v", {.expires_at = noon + seconds(1)});
  life.operate([](Transaction& store) {
    EXPECT_TRUE(store.random_key());
    constexpr std::size_t time_and_its_place = 24;
    EXPECT_GT(store.memory_bytes("dies 1"), std::string_view("dies 1v").size() + time_and_its_place);
  });
  life.simulation.set_wall_time(noon + seconds(2));
  life.operate([](Transaction& store) {
    for (int i = 0; i < 10; ++i) EXPECT_EQ(store.random_key(), "lives");
    EXPECT_EQ(store.memory_bytes("dies 1"), std::nullopt);
    store.erase("lives");
    EXPECT_EQ(store.random_key(), std::nullopt);
  });
}

TEST(Expiry, WalksShowNoneThatHasDied) {
  SimulatedDisk disk(1);
  Life life(disk, 1, noon);
  life.set("dies", "v", {.time_to_live = seconds(10)});
  life.set("lives", "v", {.time_to_live = seconds(1000)});
  life.simulation.set_wall_time(noon + seconds(20));
  life.operate([](Transaction& store) {
    int seen = 0;
    store.for_each([&](const KeyView& each) {
      ++seen;
      EXPECT_EQ(each.key, "lives");
      EXPECT_TRUE(each.expires_at.has_value());
    });
    EXPECT_EQ(seen, 1);
    std::uint64_t cursor = 0;
    do {
      cursor = store.scan(cursor, 10, [&](const KeyView& each) { EXPECT_EQ(each.key, "lives"); });
    } while (cursor != 0);
  });
}

TEST(Expiry, WhatWasSeenToBeDeadStaysSoWhenTheClockIsSetBackAndAfterAPowerFailure) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    SCOPED_TRACE(seed);
    SimulatedDisk disk(seed);
    {
      Life life(disk, seed, noon);
      life.set("got", "v", {.time_to_live = seconds(10)});
      life.set("walked", "v", {.time_to_live = seconds(10)});
      life.set("later", "v", {.time_to_live = seconds(100)});
      life.simulation.set_wall_time(noon + seconds(20));
      EXPECT_EQ(life.get("got"), std::nullopt);
      life.operate(
          [](Transaction& store) { store.for_each([](const KeyView& each) { EXPECT_EQ(each.key, "later"); }); });
      disk.crash();
    }
    Life life(disk, seed + 1000, noon - seconds(3600));
    EXPECT_EQ(life.get("got"), std::nullopt);
    EXPECT_EQ(life.get("walked"), std::nullopt);
    EXPECT_EQ(life.get("later"), "v");
  }
}

TEST(Expiry, WhatDiedWhileTheStoreWasDownIsNotThereAfterwards) {
  SimulatedDisk disk(1);
  {
    Life life(disk, 1, noon);
    life.set("dies", "v", {.time_to_live = seconds(10)});
    life.set("lives", "v", {.time_to_live = seconds(1000)});
  }
  Life life(disk, 2, noon + seconds(500));
  EXPECT_EQ(life.get("dies"), std::nullopt);
  life.operate([](Transaction& store) {
    EXPECT_LT(store.expiry("lives").value(), noon + seconds(1002)) << "its time is absolute";
  });
}

/// What the store must have, or may.
struct Expected {
  Bytes value;
  std::optional<WallTime> expires_at;
  bool may_be_gone = false;  // Its time had come once, and nobody looked.
};
using Model = std::map<Bytes, Expected>;

/// Before the clock is set back: whose time has come may have been removed.
void note_time(Model& model, WallTime now) {
  for (auto& [key, expected] : model) {
    if (expected.expires_at && *expected.expires_at <= now) expected.may_be_gone = true;
  }
}

/// What was found of a key at `now` must be what the model allows; afterwards it knows what is.
void check(Model& model, const Bytes& key, std::optional<BytesView> found, std::optional<WallTime> expiry,
           WallTime now) {
  const auto expected = model.find(key);
  if (expected == model.end()) {
    EXPECT_EQ(found, std::nullopt) << key << " came back, or never was";
    return;
  }
  if (expected->second.expires_at && *expected->second.expires_at <= now) {
    EXPECT_EQ(found, std::nullopt) << key << " lives past its time";
    model.erase(expected);
  } else if (!found) {
    EXPECT_TRUE(expected->second.may_be_gone) << key << " is lost";
    model.erase(expected);
  } else {
    EXPECT_EQ(*found, expected->second.value);
    EXPECT_EQ(expiry, expected->second.expires_at);
  }
}

void one_operation(Life& life, SeededRandom& random, Model& model) {
  const Bytes key = "key" + std::to_string(random.below(12));
  const std::uint64_t what = random.below(10);
  const milliseconds time_left(1 + random.below(20'000));
  const Bytes value = std::to_string(random.next());
  life.operate([&](Transaction& store) {
    const WallTime now = store.now();
    note_time(model, now);
    if (what < 4) {
      const std::optional<WallTime> at = what == 0 ? std::nullopt : std::optional(now + time_left);
      store.set(key, value, at);
      model[key] = {value, at};
      return;
    }
    if (what == 9) {
      Model seen;
      store.for_each([&](const KeyView& each) { seen[Bytes(each.key)] = {Bytes(each.value), each.expires_at}; });
      for (std::uint64_t i = 0; i < 12; ++i) {
        const Bytes each = "key" + std::to_string(i);
        const auto found = seen.find(each);
        const bool there = found != seen.end();
        check(model, each, there ? std::optional<BytesView>(found->second.value) : std::nullopt,
              there ? found->second.expires_at : std::nullopt, now);
      }
      return;
    }
    const std::optional<BytesView> found = store.get(key);
    check(model, key, found, store.expiry(key), now);
    if (what == 7) {
      EXPECT_EQ(store.erase(key), model.erase(key) == 1);
    } else if (what == 8) {
      const std::optional<WallTime> at = random.chance(30) ? std::nullopt : std::optional(now + time_left);
      EXPECT_EQ(store.expire_at(key, at), model.contains(key));
      if (model.contains(key)) model[key] = {model[key].value, at};
    }
  });
}

TEST(Expiry, NeverLivesLongerAndNeverComesBackOverRestartsCrashesResetsSnapshotsAndClocksThatJump) {
  for (std::uint64_t seed = 1; seed <= 150 && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE(seed);
    SeededRandom random(seed);
    SimulatedDisk disk(seed);
    Model model;
    WallTime now = noon;
    for (int lives = 0; lives < 5; ++lives) {
      Life life(disk, random.next(), now, random.chance(50) ? 2000 : 0);
      ASSERT_TRUE(life.opened) << life.opened.error().message();
      for (std::uint64_t i = random.below(60); i > 0 && !testing::Test::HasFailure(); --i) {
        one_operation(life, random, model);
        switch (random.below(12)) {
          case 0:
            life.simulation.run_for(milliseconds(random.below(10'000)));
            break;
          case 1:
          case 2: {
            note_time(model, life.now());
            const milliseconds jump(static_cast<std::int64_t>(random.below(60'000)) - 30'000);
            life.simulation.set_wall_time(life.now() + jump);
            break;
          }
          case 3:
            static_cast<void>(wait(life.system(), life.store().router().ask<Reset>(ActorType::key_value)));
            break;
          default:
            break;
        }
      }
      note_time(model, life.now());
      now = life.now() + milliseconds(static_cast<std::int64_t>(random.below(60'000)) - 30'000);
      if (random.chance(50)) disk.crash();
    }
  }
}

}  // namespace
}  // namespace understudy::store
