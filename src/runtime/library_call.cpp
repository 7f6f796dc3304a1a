#include "understudy/runtime/detail/library_call.hpp"

#include "understudy/runtime/detail/abandoned.hpp"
#include "understudy/runtime/detail/scheduler.hpp"

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

bool fence_thread(ThreadState& state, const Context& context, Abandoned& abandoned, Scheduler& scheduler) noexcept {
  state.abandoned = &abandoned;
  Fence expected = Fence::none;
  if (!state.fence.compare_exchange_strong(expected, Fence::asked, std::memory_order_acq_rel)) return false;
  scheduler.heavy_fence();
  // Acquire: pairs with the release as the thread leaves the library; what it did there has been done.
  const bool held = state.user_code.load(std::memory_order_acquire) == &context;
  expected = Fence::asked;
  return state.fence.compare_exchange_strong(expected, held ? Fence::confirmed : Fence::none,
                                             std::memory_order_acq_rel) &&
         held;
}

void end_what_was_left(ThreadState& state) noexcept {
  static_cast<void>(settle_fence(state));
  Abandoned& abandoned = *state.abandoned;
  abandoned.come_back();
  abandoned.do_what_was_put_off();
  state.abandoned = nullptr;
  abandoned.counts().threads_now.fetch_sub(1, std::memory_order_relaxed);
  abandoned.let_go();
}

void count_refused() noexcept {
  ThreadState& thread = this_thread();
  if (thread.abandoned != nullptr) thread.abandoned->counts().refused.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace understudy::detail
