// The groups of tasks of one scheduler: so that its shutdown can end the tasks of them all.
#pragma once

#include "understudy/base/clock.hpp"
#include "understudy/base/detail/atomic.hpp"

#include <functional>

namespace understudy::detail {

class Scheduler;
class Suspension;
class TaskGroupCore;

class TaskGroupList {
 public:
  TaskGroupList() = default;
  TaskGroupList(const TaskGroupList&) = delete;
  TaskGroupList& operator=(const TaskGroupList&) = delete;

  /// Takes `group` in. False: the list is closed, and the group takes no tasks. Any thread.
  bool add(TaskGroupCore& group) noexcept;
  /// Takes a group out that is in. Any thread.
  void remove(TaskGroupCore& group) noexcept;
  /// Destroys the tasks of all groups where they are suspended, and waits until none runs. Tasks that come later are
  /// destroyed before they begin. Those that hold their threads for longer than `limit` are taken from them. Called
  /// once; not on a worker.
  void close(Scheduler& scheduler, Duration limit);
  /// TaskGroupCore::visit_suspensions for all groups. Not on a worker.
  void visit_suspensions(const std::function<bool(Suspension&)>& claim);

 private:
  ThreadMutex mutex_;
  TaskGroupCore* first_ = nullptr;
  bool closed_ = false;
};

}  // namespace understudy::detail
