// Context: one stack of coroutines that runs on one thread at a time. A spawned task is one, an actor is one.
//
// Who may run a context. At any instant exactly one party holds the *right to run* it: the run queue it stands in, the
// thread that runs it, or, while it is suspended, whoever first *claims* the suspension it waits on. Each suspension
// has one word on which that claim is decided (an answer against a time-out, a message against a stop), so a context
// is scheduled exactly once for each suspension and needs no lock of its own.
//
// How a suspended context is taken down. `request_kill` may come from any thread, at any instant:
//   1. the killer sets `kill_requested_`, then issues a process-wide barrier (Scheduler::heavy_fence);
//   2. a context that is about to suspend publishes its suspension, then reads `kill_requested_`; thanks to the
//      barrier, one of the two sees the other, though the suspending side pays for no fence;
//   3. the killer has counted itself among the context's visitors before that barrier, and, as above, whoever resumes
//      the context either is seen to have withdrawn the suspension, or sees the visitor, and waits for it to leave: so
//      the suspension can't be destroyed under the killer's hands. The killer waits until the suspending thread has let
//      go of it (`ThreadState::arming`), and tries to claim it. If it won, it schedules the context, which then is
//      destroyed instead of resumed.
#pragma once

#include "understudy/base/clock.hpp"
#include "understudy/base/detail/atomic.hpp"
#include "understudy/base/error.hpp"
#include "understudy/runtime/detail/library_call.hpp"
#include "understudy/runtime/detail/suspension.hpp"
#include "understudy/runtime/detail/thread_state.hpp"

#include <coroutine>
#include <cstdint>

namespace understudy::detail {

class Context;
class Scheduler;
class ActorCell;
class ReplySlot;
class FrameTenant;
class TaskGroupCore;
struct TaskLink;

/// What few contexts have. Made when it is first needed.
struct ContextExtras {
  /// When the work in hand must be done. Asks that are made meanwhile, and tasks that are spawned, inherit it.
  TimePoint deadline = TimePoint::max();
  /// Groups of tasks that end before any frame of this context does (runtime/scope.hpp), the innermost first.
  TaskGroupCore* scopes = nullptr;
  /// Of a task that was spawned with a TaskHandle: what the handle refers to it by.
  TaskLink* link = nullptr;
};

class Context {
 public:
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  /// Runs the context until it suspends or ends. Called by the holder of the right to run, which is spent by it.
  virtual void run() noexcept = 0;
  /// The actor this context belongs to, or null for a task outside all actors.
  [[nodiscard]] virtual ActorCell* cell() noexcept { return nullptr; }

  /// Asks that the context be destroyed at its next (or present) suspension. Any thread; the caller keeps it alive.
  void request_kill() noexcept;
  /// The two halves of it, for killing many at the price of one Scheduler::heavy_fence in between.
  void mark_killed() noexcept {
    kill_requested_.store(true, std::memory_order_release);
    begin_visit();
  }
  void take_down() noexcept;
  /// A visit: this, Scheduler::heavy_fence, then `finish_visit`, which runs `claim(suspension)` if the context is
  /// suspended, while what it waits for is kept from being destroyed, and schedules the context if that took the right
  /// to resume it.
  void begin_visit() noexcept { visitors_.fetch_add(1, std::memory_order_acq_rel); }
  template <typename Claim>
  void finish_visit(Claim claim) noexcept;
  [[nodiscard]] bool kill_requested() const noexcept { return kill_requested_.load(std::memory_order_relaxed); }

  /// Called by an awaiter's await_suspend, on the running thread, before anything can claim `suspension`. Returns false
  /// if the context is to be killed, or has been taken from this thread: the awaiter then arms nothing and calls
  /// `give_up`.
  [[nodiscard]] bool publish(std::coroutine_handle<> resume_at, Suspension& suspension) noexcept {
    ThreadState& thread = this_thread();
    // From here on in the library: until the context is resumed, or takes the suspension back.
    thread.user_code.store(nullptr, std::memory_order_relaxed);
    if (is_fenced(thread)) [[unlikely]]
      return false;
    resume_point_ = resume_at;
    thread.arming.store(this, std::memory_order_relaxed);
    // Release: pairs with the visitor's acquire in `visit`, which then sees `arming` as well.
    suspension_.store(&suspension, std::memory_order_release);
    // The killer's process-wide barrier orders the processors; this keeps the compiler from doing the load first.
    std::atomic_signal_fence(std::memory_order_seq_cst);
    return !kill_requested();
  }
  /// Called after the awaiter has armed its event. Touches no frame and no context: either may be gone by now.
  static void armed() noexcept { this_thread().arming.store(nullptr, std::memory_order_release); }
  /// Takes `publish` back, so that the coroutine goes on at once. The suspension must be one that nobody can claim.
  void unpublish() noexcept {
    withdraw();
    go_on();
  }
  /// Its two halves: back in the library, and back in the coroutine.
  void withdraw() noexcept {
    armed();
    retire();
  }
  void go_on() noexcept { this_thread().user_code.store(this, std::memory_order_release); }
  /// Ends an await_suspend whose `publish` said no. The suspension must be one that nobody can claim. The context is
  /// gone, or about to be, when this returns.
  void give_up() noexcept {
    armed();
    if (!is_fenced(this_thread())) schedule();
  }
  /// Suspends the running context, at `resume_at`, behind everything that is ready. `suspension` can be claimed by
  /// nobody; a kill is seen when it runs again.
  void yield_turn(std::coroutine_handle<> resume_at, Suspension& suspension) noexcept;
  /// The same, but it goes on as soon as `first` has run, of which the caller has the right to run.
  void yield_to(Context& first, std::coroutine_handle<> resume_at, Suspension& suspension) noexcept;

  /// The suspension it waits on was claimed by the caller, who hands the right to run to the scheduler. Any thread.
  void schedule() noexcept {
    ThreadState& thread = this_thread();
    // Not in an actor's own code, where the thread may be fenced at any instant: it then keeps nothing for itself.
    if (thread.scheduler == scheduler_ && thread.hand_offs_left != 0 && thread.hand_off == nullptr && home_ == 0 &&
        thread.user_code.load(std::memory_order_relaxed) == nullptr) {
      thread.hand_off = this;
    } else {
      schedule_elsewhere();
    }
  }

  /// When the work in hand must be done; TimePoint::max(): it has no deadline. This, and all about extras: the holder
  /// of the right to run.
  [[nodiscard]] TimePoint deadline() const noexcept { return has_extras_ ? find_extras().deadline : TimePoint::max(); }
  void set_deadline(TimePoint deadline) {
    if (has_extras_ || deadline != TimePoint::max()) [[unlikely]]
      make_extras().deadline = deadline;
  }

  /// What few contexts have; made if it is not there. Elsewhere than in the context, which costs no byte for it.
  ContextExtras& make_extras();

  [[nodiscard]] Scheduler& scheduler() const noexcept { return *scheduler_; }
  [[nodiscard]] bool is_actor() const noexcept { return actor_; }
  /// Whether it is suspended in something. A hint: it may go on at any time.
  [[nodiscard]] bool seems_suspended() const noexcept { return suspension_.load(std::memory_order_relaxed) != nullptr; }
  /// Where it must run: 0 anywhere, otherwise a number that its scheduler has given it.
  [[nodiscard]] std::uint16_t home() const noexcept { return home_; }
  /// Only by its scheduler, before the context is scheduled for the first time.
  void set_home(std::uint16_t home) noexcept { home_ = home; }
  [[nodiscard]] std::coroutine_handle<> resume_point() const noexcept { return resume_point_; }

  /// Runs `inspect(suspension)` while what it waits for is kept from being destroyed. False if it runs, or stands in a
  /// run queue. Any thread; the caller keeps the context alive. Costs a Scheduler::heavy_fence.
  template <typename Inspect>
  bool with_suspension(Inspect inspect) noexcept;

  Context* next_ready = nullptr;  ///< Link of the run queue that it stands in.

 protected:
  explicit Context(Scheduler& scheduler, bool actor = false) noexcept : scheduler_(&scheduler), actor_(actor) {}
  ~Context() {
    if (has_extras_) [[unlikely]]
      drop_extras();
  }

  /// Withdraws the suspension, and waits for visitors to leave it. First thing in `run`.
  void retire() noexcept {
    suspension_.store(nullptr, std::memory_order_relaxed);
    // As in `publish`: the visitor's process-wide barrier orders the processors.
    std::atomic_signal_fence(std::memory_order_seq_cst);
    // Acquire: pairs with the release in `end_visit`; what the visitor did with the suspension has been done.
    if (visitors_.load(std::memory_order_acquire) != 0) [[unlikely]]
      wait_for_visitors();
  }
  [[nodiscard]] bool has_extras() const noexcept { return has_extras_; }
  /// Where the extras are, which exist; and making them. Of tasks, a table; actors have a pointer.
  [[nodiscard]] virtual ContextExtras& find_extras() const noexcept;
  virtual ContextExtras& add_extras();
  /// Before the frames of a killed context are destroyed: kills the tasks of its scopes. False: some have not ended;
  /// the right to run is theirs, and the last of them schedules the context.
  [[nodiscard]] bool scopes_ended() noexcept { return !has_extras_ || end_scopes(); }
  /// Resumes the coroutine at `resume_point_`. Returns true if the root coroutine has ended; otherwise the context may
  /// already be running elsewhere, or be gone, and must not be touched. So it is when it has been taken from this
  /// thread meanwhile.
  bool resume() noexcept;
  void set_resume_point(std::coroutine_handle<> handle) noexcept { resume_point_ = handle; }
  /// Whether it has run before, if its class says so. Kept here because here is room for it.
  [[nodiscard]] bool has_begun() const noexcept { return begun_; }
  void set_begun() noexcept { begun_ = true; }
  void clear_kill() noexcept { kill_requested_.store(false, std::memory_order_relaxed); }

 private:
  bool end_scopes() noexcept;
  void drop_extras() noexcept;
  void schedule_elsewhere() noexcept;
  void wait_for_visitors() const noexcept;
  template <typename Inspect>
  bool visit(Inspect inspect) noexcept;
  void end_visit() noexcept { visitors_.fetch_sub(1, std::memory_order_release); }

  std::coroutine_handle<> resume_point_;
  // Null while running or queued. Written by the running thread (release), cleared by the one that runs it next
  // (relaxed; see `retire`), read by visitors (acquire).
  Atomic<Suspension*> suspension_{nullptr};
  Scheduler* scheduler_;
  // Killers and inspectors that may be looking at the suspension. Written by them (acq_rel, and release to leave), read
  // in `retire` (acquire); Dekker's pattern with `suspension_`, ordered by Scheduler::heavy_fence.
  Atomic<std::uint32_t> visitors_{0};
  // Written by killers, read by the running thread at each suspension; ordered by Scheduler::heavy_fence (see above).
  Atomic<bool> kill_requested_{false};
  // The first two: the holder of the right to run.
  bool has_extras_ : 1 = false;
  bool begun_ : 1 = false;
  const bool actor_ : 1;
  std::uint16_t home_ = 0;
};

/// The deadline of what runs on this thread now; none outside of a System's coroutines.
[[nodiscard]] inline TimePoint inherited_deadline() noexcept {
  const Context* current = this_thread().current;
  return current != nullptr ? current->deadline() : TimePoint::max();
}

}  // namespace understudy::detail
