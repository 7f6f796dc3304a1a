#include "understudy/runtime/detail/frame_pool.hpp"

#include "runtime/block_depot.hpp"

#include <utility>

namespace understudy::detail {
namespace {

/// How many blocks go between a thread and the depot at once.
constexpr std::uint32_t batch_blocks(std::size_t size_class) { return cached_blocks_max[size_class] / 2U; }

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
      list.count = 0;
      BlockDepot::instance().give(i, std::exchange(list.head, nullptr));
    }
  }
};

void register_this_thread() { static const thread_local CacheReturner returner; }

}  // namespace

void* allocate_block_slow(std::size_t size_class) {
  register_this_thread();
  BlockCache::List& list = this_thread_blocks().lists[size_class];
  list.head = BlockDepot::instance().take(size_class, batch_blocks(size_class), list.count);
  FreeBlock* block = list.head;
  list.head = block->next;
  --list.count;
  return block;
}

void free_block_slow(FreeBlock* block, std::size_t size_class) noexcept {
  BlockCache::List& list = this_thread_blocks().lists[size_class];
  const std::uint32_t batch = batch_blocks(size_class);
  if (list.count < batch) {
    // This thread has not registered: it frees before it ever allocated, or it is ending.
    block->next = nullptr;
    BlockDepot::instance().give(size_class, block);
    register_this_thread();
    return;
  }
  FreeBlock* head = list.head;
  FreeBlock* last = head;
  for (std::uint32_t i = 1; i < batch; ++i) last = last->next;
  list.head = std::exchange(last->next, nullptr);
  list.count -= batch;
  BlockDepot::instance().give_batch(size_class, head, batch);
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
