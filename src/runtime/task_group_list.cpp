#include "understudy/runtime/detail/task_group_list.hpp"

#include "understudy/runtime/detail/task_group_core.hpp"

#include <memory>
#include <utility>
#include <vector>

namespace understudy::detail {

bool TaskGroupList::add(TaskGroupCore& group) noexcept {
  const std::lock_guard lock(mutex_);
  if (closed_) return false;
  group.next_listed_ = first_;
  if (first_ != nullptr) first_->previous_listed_ = &group;
  first_ = &group;
  group.listed_.store(true, std::memory_order_release);
  return true;
}

void TaskGroupList::remove(TaskGroupCore& group) noexcept {
  const std::lock_guard lock(mutex_);
  if (closed_) return;
  if (group.previous_listed_ == nullptr) {
    first_ = group.next_listed_;
  } else {
    group.previous_listed_->next_listed_ = group.next_listed_;
  }
  if (group.next_listed_ != nullptr) group.next_listed_->previous_listed_ = group.previous_listed_;
}

void TaskGroupList::close(Scheduler& scheduler, Duration limit) {
  std::vector<TaskGroupCore*> groups;
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    TaskGroupCore* next = nullptr;
    for (TaskGroupCore* group = std::exchange(first_, nullptr); group != nullptr; group = next) {
      next = group->next_listed_;
      const bool held = group->retain_unless_ended();
      group->listed_.store(false, std::memory_order_release);
      if (held) groups.push_back(group);
    }
  }
  for (TaskGroupCore* group : groups) group->close();
  for (TaskGroupCore* group : groups) {
    const std::unique_ptr<Completion> ended = scheduler.make_completion();
    if (!group->notify_when_empty(*ended)) continue;
    while (ended->wait_for(limit) == Completion::Waited::not_yet) {
      // Of all groups: what holds the thread may be another one's, and stand in the way of this one's tasks.
      for (TaskGroupCore* any : groups) any->take_from_threads();
    }
  }
  for (TaskGroupCore* group : groups) group->release();
}

void TaskGroupList::visit_suspensions(const std::function<bool(Suspension&)>& claim) {
  const std::lock_guard lock(mutex_);
  for (TaskGroupCore* group = first_; group != nullptr; group = group->next_listed_) group->visit_suspensions(claim);
}

}  // namespace understudy::detail
