// A task that belongs to no actor, but to a group.
#pragma once

#include "understudy/runtime/detail/task_group_core.hpp"

#include <cstdint>
#include <utility>

namespace understudy::detail {

/// Owns itself, and is counted by its group.
class SpawnedTask final : public Context {
 public:
  /// `epoch`: of the group, as it was when the task was spawned.
  SpawnedTask(TaskGroupCore& group, std::uint32_t epoch, Task<>&& task, TimePoint deadline);
  SpawnedTask(const SpawnedTask&) = delete;
  SpawnedTask& operator=(const SpawnedTask&) = delete;

  static void* operator new(std::size_t size) { return allocate_block(size); }
  static void operator delete(void* block, std::size_t size) noexcept { free_block(block, size); }

  void run() noexcept override;
  /// Destroys the task before it has been scheduled.
  void discard() noexcept;
  /// If `task` holds its thread: takes it from that. It has ended then, but for its frames. `task` may be gone.
  static void take_from_thread(SpawnedTask& task, Scheduler& scheduler);
  /// Before it is scheduled.
  void set_link(TaskLink& link);

  // Of one that has ended and is its thread's vacant one. Only on that thread.
  [[nodiscard]] bool is_of(const TaskGroupCore& group) const noexcept { return list_->group == &group; }
  /// Whether `group` may put another task in its place: nobody has killed it meanwhile.
  [[nodiscard]] bool may_be_taken_again_by(const TaskGroupCore& group) const noexcept {
    return is_of(group) && !kill_requested();
  }
  void start_again(Task<>&& task) noexcept {
    task_ = std::move(task);
    set_resume_point(task_.handle());
  }
  /// Leaves its group after all, and is gone.
  void leave() noexcept;

  /// The next in its group's list, once it has begun.
  [[nodiscard]] SpawnedTask* next() const noexcept { return place_.next; }

 private:
  class Taken;
  ~SpawnedTask() = default;

  [[nodiscard]] TaskGroupCore& group() const noexcept { return *list_->group; }
  /// Joins a list of its group. False: it has been cancelled meanwhile.
  [[nodiscard]] bool begin() noexcept;
  void leave_list() noexcept;
  void drop_link() noexcept;
  void report_exception() noexcept;
  void end() noexcept;

  TaskGroupCore::List* list_;  // Before it begins: the group's own.
  Task<> task_;
  // Both are guarded by the list's lock once it has begun.
  SpawnedTask* previous_ = nullptr;
  union {
    SpawnedTask* next;
    std::uint32_t epoch;
  } place_;
};

}  // namespace understudy::detail
