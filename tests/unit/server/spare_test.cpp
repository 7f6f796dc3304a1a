// Attacks: what is lent is nobody else's, and what is kept is bounded.
#include "server/spare.hpp"

#include <algorithm>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

namespace understudy::server {
namespace {

struct Lent {
  bool small = true;
  int uses = 0;
  bool keep_for_others() {
    ++uses;
    return small;
  }
};

TEST(Spare, WhatWasGivenIsTakenAgainLastFirst) {
  auto first = Spare<Lent>::take();
  auto second = Spare<Lent>::take();
  EXPECT_NE(first, second);
  Lent* const last = second.get();
  Spare<Lent>::give(std::move(first));
  Spare<Lent>::give(std::move(second));
  const auto again = Spare<Lent>::take();
  EXPECT_EQ(again.get(), last);
  EXPECT_EQ(again->uses, 1);
}

TEST(Spare, NothingIsKeptThatOthersHoldOrThatHasGrown) {
  auto held = Spare<Lent>::take();
  const auto holder = held;
  Spare<Lent>::give(std::move(held));
  EXPECT_EQ(holder.use_count(), 1);
  auto grown = std::make_shared<Lent>();
  grown->small = false;
  const std::weak_ptr<Lent> watched = grown;
  Spare<Lent>::give(std::move(grown));
  EXPECT_TRUE(watched.expired());
}

TEST(Spare, AFewAreKept) {
  std::vector<std::shared_ptr<Lent>> all;
  std::vector<std::weak_ptr<Lent>> watched;
  for (int i = 0; i < 100; ++i) watched.emplace_back(all.emplace_back(Spare<Lent>::take()));
  while (!all.empty()) {
    Spare<Lent>::give(std::move(all.back()));
    all.pop_back();
  }
  const auto kept = std::count_if(watched.begin(), watched.end(), [](const auto& each) { return !each.expired(); });
  EXPECT_EQ(kept, static_cast<std::ptrdiff_t>(Spare<Lent>::kept_max));
}

}  // namespace
}  // namespace understudy::server
