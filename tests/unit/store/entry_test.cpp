// Entry: what is put into its one block comes out again, whatever the lengths, and after every change in place.
#include "engine/entry.hpp"

#include "understudy/base/random.hpp"

#include <memory>
#include <string>

#include <gtest/gtest.h>

namespace understudy::store {
namespace {

struct Free {
  void operator()(Entry* entry) const noexcept { Entry::free(entry); }
};
using Owned = std::unique_ptr<Entry, Free>;

WallTime at(std::int64_t milliseconds) { return WallTime(std::chrono::milliseconds(milliseconds)); }

TEST(Entry, HoldsKeysAndValuesOfAnyLength) {
  for (const std::size_t key_bytes : {0, 1, 16, 127, 128, 16'383, 16'384, 100'000}) {
    for (const std::size_t value_bytes : {0, 1, 32, 127, 128, 16'383, 16'384, 3'000'000}) {
      const Bytes key(key_bytes, 'k');
      const Bytes value(value_bytes, '\xff');
      for (const std::optional<WallTime> time : {std::optional<WallTime>(), std::optional(at(1'800'000'000'123))}) {
        const Owned entry(Entry::make(key, value, time, 77));
        EXPECT_EQ(entry->key(), key);
        EXPECT_EQ(entry->value(), value);
        EXPECT_EQ(entry->expires_at(), time);
        EXPECT_EQ(entry->used(), 77U);
        EXPECT_GE(entry->memory_bytes(), key_bytes + value_bytes);
      }
    }
  }
}

TEST(Entry, SmallOnesTakeSmallBlocks) {
  const Owned small(Entry::make("12345678", "12345678", std::nullopt, 0));
  const Owned larger(Entry::make(Bytes(16, 'k'), Bytes(32, 'v'), std::nullopt, 0));
  EXPECT_LE(small->memory_bytes(), 32U);
  EXPECT_LE(larger->memory_bytes(), 64U);
}

TEST(Entry, ChangesInPlaceWhereThereIsRoom) {
  SeededRandom random(1);
  int changed = 0;
  for (int i = 0; i < 3000; ++i) {
    const Bytes key(random.below(200), 'k');
    const Owned entry(Entry::make(key, Bytes(random.below(300), 'a'), std::nullopt, Entry::used_max));
    for (int j = 0; j < 5; ++j) {
      const Bytes before(entry->value());
      const std::optional<WallTime> time_before = entry->expires_at();
      const Bytes value(random.below(300), static_cast<char>('b' + j));
      const std::optional<WallTime> time =
          random.chance(50) ? std::optional(at(static_cast<std::int64_t>(random.below(1U << 30U)))) : std::nullopt;
      const bool done = entry->assign(value, time);
      changed += done ? 1 : 0;
      ASSERT_EQ(entry->key(), key);
      ASSERT_EQ(entry->value(), done ? value : before);
      ASSERT_EQ(entry->expires_at(), done ? time : time_before);
      ASSERT_EQ(entry->used(), Entry::used_max);
    }
  }
  EXPECT_GT(changed, 3000);
}

TEST(Entry, KnowsWhatItsBlockTakes) {
  SeededRandom random(2);
  for (const std::size_t about : {10, 100, 1000, 5000}) {
    for (int i = 0; i < 300; ++i) {
      const Owned entry(Entry::make(Bytes(random.below(about), 'k'), Bytes(random.below(about), 'v'), std::nullopt, 3));
      ASSERT_EQ(entry->memory_bytes(), allocated_bytes(entry.get()));
      const bool dies = random.chance(50);
      static_cast<void>(entry->assign(Bytes(random.below(about), 'w'), dies ? std::optional(at(5)) : std::nullopt));
      ASSERT_EQ(entry->memory_bytes(), allocated_bytes(entry.get()));
      static_cast<void>(entry->change_time(at(6)));
      entry->set_used(Entry::used_max);
      ASSERT_EQ(entry->memory_bytes(), allocated_bytes(entry.get()));
    }
  }
}

TEST(Entry, ATimeIsChangedWhereThereIsOne) {
  const Owned without(Entry::make("key", "value", std::nullopt, 0));
  EXPECT_FALSE(without->change_time(at(5)));
  EXPECT_EQ(without->expires_at(), std::nullopt);
  const Owned with(Entry::make("key", "value", at(4), 3));
  EXPECT_TRUE(with->change_time(at(5)));
  EXPECT_EQ(with->expires_at(), at(5));
  EXPECT_EQ(with->key(), "key");
  EXPECT_EQ(with->value(), "value");
}

}  // namespace
}  // namespace understudy::store
