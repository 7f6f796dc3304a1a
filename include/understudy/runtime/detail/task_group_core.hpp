// What a group of tasks and its tasks share.
//
// One word, `state_`, counts the tasks that have not ended and the owners of the group. Spawning a task adds to it and
// queues the task; nothing else of the group is written, so a coroutine that spawns millions does not fight for a lock
// with the workers that end them. A task joins a list only when it begins, on the worker that runs it: the group's own
// list, or, once the group has grown large, that worker's. What has not begun needs no list to be cancelled: it
// compares the group's `epoch_` with the one under which it was spawned before it begins. While thousands of tasks are
// left, a worker counts those that have ended by the dozen, so that its word stays with the spawner.
//
// Who spawns tasks one after another, and lets each run at once (`TaskGroup::spawn_now`), would add to the word and
// take from it in turn. So a task that ends while its spawner stands ready on the same thread (`ThreadState::then`)
// stays in its list and counted, as that thread's *vacant* one, and the next takes its place: no locked operation, no
// block. A kill that meets it vacant leaves its mark, and then it is not taken again. It leaves its group once the
// spawner waits for anything else, has to queue, or spawns into another group.
#pragma once

#include "understudy/base/detail/atomic.hpp"
#include "understudy/runtime/detail/event.hpp"
#include "understudy/runtime/detail/scheduler.hpp"
#include "understudy/runtime/detail/spin_lock.hpp"
#include "understudy/runtime/task.hpp"

#include <cstdint>
#include <exception>
#include <functional>
#include <utility>

namespace understudy::detail {

class SpawnedTask;

/// By which a TaskHandle finds its task. Guarded by the group's lock; one count for the task, one for each handle.
struct TaskLink {
  SpawnedTask* task = nullptr;
  std::uint32_t owners = 1;
};

class TaskGroupCore {
 public:
  /// `keeps_failure`: the first exception that leaves a task closes the group, and is kept for `failure`. Otherwise
  /// exceptions are logged.
  explicit TaskGroupCore(Scheduler& scheduler, bool keeps_failure = false) noexcept;
  TaskGroupCore(const TaskGroupCore&) = delete;
  TaskGroupCore& operator=(const TaskGroupCore&) = delete;

  /// The task's asks end by `deadline`, as if it were handling a message with that one.
  void spawn(Task<> task, TimePoint deadline, TaskLink* link = nullptr);
  /// The same, but the caller, a coroutine of this scheduler, is to let the task run first: hands out the right to run
  /// it. Null: there is nothing to wait for, the task has been refused, or is another system's and queued there.
  [[nodiscard]] Context* spawn_to_run(Task<>&& task, TimePoint deadline);
  void cancel() noexcept;
  /// Looks at what the group's tasks wait for: Context::finish_visit for each that has begun. None of them ends
  /// meanwhile.
  void visit_suspensions(const std::function<bool(Suspension&)>& claim) noexcept;
  /// Takes tasks that hold their threads from them: they have ended, but for their frames, which those threads end if
  /// they ever come back. Not on a worker.
  void take_from_threads();
  void cancel(TaskLink& link) noexcept;
  [[nodiscard]] bool ended(const TaskLink& link) const noexcept;
  void let_go(TaskLink& link) noexcept;
  /// True if no task runs. Otherwise the last one to end schedules `context`, which holds no right to run meanwhile.
  [[nodiscard]] bool schedule_when_empty(Context& context) noexcept;
  /// Keeps `failure` if it is the first, and closes the group. False: it is another, and is not kept.
  bool fail(const std::exception_ptr& failure) noexcept;
  [[nodiscard]] std::exception_ptr failure() const noexcept;
  /// Sets `ended` once no task runs; at once if none does. One waiter at a time.
  void notify_when_empty(Event& ended) noexcept;
  void forget_waiter() noexcept;
  /// Cancels the tasks, and takes no more.
  void close() noexcept;
  /// The same as notify_when_empty, for a thread. False if no task runs: `ended` then is not set.
  [[nodiscard]] bool notify_when_empty(Completion& ended) noexcept;
  /// Tasks that have not ended. Exact when nothing moves.
  [[nodiscard]] std::size_t size() const noexcept;

  /// Lets the thread's vacant task leave its group, if there is one. By the worker, or who has taken its thread.
  static void give_up_vacant(ThreadState& thread) noexcept;
  /// Counts the tasks that have ended on this thread and are not counted yet. By workers, every few turns.
  static void count_ended(ThreadState& thread) noexcept {
    // While `then` waits, it is likely to be taken again in a moment.
    if (thread.vacant != nullptr && thread.then == nullptr) [[unlikely]]
      give_up_vacant(thread);
    if (thread.ended_in != nullptr) [[unlikely]]
      std::exchange(thread.ended_in, nullptr)->tasks_ended(std::exchange(thread.ended_count, 0));
  }

  void retain() noexcept { state_.fetch_add(one_owner, std::memory_order_relaxed); }
  void release() noexcept {
    if (((state_.fetch_sub(one_owner, std::memory_order_acq_rel) - one_owner) & ~closed_bit) == 0) delete this;
  }

 private:
  friend class SpawnedTask;
  friend class TaskGroupList;
  friend class OpenScope;
  friend class Context;

  /// Tasks that have begun and not ended.
  struct List {
    TaskGroupCore* group = nullptr;
    SpinLock lock;
    SpawnedTask* first = nullptr;  // Guarded by the lock.
  };
  /// The list of one worker; apart from those of the others.
  struct alignas(64) WorkerList : List {};

  static constexpr std::uint64_t one_task = 1;
  static constexpr std::uint64_t one_owner = std::uint64_t{1} << 32U;
  static constexpr std::uint64_t closed_bit = std::uint64_t{1} << 63U;
  static constexpr std::uint64_t tasks_when_large = 1024;
  static constexpr std::uint64_t many_tasks = 8192;
  static constexpr std::uint32_t ended_together = 64;
  static std::uint64_t tasks_of(std::uint64_t state) noexcept { return state & 0xFFFF'FFFFU; }

  ~TaskGroupCore();
  /// Tasks that have not been counted as ended.
  [[nodiscard]] std::size_t counted() const noexcept { return tasks_of(state_.load(std::memory_order_relaxed)); }
  /// Counts a task; null if it is refused.
  [[nodiscard]] SpawnedTask* make(Task<>&& task, TimePoint deadline, TaskLink* link);
  /// The same for the calling thread, whatever that runs.
  static void give_up_own_vacant() noexcept;
  bool retain_unless_ended() noexcept;
  [[nodiscard]] List& list_for_this_thread() noexcept;
  void make_worker_lists() noexcept;
  template <typename Visit>
  void for_each_list(Visit visit) noexcept;
  template <typename Visit>
  void for_each_begun(Visit visit) noexcept;
  void lock_lists() noexcept;
  void unlock_lists() noexcept;
  void task_ended() noexcept;
  void tasks_ended(std::uint32_t count) noexcept;
  void notify_waiters() noexcept;

  // First what every spawn and every beginning reads, and few write.
  Scheduler& scheduler_;
  // How often the group was cancelled. Written under lock_ (release), read by `spawn` (acquire) before it counts the
  // task, and again, under the lock of the task's list, when the task begins.
  Atomic<std::uint32_t> epoch_{0};
  const bool keeps_failure_;
  // Made by the spawn with which the group becomes large, under lock_ (release); read by tasks that begin (acquire).
  Atomic<WorkerList*> worker_lists_{nullptr};
  // Whether so many tasks are left that it does not matter if some that have ended are counted later. Written by who
  // counts, if it changes; read by tasks that end; relaxed, both are right.
  Atomic<bool> many_left_{false};
  List own_list_;
  // The next scope of the same context, outwards. The context's right to run.
  TaskGroupCore* outer_ = nullptr;
  // Whether the scheduler's list holds this group. Written under the list's mutex, cleared (release) when the scheduler
  // shuts down; read by the destructor (acquire), which then leaves the scheduler alone: it may be gone.
  Atomic<bool> listed_{false};
  // Guarded by the list's mutex.
  TaskGroupCore* next_listed_ = nullptr;
  TaskGroupCore* previous_listed_ = nullptr;

  // Bit 63: closed. Bits 62..32: owners, of which the group's handle is one, each TaskHandle one. Bits 31..0: tasks.
  // Adding an owner is relaxed, for who adds one has one. Adding a task is acq_rel and so is closing: a task that was
  // counted before the group was closed has read `epoch_` before the close moves it on. Dropping is acq_rel: the last
  // one, which deletes the group, sees what all others did with it.
  Atomic<std::uint64_t> state_{one_owner};
  mutable SpinLock lock_;
  // Guarded by lock_.
  Event* waiter_ = nullptr;
  Completion* waiting_thread_ = nullptr;
  Context* waiting_context_ = nullptr;
  std::exception_ptr failure_;
};

}  // namespace understudy::detail
