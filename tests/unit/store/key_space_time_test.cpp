// KeySpace: keys that have a time to die, the memory it counts, and which keys are evicted.
#include "engine/key_space.hpp"
#include "understudy/base/random.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include <gtest/gtest.h>

namespace understudy::store {
namespace {

WallTime at(std::int64_t milliseconds) { return WallTime(std::chrono::milliseconds(milliseconds)); }

struct Expected {
  Bytes value;
  std::optional<WallTime> expires_at;
  bool operator==(const Expected&) const = default;
};
using Model = std::map<Bytes, Expected>;

/// A random change, to both.
void change(SeededRandom& random, KeySpace& keys, Model& model, std::int64_t now) {
  const Bytes key = "key" + std::to_string(random.below(300));
  const std::optional<WallTime> time =
      random.chance(70) ? std::optional(at(now + 1 + static_cast<std::int64_t>(random.below(1000)))) : std::nullopt;
  switch (random.below(5)) {
    case 0:
      ASSERT_EQ(keys.erase(key), model.erase(key) == 1);
      break;
    case 1: {
      const auto found = model.find(key);
      ASSERT_EQ(keys.expire_at(key, time), found != model.end());
      if (found != model.end()) found->second.expires_at = time;
      break;
    }
    default: {
      const Bytes value(random.below(100), 'v');
      keys.set(key, value, time);
      model[key] = {value, time};
    }
  }
}

TEST(KeySpaceTime, KeysAreTakenOutWhenTheirTimeComesAndNotBefore) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    SeededRandom random(seed);
    KeySpace keys;
    Model model;
    std::int64_t now = 1'000'000;
    for (int round = 0; round < 300; ++round) {
      for (std::uint64_t i = random.below(40); i > 0; --i) change(random, keys, model, now);
      now += static_cast<std::int64_t>(random.below(100));
      const auto is_due = [&](const auto& each) {
        return each.second.expires_at && *each.second.expires_at <= at(now);
      };
      if (std::ranges::any_of(model, is_due)) {
        ASSERT_LE(keys.next_due(), at(now));
      }
      // As much at once as there may be, or bit by bit.
      const std::size_t most = random.chance(50) ? 1 + random.below(5) : 1000;
      while (keys.next_due() && *keys.next_due() <= at(now)) {
        const std::size_t taken = keys.take_due(at(now), most, [&](BytesView key) {
          const auto found = model.find(Bytes(key));
          ASSERT_NE(found, model.end()) << key;
          ASSERT_TRUE(is_due(*found)) << key;
          model.erase(found);
        });
        ASSERT_LE(taken, most);
      }
      ASSERT_FALSE(std::ranges::any_of(model, is_due));
      ASSERT_EQ(keys.size(), model.size());
      std::size_t expiring = 0;
      std::int64_t sum = 0;
      for (const auto& [key, expected] : model) {
        if (!expected.expires_at) continue;
        ++expiring;
        sum += expected.expires_at->time_since_epoch().count();
      }
      ASSERT_EQ(keys.expiring(), expiring);
      ASSERT_EQ(keys.mean_expiry(),
                expiring == 0 ? std::nullopt : std::optional(at(sum / static_cast<std::int64_t>(expiring))));
    }
    Model walked;
    keys.for_each([&](const Entry& entry) { walked[Bytes(entry.key())] = {Bytes(entry.value()), entry.expires_at()}; });
    EXPECT_EQ(walked, model);
  }
}

TEST(KeySpaceTime, AKeyThatIsSetAgainAndAgainLeavesNoHeapBehind) {
  KeySpace keys;
  keys.set("key", "value", at(1));
  const std::size_t before = keys.memory_bytes();
  for (std::int64_t i = 0; i < 100'000; ++i) keys.set("key", "value", at(1'000'000 + i));
  EXPECT_LT(keys.memory_bytes(), before + 1024);
  keys.expire_at("key", std::nullopt);
  EXPECT_EQ(keys.expiring(), 0U);
}

TEST(KeySpaceMemory, WhatIsRemovedIsTakenOffAgain) {
  constexpr std::size_t few_tables = std::size_t{2} << 20U;  // Each part's smallest, for keys and times.
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    SeededRandom random(seed);
    KeySpace keys;
    const std::size_t empty = keys.memory_bytes();
    for (int i = 0; i < 20'000; ++i) {
      keys.set("key" + std::to_string(random.below(5000)), Bytes(random.below(500), 'v'),
               random.chance(50) ? std::optional(at(static_cast<std::int64_t>(i))) : std::nullopt);
    }
    std::size_t entries = 0;
    keys.for_each([&](const Entry& entry) { entries += entry.memory_bytes(); });
    EXPECT_GT(keys.memory_bytes(), empty + entries);
    EXPECT_LT(keys.memory_bytes(), empty + entries + few_tables);
    std::vector<Bytes> all;
    keys.for_each([&](const Entry& entry) { all.emplace_back(entry.key()); });
    for (const Bytes& key : all) ASSERT_TRUE(keys.erase(key));
    EXPECT_LT(keys.memory_bytes(), empty + few_tables) << "tables shrink with what they hold";
    keys.clear();
    EXPECT_EQ(keys.memory_bytes(), empty);
  }
}

TEST(KeySpaceMemory, ASmallKeyTakesLessThan85Bytes) {
  constexpr std::size_t count = 200'000;
  KeySpace keys;
  const std::size_t empty = keys.memory_bytes();
  for (std::size_t i = 0; i < count; ++i) keys.set("k" + std::to_string(1'000'000 + i), "12345678");
  EXPECT_LT((keys.memory_bytes() - empty) / count, 85U);
}

TEST(KeySpaceEviction, TakesWhatWasNotUsedForLong) {
  for (const std::uint64_t count : {50U, 1000U, 50'000U}) {
    SCOPED_TRACE(count);
    SeededRandom random(count);
    KeySpace keys;
    for (std::uint64_t i = 0; i < count; ++i) keys.set("key" + std::to_string(i), "value");
    // Four in five are used again; the others are the ones to go.
    std::set<Bytes> cold;
    for (std::uint64_t i = 0; i < count; ++i) {
      const Bytes key = "key" + std::to_string(i);
      if (i % 5 == 0) {
        cold.insert(key);
      } else {
        ASSERT_NE(keys.find(key), nullptr);
      }
    }
    std::uint64_t evicted = 0;
    std::uint64_t wrong = 0;
    while (evicted < count / 10) {
      const std::size_t gone =
          keys.evict(random.next(), 100, [&](BytesView key) { wrong += cold.contains(Bytes(key)) ? 0 : 1; });
      ASSERT_GE(gone, 1U);
      evicted += gone;
    }
    EXPECT_LE(wrong * 10, evicted) << "by chance alone it would be eight in ten";
    EXPECT_EQ(keys.size(), count - evicted);
  }
}

TEST(KeySpaceEviction, EndsWithAnEmptyStore) {
  SeededRandom random(3);
  KeySpace keys;
  for (int i = 0; i < 3; ++i) keys.set(std::to_string(i), "v", at(5));
  std::size_t told = 0;
  const auto count = [&](BytesView) { ++told; };
  while (keys.evict(random.next(), 2, count) > 0) {
  }
  EXPECT_EQ(told, 3U);
  EXPECT_EQ(keys.size(), 0U);
  EXPECT_EQ(keys.expiring(), 0U);
  EXPECT_EQ(keys.take_due(at(10), 10, count), 0U) << "what is left in the heap is out of date";
}

}  // namespace
}  // namespace understudy::store
