// TaskGroup: coroutines that run beside one another, started together and awaited together.
//
//     us::TaskGroup group(system);
//     for (int i = 0; i < 1000; ++i) group.spawn(client(i));
//     co_await group.join();
//
// With `co_await group.spawn_now(client(i))` each runs before the next is spawned: for a great many short ones.
//
// Each task runs on any worker. An exception that leaves a task is logged and ends that task alone. A group that is
// destroyed cancels the tasks that still run: each is destroyed at its next suspension, with its destructors; tasks
// must therefore own what they use, or be joined first. A system that shuts down does the same to the tasks of all its
// groups, and destroys tasks that are spawned later before they begin.
#pragma once

#include "understudy/runtime/detail/spawn_now.hpp"
#include "understudy/runtime/detail/task_group_core.hpp"

#include <cstddef>
#include <utility>

namespace understudy {

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
    core_->cancel();  // NOLINT(clang-analyzer-cplusplus.NewDelete): counted, and this holds one count
    core_->release();
  }

  /// Starts `task` on a worker. It inherits the deadline of the work that the caller has in hand, if any. Constant
  /// time.
  void spawn(Task<> task) { core_->spawn(std::move(task), detail::inherited_deadline()); }
  /// Starts `task` as `spawn` does, and lets it run before the caller goes on: `co_await group.spawn_now(task)`. On
  /// this worker, while it is warm: the task runs until it ends or first waits, and so does the actor that it asks. For
  /// many short tasks, of which few exist at once then. Not for one that computes for long, or blocks its
  /// thread: meanwhile the caller waits, and no other worker takes its place. An order of preference, no promise: when
  /// others have waited for long, the caller is an actor that is bound, or the group is another system's, the task is
  /// queued, as by `spawn`, and the caller may go on first. Who joins the group elsewhere may hear of the task's end
  /// only when the caller next waits. In a coroutine of a System. Constant time, and mostly no block but the task's own
  /// frame.
  [[nodiscard]] detail::SpawnNow spawn_now(Task<> task) noexcept { return {*core_, std::move(task)}; }
  /// The same as `spawn`, for a task that goes on when that work is done: it inherits nothing.
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
