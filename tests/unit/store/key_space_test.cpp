// KeySpace against a plain map, and the promise of its scan.
#include "engine/key_space.hpp"

#include "understudy/base/random.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace understudy::store {
namespace {

TEST(KeySpace, DoesWhatAMapDoes) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    SeededRandom random(seed);
    KeySpace keys;
    std::map<Bytes, Bytes> model;
    for (int i = 0; i < 2000; ++i) {
      const Bytes key(1, static_cast<char>(random.below(64)));
      switch (random.below(20)) {
        case 0:
          keys.clear();
          model.clear();
          break;
        case 1:
        case 2:
        case 3:
        case 4:
          ASSERT_EQ(keys.erase(key), model.erase(key) == 1);
          break;
        default: {
          const Bytes value = std::to_string(random.next());
          keys.set(key, value);
          model[key] = value;
        }
      }
      ASSERT_EQ(keys.size(), model.size());
      const auto expected = model.find(key);
      const Entry* found = keys.find(key);
      ASSERT_EQ(found != nullptr, expected != model.end());
      if (found != nullptr) {
        ASSERT_EQ(found->value(), expected->second);
      }
    }
    std::map<Bytes, Bytes> walked;
    keys.for_each([&](const Entry& entry) { walked.emplace(entry.key(), entry.value()); });
    EXPECT_EQ(walked, model);
  }
}

TEST(KeySpace, ChoosesEveryKeyAlikeOften) {
  KeySpace keys;
  EXPECT_EQ(keys.choose(7), nullptr);
  constexpr std::uint64_t count = 50;
  for (std::uint64_t i = 0; i < count; ++i) keys.set(std::to_string(i), "");
  std::map<Bytes, int> chosen;
  for (std::uint64_t random = 0; random < 10 * count; ++random) ++chosen[Bytes(keys.choose(random)->key())];
  EXPECT_EQ(chosen.size(), count);
  for (const auto& [key, times] : chosen) EXPECT_EQ(times, 10) << key;
}

TEST(KeySpace, SaysWhatAKeyTakes) {
  KeySpace keys;
  const std::size_t empty = keys.memory_bytes();
  keys.set("k", Bytes(1000, 'x'));
  const std::size_t lives = KeySpace::memory_bytes_of(*keys.find("k"));
  EXPECT_GE(lives, 1000U);
  EXPECT_LE(lives, keys.memory_bytes() - empty);
  keys.set("k", Bytes(1000, 'x'), WallTime(std::chrono::seconds(1)));
  EXPECT_GE(KeySpace::memory_bytes_of(*keys.find("k")), 1000U + sizeof(WallTime) + 2 * sizeof(WallTime));
}

TEST(KeySpace, AClearSaysHowItGoesOn) {
  KeySpace keys;
  for (int i = 0; i < 10'000; ++i) keys.set(std::to_string(i), "", WallTime(std::chrono::seconds(i)));
  int parts = 0;
  keys.clear([&] { ++parts; });
  EXPECT_GT(parts, 1000);
  EXPECT_EQ(keys.size(), 0U);
  EXPECT_EQ(keys.expiring(), 0U);
  EXPECT_EQ(keys.memory_bytes(), KeySpace().memory_bytes());
}

TEST(KeySpace, AScanSeesEveryKeyThatIsThereAllTheWhile) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    SeededRandom random(seed);
    KeySpace keys;
    std::set<Bytes> stays;
    for (std::uint64_t i = 0; i < 300; ++i) {
      keys.set("stays-" + std::to_string(i), "");
      stays.insert("stays-" + std::to_string(i));
    }
    std::uint64_t cursor = 0;
    std::uint64_t made = 0;
    std::set<Bytes> seen;
    do {
      cursor = keys.scan(cursor, 1 + random.below(60), [&](const Entry& entry) { seen.emplace(entry.key()); });
      // The store grows and shrinks under the scan, so that its maps are laid out anew.
      for (std::uint64_t i = random.below(20); i > 0; --i) keys.set("comes-" + std::to_string(made++), "");
      for (std::uint64_t i = random.below(15); i > 0; --i)
        keys.erase("comes-" + std::to_string(random.below(made + 1)));
    } while (cursor != 0);
    for (const Bytes& key : stays) EXPECT_TRUE(seen.contains(key)) << key;
  }
}

TEST(KeySpace, LookingAheadChangesNothing) {
  SeededRandom random(1);
  KeySpace keys;
  const KeySpace empty;
  std::vector<std::size_t> hashes;
  for (int i = 0; i < 500; ++i) {
    const Bytes key = Bytes(random.below(40), 'k') + std::to_string(i);
    hashes.push_back(keys.hash_of(key));
    if (i % 2 == 0) keys.set(key, Bytes(random.below(200), 'v'));
  }
  keys.set("one", "");
  const std::uint32_t used = keys.find("one")->used();
  const std::size_t bytes = keys.memory_bytes();
  for (int round = 0; round < 10'000; ++round) {
    const std::size_t first = random.below(hashes.size());
    const auto some = std::span(hashes).subspan(first, std::min<std::size_t>(random.below(40), hashes.size() - first));
    keys.look_ahead(some);
    empty.look_ahead(some);
  }
  EXPECT_EQ(keys.memory_bytes(), bytes);
  EXPECT_EQ(keys.size(), 251U);
  EXPECT_EQ(keys.find("one")->used(), used + 1) << "of so few keys each use counts: there was this one";
}

/// In how many parts these keys are.
std::size_t parts_of(const KeySpace& keys) {
  std::size_t parts = 0;
  for (std::uint64_t cursor = 0, seen = 0; seen < keys.size(); ++parts) {
    cursor = keys.scan(cursor, 1, [&seen](const Entry&) { ++seen; });
  }
  return parts;
}

TEST(KeySpace, KeysThatMeetUnderOneSecretArePartedByAnother) {
  const KeySecret known(1);
  const KeySecret unknown(2);
  KeySpace attacked(KeyHash{&known});
  KeySpace safe(KeyHash{&unknown});
  const auto part_of = [&attacked](BytesView key) { return (attacked.hash_of(key) >> 24U) % 4096; };
  std::vector<Bytes> chosen;
  for (std::uint64_t i = 0; chosen.size() < 200; ++i) {
    const Bytes key = "key-" + std::to_string(i);
    if (part_of(key) == part_of("key-0")) chosen.push_back(key);
  }
  const auto set_all = [&chosen](KeySpace& keys) {
    for (const Bytes& key : chosen) keys.set(key, "");
  };
  set_all(attacked);
  set_all(safe);
  EXPECT_EQ(parts_of(attacked), 1U);
  EXPECT_GT(parts_of(safe), 150U);
  safe.clear();
  set_all(safe);
  EXPECT_GT(parts_of(safe), 150U) << "it stays secret";
  KeySpace moved = std::move(attacked);
  moved.clear();
  set_all(moved);
  EXPECT_EQ(parts_of(moved), 1U);
}

TEST(KeySpace, AScanOfAnEmptyStoreEndsAtOnce) {
  const KeySpace keys;
  EXPECT_EQ(keys.scan(0, 10, [](const Entry&) { FAIL() << "there is no key"; }), 0U);
}

}  // namespace
}  // namespace understudy::store
