// Memory for coroutine frames and message nodes: per-thread lists of blocks by size class, refilled from and spilled to
// a central depot (src/runtime/block_depot) in batches, so that the usual allocation and release touch this thread's
// memory only, also when one thread allocates what another releases. The depot gives memory back after a spike.
//
// Under the address and thread sanitizers every block comes from operator new, so that misuse is seen.
#pragma once

#include "understudy/runtime/detail/context.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define UNDERSTUDY_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define UNDERSTUDY_SANITIZED 1
#endif
#endif
#ifndef UNDERSTUDY_SANITIZED
#define UNDERSTUDY_SANITIZED 0
#endif

namespace understudy::detail {

inline constexpr std::size_t block_granularity = 16;
inline constexpr std::size_t pooled_block_bytes_max = 1024;
inline constexpr std::size_t block_class_count = pooled_block_bytes_max / block_granularity;

struct FreeBlock {
  FreeBlock* next;
};

/// One thread's free blocks. Given to the depot when the thread ends.
struct BlockCache {
  struct List {
    FreeBlock* head = nullptr;
    std::uint32_t count = 0;
  };
  std::array<List, block_class_count> lists{};
  bool registered = false;
};

[[nodiscard]] inline BlockCache& this_thread_blocks() noexcept {
  static thread_local constinit BlockCache cache;
  return cache;
}

/// Blocks that the list of a size class holds before half of it goes to the depot: 64 KiB at most.
inline constexpr std::array<std::uint16_t, block_class_count> cached_blocks_max = [] {
  std::array<std::uint16_t, block_class_count> blocks{};
  for (std::size_t i = 0; i < block_class_count; ++i) {
    const std::size_t fit = std::size_t{64} * 1024 / ((i + 1) * block_granularity);
    blocks[i] = static_cast<std::uint16_t>(fit < 512 ? fit : 512);
  }
  return blocks;
}();

[[nodiscard]] void* allocate_block_slow(std::size_t size_class);
void free_block_slow(FreeBlock* block, std::size_t size_class) noexcept;

/// `size` bytes, aligned to 16. Throws std::bad_alloc. Any thread; constant time but for a refill.
[[nodiscard]] inline void* allocate_block(std::size_t size) {
  if (UNDERSTUDY_SANITIZED != 0 || size > pooled_block_bytes_max) return ::operator new(size);
  const std::size_t size_class = (size + block_granularity - 1) / block_granularity - 1;
  BlockCache::List& list = this_thread_blocks().lists[size_class];
  if (list.head == nullptr) return allocate_block_slow(size_class);
  FreeBlock* block = list.head;
  list.head = block->next;
  // The next one may lie in another processor's cache: fetch it before it is asked for.
  __builtin_prefetch(list.head, 1);
  --list.count;
  return block;
}

/// Gives back a block that `allocate_block(size)` returned, on this thread or another. Constant time but for a spill.
inline void free_block(void* memory, std::size_t size) noexcept {
  if (UNDERSTUDY_SANITIZED != 0 || size > pooled_block_bytes_max) {
    ::operator delete(memory, size);
    return;
  }
  const std::size_t size_class = (size + block_granularity - 1) / block_granularity - 1;
  BlockCache& cache = this_thread_blocks();
  BlockCache::List& list = cache.lists[size_class];
  auto* block = static_cast<FreeBlock*>(memory);
  if (list.count >= cached_blocks_max[size_class] || !cache.registered) {
    free_block_slow(block, size_class);
    return;
  }
  block->next = list.head;
  list.head = block;
  ++list.count;
}

/// A part of a coroutine frame that may still be in use elsewhere when the frame is destroyed: an ask whose node is
/// linked into a mailbox. Its destructor calls `outlive`; the frame's memory then is not released with the frame but
/// handed to `frame_ended`, and released when the tenant leaves.
class FrameTenant {
 public:
  /// The frame's destructors have all run; `block` of `size` bytes now belongs to this tenant.
  virtual void frame_ended(void* block, std::size_t size) noexcept = 0;

 protected:
  FrameTenant() = default;
  ~FrameTenant() = default;
  /// Called in the course of a frame's destruction, on the thread that destroys it. `part` lies in the frame, or in a
  /// frame that the compiler has merged into another: the block that holds it is what is kept.
  void outlive(const void* part) noexcept {
    part_ = reinterpret_cast<std::uintptr_t>(part);
    ThreadState& thread = this_thread();
    next_tenant_ = thread.tenants;
    thread.tenants = this;
  }

 private:
  friend void free_frame_with_tenants(void* block, std::size_t size) noexcept;
  FrameTenant* next_tenant_;
  std::uintptr_t part_;
};

void free_frame_with_tenants(void* block, std::size_t size) noexcept;

/// Releases a frame's memory, unless a tenant outlives the frame.
inline void free_frame(void* block, std::size_t size) noexcept {
  if (this_thread().tenants != nullptr) [[unlikely]] {
    free_frame_with_tenants(block, size);
    return;
  }
  free_block(block, size);
}

}  // namespace understudy::detail
