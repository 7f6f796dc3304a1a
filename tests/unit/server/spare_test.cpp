// Attacks: what is lent is nobody else's, and what is kept is bounded.
#include "server/spare.hpp"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

namespace understudy::server {
namespace {

struct Lent {
  std::size_t bytes = 1000;
  int uses = 0;
  std::size_t clear_for_others() noexcept {
    ++uses;
    return bytes;
  }
};

TEST(Spare, WhatWasGivenIsTakenAgainLastFirst) {
  auto first = Spare<Lent>::take();
  auto second = Spare<Lent>::take();
  EXPECT_NE(first, second);
  Lent* const last = second.get();
  const int uses = last->uses;
  Spare<Lent>::give(std::move(first));
  Spare<Lent>::give(std::move(second));
  const auto again = Spare<Lent>::take();
  EXPECT_EQ(again.get(), last);
  EXPECT_EQ(again->uses, uses + 1);
}

TEST(Spare, NothingIsKeptThatOthersHoldOrThatHasGrown) {
  auto held = Spare<Lent>::take();
  const auto holder = held;
  Spare<Lent>::give(std::move(held));
  EXPECT_EQ(holder.use_count(), 1);
  auto grown = std::make_shared<Lent>();
  grown->bytes = Spare<Lent>::bytes_kept_max;
  const std::weak_ptr<Lent> watched = grown;
  Spare<Lent>::give(std::move(grown));
  EXPECT_TRUE(watched.expired());
}

/// How many of `count` are kept, each of which holds so many bytes.
std::size_t kept_of(std::size_t count, std::size_t bytes) {
  std::vector<std::shared_ptr<Lent>> all;
  std::vector<std::weak_ptr<Lent>> watched;
  for (std::size_t i = 0; i < count; ++i) {
    watched.emplace_back(all.emplace_back(Spare<Lent>::take()));
    all.back()->bytes = bytes;
  }
  while (!all.empty()) {
    Spare<Lent>::give(std::move(all.back()));
    all.pop_back();
  }
  return static_cast<std::size_t>(
      std::count_if(watched.begin(), watched.end(), [](const auto& each) { return !each.expired(); }));
}

TEST(Spare, WhatWasInUseAtOnceIsKeptUpToALimit) {
  EXPECT_EQ(kept_of(100, 1000), 100U);
  EXPECT_EQ(kept_of(1000, 1000), Spare<Lent>::kept_max);
  const std::size_t tenth = Spare<Lent>::bytes_kept_max / 10;
  EXPECT_EQ(kept_of(1000, tenth), 9U);
  EXPECT_EQ(kept_of(100, 1000), 100U);
}

}  // namespace
}  // namespace understudy::server
