// Attacks: the depot gives out each block once, takes blocks back in any order and from any thread, and gives the
// memory of a spike back to the system.
#include "runtime/block_depot.hpp"

#include "understudy/base/random.hpp"

#include <algorithm>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace understudy::detail {
namespace {

std::vector<FreeBlock*> take_many(BlockDepot& depot, std::size_t size_class, std::size_t wanted) {
  std::vector<FreeBlock*> taken;
  while (taken.size() < wanted) {
    std::uint32_t count = 0;
    FreeBlock* head = depot.take(size_class, 256, count);
    std::uint32_t seen = 0;
    for (; head != nullptr; head = head->next, ++seen) taken.push_back(head);
    EXPECT_EQ(seen, count);
    EXPECT_GT(count, 0U);
  }
  return taken;
}

void give_back(BlockDepot& depot, std::size_t size_class, const std::vector<FreeBlock*>& blocks) {
  for (std::size_t begin = 0; begin < blocks.size(); begin += 100) {
    FreeBlock* head = nullptr;
    for (std::size_t i = begin; i < std::min(begin + 100, blocks.size()); ++i) {
      blocks[i]->next = head;
      head = blocks[i];
    }
    depot.give(size_class, head);
  }
}

template <typename T>
void shuffle(std::vector<T>& items, SeededRandom& random) {
  for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[random.below(i)]);
}

TEST(BlockDepot, GivesOutBlocksThatDoNotOverlap) {
  BlockDepot depot;
  for (const std::size_t size_class : {std::size_t{0}, std::size_t{1}, std::size_t{11}, block_class_count - 1}) {
    const std::size_t bytes = (size_class + 1) * block_granularity;
    std::vector<FreeBlock*> blocks = take_many(depot, size_class, 20'000);
    std::ranges::sort(blocks);
    for (std::size_t i = 1; i < blocks.size(); ++i) {
      const auto distance = static_cast<std::size_t>(reinterpret_cast<std::byte*>(blocks[i]) -
                                                     reinterpret_cast<std::byte*>(blocks[i - 1]));
      ASSERT_GE(distance, bytes);
    }
    give_back(depot, size_class, blocks);
  }
}

TEST(BlockDepot, GivesTheMemoryOfASpikeBack) {
  BlockDepot depot;
  SeededRandom random(3);
  for (int round = 0; round < 3; ++round) {
    std::vector<std::pair<std::size_t, std::vector<FreeBlock*>>> spike;
    for (const std::size_t size_class : {std::size_t{3}, std::size_t{11}, std::size_t{40}}) {
      spike.emplace_back(size_class, take_many(depot, size_class, 30'000));
    }
    EXPECT_GT(depot.bytes_held(), std::size_t{20} * 1024 * 1024);
    for (auto& [size_class, blocks] : spike) {
      shuffle(blocks, random);
      give_back(depot, size_class, blocks);
    }
    EXPECT_LE(depot.bytes_held(), BlockDepot::region_bytes);
  }
}

TEST(BlockDepot, UsesFreedSpansForOtherSizes) {
  BlockDepot depot;
  const std::vector<FreeBlock*> small = take_many(depot, 2, 40'000);
  const std::vector<FreeBlock*> pinned(small.begin(), small.begin() + 1);
  give_back(depot, 2, {small.begin() + 1, small.end()});
  const std::size_t before = depot.bytes_held();
  const std::vector<FreeBlock*> large = take_many(depot, 30, 1'500);
  EXPECT_EQ(depot.bytes_held(), before) << "what one size has let go of serves another";
  give_back(depot, 30, large);
  give_back(depot, 2, pinned);
}

TEST(BlockDepot, TakesBlocksBackFromManyThreads) {
  BlockDepot depot;
  std::vector<std::thread> threads;
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    threads.emplace_back([&depot, seed] {
      SeededRandom random(seed);
      for (int round = 0; round < 60; ++round) {
        const std::size_t size_class = random.below(3) * 5;
        std::vector<FreeBlock*> blocks = take_many(depot, size_class, 1 + random.below(3000));
        // Each writes to all of its blocks: two owners of one would be a race that TSan sees, and a broken mark.
        for (FreeBlock* block : blocks) block->next = reinterpret_cast<FreeBlock*>(seed);
        for (FreeBlock* block : blocks) ASSERT_EQ(block->next, reinterpret_cast<FreeBlock*>(seed));
        shuffle(blocks, random);
        give_back(depot, size_class, blocks);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_LE(depot.bytes_held(), BlockDepot::region_bytes);
}

}  // namespace
}  // namespace understudy::detail
