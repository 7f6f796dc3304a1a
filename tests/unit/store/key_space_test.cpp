// KeySpace against a plain map, and the promise of its scan.
#include "engine/key_space.hpp"

#include "understudy/base/random.hpp"

#include <map>
#include <set>

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

TEST(KeySpace, AScanOfAnEmptyStoreEndsAtOnce) {
  const KeySpace keys;
  EXPECT_EQ(keys.scan(0, 10, [](const Entry&) { FAIL() << "there is no key"; }), 0U);
}

}  // namespace
}  // namespace understudy::store
