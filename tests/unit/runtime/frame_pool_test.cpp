// Attacks: the pool of blocks gives out each block once, wherever and whenever it was freed, and outlives its threads.
// (Under the sanitizers blocks come from operator new, which checks the same.)
#include "understudy/runtime/detail/frame_pool.hpp"

#include "understudy/base/random.hpp"

#include <cstring>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace understudy::detail {
namespace {

struct Block {
  unsigned char* memory;
  std::size_t size;
  unsigned char mark;
};

Block take(SeededRandom& random) {
  const std::size_t size = 1 + random.below(random.chance(5) ? 3000 : pooled_block_bytes_max);
  const auto mark = static_cast<unsigned char>(random.next());
  auto* memory = static_cast<unsigned char*>(allocate_block(size));
  std::memset(memory, mark, size);
  return {memory, size, mark};
}
/// Frees a block, unless somebody else has written to it.
void give(const Block& block) {
  for (std::size_t i = 0; i < block.size; ++i) ASSERT_EQ(block.memory[i], block.mark);
  free_block(block.memory, block.size);
}

TEST(FramePool, GivesOutAlignedBlocksThatDoNotOverlap) {
  SeededRandom random(1);
  std::vector<Block> held;
  for (int i = 0; i < 50'000; ++i) {
    if (held.size() < 2000 && random.chance(60)) {
      held.push_back(take(random));
      ASSERT_EQ(reinterpret_cast<std::uintptr_t>(held.back().memory) % 16, 0U);
    } else if (!held.empty()) {
      std::swap(held[random.below(held.size())], held.back());
      give(held.back());
      held.pop_back();
    }
  }
  for (const Block& block : held) give(block);
}

TEST(FramePool, TakesBlocksBackOnOtherThreads) {
  std::mutex mutex;
  std::vector<Block> shared;
  const auto work = [&](std::uint64_t seed) {
    SeededRandom random(seed);
    for (int i = 0; i < 20'000; ++i) {
      Block block{};
      {
        const std::lock_guard lock(mutex);
        if (shared.empty() || random.chance(50)) {
          shared.push_back(take(random));
          continue;
        }
        std::swap(shared[random.below(shared.size())], shared.back());
        block = shared.back();
        shared.pop_back();
      }
      give(block);
    }
  };
  for (std::uint64_t generation = 0; generation < 3; ++generation) {
    std::vector<std::thread> threads;
    for (std::uint64_t i = 0; i < 4; ++i) threads.emplace_back(work, generation * 4 + i + 1);
    for (std::thread& thread : threads) thread.join();
  }
  for (const Block& block : shared) give(block);
}

TEST(FramePool, OneWayTrafficIsReused) {
  if (UNDERSTUDY_SANITIZED != 0) GTEST_SKIP() << "blocks come from operator new here";
  // One thread allocates what another frees, for ever: memory must come round.
  std::set<void*> distinct;
  for (int round = 0; round < 200; ++round) {
    std::vector<void*> blocks;
    blocks.reserve(1000);
    for (int i = 0; i < 1000; ++i) blocks.push_back(allocate_block(200));
    distinct.insert(blocks.begin(), blocks.end());
    std::thread([&] {
      for (void* block : blocks) free_block(block, 200);
    }).join();
  }
  EXPECT_LT(distinct.size(), 20'000U) << "of 200,000";
}

TEST(FramePool, AThreadThatOnlyFreesLosesNothing) {
  std::vector<Block> blocks;
  SeededRandom random(9);
  for (int i = 0; i < 5000; ++i) blocks.push_back(take(random));
  std::thread([&] {
    for (const Block& block : blocks) give(block);
  }).join();
  blocks.clear();
  for (int i = 0; i < 5000; ++i) blocks.push_back(take(random));
  for (const Block& block : blocks) give(block);
}

/// Ends after the thread's own cache does, and frees then.
struct LateFree {
  std::vector<void*> blocks;
  ~LateFree() {
    for (void* block : blocks) free_block(block, 100);
    free_block(allocate_block(100), 100);
  }
};

TEST(FramePool, BlocksMayBeFreedWhileAThreadEnds) {
  for (int i = 0; i < 20; ++i) {
    std::thread([] {
      static thread_local LateFree late;
      for (int n = 0; n < 600; ++n) late.blocks.push_back(allocate_block(100));
    }).join();
  }
}

}  // namespace
}  // namespace understudy::detail
