#include "understudy/runtime/detail/frame_pool.hpp"

#include <mutex>
#include <new>
#include <vector>

namespace understudy::detail {
namespace {

constexpr std::size_t slab_bytes = std::size_t{64} * 1024;
constexpr std::uint32_t batch_blocks = cached_blocks_max / 2;

/// Where threads exchange free blocks, a batch at a time. Lives for ever: threads may end after static destruction.
class Depot {
 public:
  /// A chain of blocks of the class; its length in `count`.
  FreeBlock* take(std::size_t size_class, std::uint32_t& count) {
    {
      const std::lock_guard lock(mutex_);
      auto& batches = batches_[size_class];
      if (!batches.empty()) {
        const Batch batch = batches.back();
        batches.pop_back();
        count = batch.count;
        return batch.head;
      }
    }
    return carve(size_class, count);
  }

  void give(std::size_t size_class, FreeBlock* head, std::uint32_t count) {
    const std::lock_guard lock(mutex_);
    batches_[size_class].push_back(Batch{head, count});
  }

 private:
  struct Batch {
    FreeBlock* head;
    std::uint32_t count;
  };

  static FreeBlock* carve(std::size_t size_class, std::uint32_t& count) {
    const std::size_t block_bytes = (size_class + 1) * block_granularity;
    auto* slab = static_cast<std::byte*>(::operator new(slab_bytes));
    const std::size_t blocks = slab_bytes / block_bytes;
    FreeBlock* head = nullptr;
    for (std::size_t i = blocks; i-- > 0;) {
      auto* block = reinterpret_cast<FreeBlock*>(slab + i * block_bytes);
      block->next = head;
      head = block;
    }
    count = static_cast<std::uint32_t>(blocks);
    return head;
  }

  std::mutex mutex_;
  std::array<std::vector<Batch>, block_class_count> batches_;
};

Depot& depot() {
  static auto* const instance = new Depot;
  return *instance;
}

/// Hands this thread's blocks to the depot when the thread ends.
struct CacheReturner {
  CacheReturner() { this_thread_blocks().registered = true; }
  CacheReturner(const CacheReturner&) = delete;
  CacheReturner& operator=(const CacheReturner&) = delete;
  ~CacheReturner() {
    BlockCache& cache = this_thread_blocks();
    // From here on, blocks freed by destructors that run later on this thread go straight to the depot.
    cache.registered = false;
    for (std::size_t i = 0; i < block_class_count; ++i) {
      BlockCache::List& list = cache.lists[i];
      if (list.head != nullptr) depot().give(i, std::exchange(list.head, nullptr), std::exchange(list.count, 0));
    }
  }
};

void register_this_thread() { static const thread_local CacheReturner returner; }

}  // namespace

void* allocate_block_slow(std::size_t size_class) {
  register_this_thread();
  BlockCache::List& list = this_thread_blocks().lists[size_class];
  list.head = depot().take(size_class, list.count);
  FreeBlock* block = list.head;
  list.head = block->next;
  --list.count;
  return block;
}

void free_block_slow(FreeBlock* block, std::size_t size_class) noexcept {
  BlockCache& cache = this_thread_blocks();
  BlockCache::List& list = cache.lists[size_class];
  if (list.count < batch_blocks) {
    // This thread has not registered: it frees before it ever allocated, or it is ending.
    block->next = nullptr;
    depot().give(size_class, block, 1);
    register_this_thread();
    return;
  }
  FreeBlock* head = list.head;
  FreeBlock* last = head;
  for (std::uint32_t i = 1; i < batch_blocks; ++i) last = last->next;
  list.head = last->next;
  last->next = nullptr;
  list.count -= batch_blocks;
  depot().give(size_class, head, batch_blocks);
  block->next = list.head;
  list.head = block;
  ++list.count;
}

void free_frame_with_tenants(void* block, std::size_t size) noexcept {
  ThreadState& thread = this_thread();
  FrameTenant** link = &thread.tenants;
  while (*link != nullptr) {
    FrameTenant* tenant = *link;
    if (tenant->part_ - reinterpret_cast<std::uintptr_t>(block) < size) {
      *link = tenant->next_tenant_;
      // A coroutine waits for one thing at a time, so a frame has one tenant at most.
      tenant->frame_ended(block, size);
      return;
    }
    link = &tenant->next_tenant_;
  }
  free_block(block, size);
}

}  // namespace understudy::detail
