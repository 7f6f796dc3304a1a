// TaskGroup: coroutines that run beside one another, started together and awaited together.
//
//     us::TaskGroup group(system);
//     for (int i = 0; i < 1000; ++i) group.spawn(client(i));
//     co_await group.join();
//
// Each task runs on any worker. An exception that leaves a task is logged and ends that task alone. A group that is
// destroyed cancels the tasks that still run: each is destroyed at its next suspension, with its destructors; tasks
// must therefore own what they use, or be joined first. A system that shuts down does the same to the tasks of all its
// groups, and destroys tasks that are spawned later before they begin.
#pragma once

#include "understudy/runtime/detail/event.hpp"
#include "understudy/runtime/detail/scheduler.hpp"
#include "understudy/runtime/detail/spin_lock.hpp"
#include "understudy/runtime/task.hpp"

#include <atomic>
#include <cstdint>
#include <exception>
#include <memory>
#include <utility>

namespace understudy {
namespace detail {

class SpawnedTask;

/// The deadline of what runs on this thread now; none outside of a System's coroutines.
[[nodiscard]] inline TimePoint inherited_deadline() noexcept {
  const Context* current = this_thread().current;
  return current != nullptr ? current->deadline() : TimePoint::max();
}

/// What a group and its tasks share.
class TaskGroupCore {
 public:
  /// `keeps_failure`: the first exception that leaves a task closes the group, and is kept for `failure`. Otherwise
  /// exceptions are logged.
  explicit TaskGroupCore(Scheduler& scheduler, bool keeps_failure = false) noexcept
      : scheduler_(scheduler), keeps_failure_(keeps_failure) {
    if (!scheduler.task_groups().add(*this)) closed_ = true;
  }
  TaskGroupCore(const TaskGroupCore&) = delete;
  TaskGroupCore& operator=(const TaskGroupCore&) = delete;

  /// The task's asks end by `deadline`, as if it were handling a message with that one.
  void spawn(Task<> task, TimePoint deadline, TaskLink* link = nullptr);
  void cancel() noexcept;
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
  [[nodiscard]] std::size_t size() const noexcept;

  void retain() noexcept { owners_.fetch_add(1, std::memory_order_relaxed); }
  void release() noexcept {
    if (owners_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }

 private:
  friend class SpawnedTask;
  friend class TaskGroupList;
  friend class OpenScope;
  friend class Context;
  ~TaskGroupCore() {
    if (listed_.load(std::memory_order_acquire)) scheduler_.task_groups().remove(*this);
  }
  bool retain_unless_ended() noexcept;
  void unlink(SpawnedTask& task) noexcept;

  Scheduler& scheduler_;
  const bool keeps_failure_;
  // The next scope of the same context, outwards. The context's right to run.
  TaskGroupCore* outer_ = nullptr;
  // Whether the scheduler's list holds this group. Written under the list's mutex, cleared (release) when the scheduler
  // shuts down; read by the destructor (acquire), which then leaves the scheduler alone: it may be gone.
  std::atomic<bool> listed_{false};
  // Guarded by the list's mutex.
  TaskGroupCore* next_listed_ = nullptr;
  TaskGroupCore* previous_listed_ = nullptr;
  mutable SpinLock lock_;
  // The group and each of its tasks; relaxed to add, acq_rel to drop.
  std::atomic<std::size_t> owners_{1};
  // Guarded by lock_.
  bool closed_ = false;
  SpawnedTask* first_ = nullptr;
  std::size_t count_ = 0;
  Event* waiter_ = nullptr;
  Completion* waiting_thread_ = nullptr;
  Context* waiting_context_ = nullptr;
  std::exception_ptr failure_;
};

/// By which a TaskHandle finds its task. Guarded by the group's lock; one count for the task, one for each handle.
struct TaskLink {
  SpawnedTask* task = nullptr;
  std::uint32_t owners = 1;
};

}  // namespace detail

/// One task of a group, to be stopped alone. Cheap to move; a handle that is destroyed lets its task run.
/// Threads: any, one at a time.
class TaskHandle {
 public:
  /// Of no task.
  TaskHandle() noexcept = default;
  TaskHandle(detail::TaskGroupCore& core, Task<> task, TimePoint deadline);
  TaskHandle(TaskHandle&& other) noexcept
      : core_(std::exchange(other.core_, nullptr)), link_(std::exchange(other.link_, nullptr)) {}
  TaskHandle& operator=(TaskHandle&& other) noexcept {
    std::swap(core_, other.core_);
    std::swap(link_, other.link_);
    return *this;
  }
  TaskHandle(const TaskHandle&) = delete;
  TaskHandle& operator=(const TaskHandle&) = delete;
  ~TaskHandle();

  /// Ends the task, and all that it awaits and has in its scopes, at the point where it is suspended or suspends next:
  /// its frames are destroyed, with their destructors. Returns at once. Some microseconds; nothing if it has ended.
  void cancel() noexcept {
    if (core_ != nullptr) core_->cancel(*link_);
  }
  /// True once the task has ended, one way or the other, and its frames are gone. True of no task.
  [[nodiscard]] bool ended() const noexcept { return core_ == nullptr || core_->ended(*link_); }

 private:
  detail::TaskGroupCore* core_ = nullptr;
  detail::TaskLink* link_ = nullptr;
};

/// Threads: any, but one at a time; `join` in a coroutine.
class TaskGroup {
 public:
  explicit TaskGroup(detail::Scheduler& scheduler) : core_(new detail::TaskGroupCore(scheduler)) {}
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;
  ~TaskGroup() {
    core_->cancel();
    core_->release();
  }

  /// Starts `task` on a worker. It inherits the deadline of the work that the caller has in hand, if any. Constant
  /// time.
  void spawn(Task<> task) { core_->spawn(std::move(task), detail::inherited_deadline()); }
  /// The same, for a task that goes on when that work is done: it inherits nothing.
  void spawn_regardless(Task<> task) { core_->spawn(std::move(task), TimePoint::max()); }
  /// Starts `task` as `spawn` does, with a handle by which it can be stopped alone. One block more.
  [[nodiscard("spawn starts a task without a handle")]] TaskHandle spawn_with_handle(Task<> task) {
    return {*core_, std::move(task), detail::inherited_deadline()};
  }
  /// Asks every task to end at its next suspension. Returns at once.
  void cancel() noexcept { core_->cancel(); }
  /// Waits until no task of the group runs. Not while another join of the same group waits.
  [[nodiscard]] Task<> join() {
    struct Waiter {
      explicit Waiter(detail::TaskGroupCore& group) : core(group) { core.notify_when_empty(ended); }
      Waiter(const Waiter&) = delete;
      Waiter& operator=(const Waiter&) = delete;
      ~Waiter() { core.forget_waiter(); }
      detail::TaskGroupCore& core;
      detail::Event ended;
    };
    Waiter waiter(*core_);
    co_await waiter.ended;
  }
  /// Tasks that have not ended.
  [[nodiscard]] std::size_t size() const noexcept { return core_->size(); }

 private:
  detail::TaskGroupCore* core_;
};

}  // namespace understudy
