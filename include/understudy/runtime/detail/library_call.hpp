// Fencing a thread: how an incarnation that holds its thread is taken from it, though it never comes back.
//
// An actor that loops for ever, or blocks in a call, holds a worker thread; nothing can make it let go. Its supervisor
// takes everything else away: the right to run the actor, the worker's queue, the requests in hand. The thread, should
// it ever come back, must find that out before it touches any of these. So each thread says whether it runs an actor's
// own code or the library's (`ThreadState::user_code`), and looks, as it enters the library, whether it has been fenced
// (`ThreadState::fence`): two stores and a load, no fence and no locked operation.
//
// The supervisor sets `fence` to `asked`, issues Scheduler::heavy_fence, and looks at `user_code`:
//   - the thread is in the actor's own code: whatever it calls next sees `asked` and has to take it back to `none` by
//     compare-and-swap; the supervisor confirms by compare-and-swap. One of the two wins;
//   - it is in the library: it is making progress, and the supervisor takes `asked` back.
// A confirmed fence stays. A fenced thread is refused all that the library does for actors (`LibraryCall::fenced`), is
// not given another context, and ends when its context suspends or returns: see abandoned.hpp.
#pragma once

#include "understudy/runtime/detail/thread_state.hpp"

namespace understudy::detail {

/// A thread that enters the library and finds its fence not `none`. True if it is confirmed.
[[nodiscard]] bool settle_fence(ThreadState& thread) noexcept;

/// Whether what this thread runs has been taken from it. Only where `user_code` is null.
[[nodiscard]] inline bool is_fenced(ThreadState& thread) noexcept {
  // Keeps the compiler from looking before `user_code` is written; the supervisor's barrier orders the processors.
  std::atomic_signal_fence(std::memory_order_seq_cst);
  return thread.fence.load(std::memory_order_acquire) != Fence::none && settle_fence(thread);
}

/// For the time of a call into the library by what may be an actor's own code. Nests.
class LibraryCall {
 public:
  LibraryCall() noexcept : thread_(this_thread()), outer_(thread_.user_code.load(std::memory_order_relaxed)) {
    thread_.user_code.store(nullptr, std::memory_order_relaxed);
    fenced_ = is_fenced(thread_);
  }
  LibraryCall(const LibraryCall&) = delete;
  LibraryCall& operator=(const LibraryCall&) = delete;
  // Release: who fences the thread sees what it has done here.
  ~LibraryCall() { thread_.user_code.store(outer_, std::memory_order_release); }

  /// What the caller runs for has been taken from it: it must not touch its actor, nor anything in its name.
  [[nodiscard]] bool fenced() const noexcept { return fenced_; }

 private:
  ThreadState& thread_;
  const Context* const outer_;
  bool fenced_;
};

/// The same question for calls that only need the answer.
[[nodiscard]] inline bool caller_is_fenced() noexcept { return LibraryCall().fenced(); }

/// Counts something that a fenced thread was refused. Only on such a thread.
void count_refused() noexcept;

}  // namespace understudy::detail
