#include "understudy/runtime/detail/library_call.hpp"

#include "understudy/runtime/detail/abandoned.hpp"

namespace understudy::detail {

bool settle_fence(ThreadState& thread) noexcept {
  Fence seen = Fence::asked;
  // It has come into the library by itself: who asked takes it for alive.
  if (thread.fence.compare_exchange_strong(seen, Fence::none, std::memory_order_acq_rel)) return false;
  if (seen != Fence::confirmed) return false;
  // No worker any more: what it makes ready goes to those that are.
  thread.scheduler = nullptr;
  thread.worker = nullptr;
  thread.worker_number = 0;
  thread.hand_offs_left = 0;
  return true;
}

void count_refused() noexcept {
  ThreadState& thread = this_thread();
  if (thread.abandoned != nullptr) thread.abandoned->counts().refused.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace understudy::detail
