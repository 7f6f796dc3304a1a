// What `co_await group.spawn_now(task)` awaits.
#pragma once

#include "understudy/runtime/detail/task_group_core.hpp"
#include "understudy/runtime/detail/turn.hpp"
#include "understudy/runtime/task.hpp"

#include <coroutine>
#include <utility>

namespace understudy::detail {

class [[nodiscard("spawn_now starts its task once it is awaited: co_await it")]] SpawnNow {
 public:
  SpawnNow(TaskGroupCore& core, Task<> task) noexcept : core_(core), task_(std::move(task)) {}

  [[nodiscard]] bool await_ready() {
    first_ = core_.spawn_to_run(std::move(task_), inherited_deadline());
    return first_ == nullptr;
  }
  void await_suspend(std::coroutine_handle<> awaiting) noexcept { suspension_.suspend_behind(awaiting, *first_); }
  void await_resume() const noexcept {}

 private:
  TaskGroupCore& core_;
  Task<> task_;
  Context* first_ = nullptr;
  TurnOver suspension_;
};

}  // namespace understudy::detail
