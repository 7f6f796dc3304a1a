// What each thread knows of what it runs.
#pragma once

#include "understudy/base/detail/atomic.hpp"
#include "understudy/base/error.hpp"

#include <atomic>
#include <coroutine>
#include <cstdint>

namespace understudy::detail {

class Context;
class Scheduler;
class ReplySlot;
class FrameTenant;
class TaskGroupCore;
class SpawnedTask;
class Abandoned;

/// What a supervisor wants of a thread whose context does not come back: see library_call.hpp.
///   none       nothing: the usual state
///   asked      it is to be fenced, unless it comes into the library by itself before that is confirmed
///   confirmed  what it runs has been taken from it: it may do nothing more for its context, and ends
enum class Fence : std::uint8_t { none, asked, confirmed };

/// Whether a thread makes a call that hardly ever blocks: see BlockingOptions::quick.
///   none             it does not
///   under_way        it does
///   being_relieved   which takes long: somebody takes what is its worker's from it
///   relieved         that has happened: it is no worker any more
enum class QuickCall : std::uint8_t { none, under_way, being_relieved, relieved };

/// What the thread that runs contexts keeps for them. One for each worker, and one for a simulation's thread.
struct ThreadState {
  Context* current = nullptr;      ///< The context being run, if any.
  Scheduler* scheduler = nullptr;  ///< The scheduler this thread works for, if any.
  void* worker = nullptr;          ///< The scheduler's own record of this thread.
  /// Which of the scheduler's shared workers it is, counted from 1; 0: none of them.
  std::uint32_t worker_number = 0;
  /// The coroutine to resume next, where a tail call can't be relied on (see transfer.hpp).
  std::coroutine_handle<> next_resume;
  /// Set when the root coroutine of `current` has ended.
  bool root_finished = false;
  /// The context to run next on this worker, made ready by the one that runs now: still warm in the cache.
  Context* hand_off = nullptr;
  /// The context to run once the hand-off slot is empty: it lets one that it has spawned run before it goes on.
  Context* then = nullptr;
  TaskGroupCore* then_spawns_into = nullptr;  ///< The group of which that is; compared only. Null: it does not matter.
  /// How many more contexts may be handed over like this before the run queue gets its turn. 0: ask the scheduler.
  std::uint32_t hand_offs_left = 0;
  /// Messages an actor may still handle before it yields to its neighbours.
  std::uint32_t budget = 0;
  /// When the clock was first looked at in this turn, in nanoseconds; 0: not yet.
  std::int64_t turn_seen_ns = 0;
  /// Replies dropped while an exception is under way: the end of the activation decides what their askers get.
  ReplySlot* dropped_replies = nullptr;
  /// A reply that does not fail when it is dropped, for its request is delivered again. Null once that has happened.
  ReplySlot* spared_reply = nullptr;
  /// The error for replies dropped by the frames that this thread tears down now, or null.
  const Error* teardown_error = nullptr;
  /// Parts of frames being destroyed on this thread that are still in use elsewhere (see frame_pool.hpp).
  FrameTenant* tenants = nullptr;
  /// Tasks of one large group that have ended here and that it has not counted yet (see task_group_core.hpp).
  TaskGroupCore* ended_in = nullptr;
  std::uint32_t ended_count = 0;
  /// A task that has ended here, while `then` waited, of the group into which that spawns: it is still the group's, for
  /// the next one to take its place.
  SpawnedTask* vacant = nullptr;
  /// The context that this thread is suspending now. Written by this thread (release), read by killers (acquire): once
  /// it no longer names their victim, the suspending thread touches the victim's frame no more.
  Atomic<Context*> arming{nullptr};

  // These are no steps of the model tests: nothing there holds a thread.
  /// The context whose own code runs here now; null in the library. Written by this thread (release as it leaves the
  /// library), read by who fences it (acquire), after Scheduler::heavy_fence.
  std::atomic<const Context*> user_code{nullptr};
  /// Changed by compare-and-swap on both sides once it is not `none`; read (acquire) by this thread as it enters the
  /// library. Dekker's pattern with `user_code`, ordered by Scheduler::heavy_fence.
  std::atomic<Fence> fence{Fence::none};
  /// What has been taken from this thread. Written before `fence` is confirmed.
  Abandoned* abandoned = nullptr;
  /// Changed by compare-and-swap by who relieves this thread, and by this thread as its call comes back (seq_cst): what
  /// it keeps for its worker is the other's from then on. Then written by the other (release), read here (acquire).
  std::atomic<QuickCall> quick_call{QuickCall::none};
};

/// This thread's state. Threads that are no workers have one as well, with no scheduler.
[[nodiscard]] inline ThreadState& this_thread() noexcept { return per_thread<ThreadState>(); }

}  // namespace understudy::detail
