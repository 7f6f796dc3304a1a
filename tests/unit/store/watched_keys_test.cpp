#include "engine/watched_keys.hpp"

#include <memory>
#include <string>

#include <gtest/gtest.h>

namespace understudy::store {
namespace {

TEST(WatchedKeys, TouchesWhoWatchesTheKeyAndNobodyElse) {
  WatchedKeys watched;
  const auto one = std::make_shared<Watch>();
  const auto both = std::make_shared<Watch>();
  watched.add("a", one);
  watched.add("a", both);
  watched.add("b", both);
  watched.touch("c");
  EXPECT_FALSE(one->touched());
  watched.touch("b");
  EXPECT_FALSE(one->touched());
  EXPECT_TRUE(both->touched());
  watched.touch("a");
  EXPECT_TRUE(one->touched());
  EXPECT_EQ(watched.size(), 0U);
}

TEST(WatchedKeys, TouchesAllWhenTheIncarnationEnds) {
  const auto watch = std::make_shared<Watch>();
  {
    WatchedKeys watched;
    watched.add("a", watch);
    const WatchedKeys successor = std::move(watched);  // Moving is no end.
    EXPECT_FALSE(watch->touched());
  }
  EXPECT_TRUE(watch->touched());
}

TEST(WatchedKeys, TouchesThoseThatAreCleared) {
  WatchedKeys watched;
  const auto there = std::make_shared<Watch>();
  const auto not_there = std::make_shared<Watch>();
  watched.add("there", there);
  watched.add("not there", not_there);
  watched.touch_those([](BytesView key) { return key == "there"; });
  EXPECT_TRUE(there->touched());
  EXPECT_FALSE(not_there->touched());
  EXPECT_EQ(watched.size(), 1U);
}

TEST(WatchedKeys, ForgetsWatchesThatNobodyHolds) {
  WatchedKeys watched;
  const auto kept = std::make_shared<Watch>();
  watched.add("kept", kept);
  for (int i = 0; i < 100'000; ++i) watched.add("key " + std::to_string(i), std::make_shared<Watch>());
  EXPECT_LT(watched.size(), 200U);
  for (int i = 0; i < 100'000; ++i) watched.add("kept", std::make_shared<Watch>());
  EXPECT_LT(watched.size(), 200U);
  watched.touch("kept");
  EXPECT_TRUE(kept->touched());
}

}  // namespace
}  // namespace understudy::store
