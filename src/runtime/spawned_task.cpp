#include "runtime/spawned_task.hpp"

#include "base/log.hpp"
#include "understudy/runtime/detail/abandoned.hpp"

#include <exception>

namespace understudy::detail {

SpawnedTask::SpawnedTask(TaskGroupCore& group, std::uint32_t epoch, Task<>&& task, TimePoint deadline)
    : Context(group.scheduler_), list_(&group.own_list_), task_(std::move(task)), place_{.epoch = epoch} {
  set_resume_point(task_.handle());
  set_deadline(deadline);
}

void SpawnedTask::run() noexcept {
  retire();
  if (kill_requested() || (!has_begun() && !begin())) {
    if (scopes_ended()) end();
    return;
  }
  if (!resume()) return;
  if (task_.handle().promise().exception()) [[unlikely]]
    report_exception();
  end();
}

bool SpawnedTask::begin() noexcept {
  TaskGroupCore::List& list = group().list_for_this_thread();
  const SpinGuard guard(list.lock);
  // Whoever cancels moves the epoch on before it takes the lock of this list: it has found this task here, or this
  // task finds the new epoch.
  if (group().epoch_.load(std::memory_order_relaxed) != place_.epoch) return false;
  set_begun();
  list_ = &list;
  place_.next = list.first;
  if (list.first != nullptr) list.first->previous_ = this;
  list.first = this;
  return true;
}

void SpawnedTask::leave_list() noexcept {
  const SpinGuard guard(list_->lock);
  (previous_ == nullptr ? list_->first : previous_->place_.next) = place_.next;
  if (place_.next != nullptr) place_.next->previous_ = previous_;
}

void SpawnedTask::set_link(TaskLink& link) {
  make_extras().link = &link;
  link.task = this;
  ++link.owners;
}

void SpawnedTask::drop_link() noexcept {
  const SpinGuard guard(group().lock_);
  if (TaskLink* link = std::exchange(make_extras().link, nullptr)) {
    link->task = nullptr;
    if (--link->owners == 0) delete link;
  }
}

void SpawnedTask::report_exception() noexcept {
  const std::exception_ptr& exception = task_.handle().promise().exception();
  if (group().fail(exception)) return;
  try {
    std::rethrow_exception(exception);
  } catch (const std::exception& error) {
    log_error("a task ended by an exception: {}", error.what());
  } catch (...) {
    log_error("a task ended by an exception that is no std::exception");
  }
}

/// A task whose thread did not come back.
class SpawnedTask::Taken final : public Abandoned {
 public:
  explicit Taken(SpawnedTask& task) noexcept : task_(&task) {}
  void come_back() noexcept override {
    wait_until_ready();
    delete task_;
  }

 private:
  SpawnedTask* task_;
};

void SpawnedTask::take_from_thread(SpawnedTask& task, Scheduler& scheduler) {
  auto taken = std::make_unique<Taken>(task);
  if (!scheduler.take_from_thread(task, *taken)) return;
  task.leave_list();
  if (task.has_extras()) task.drop_link();
  task.group().task_ended();
  taken->release_thread();
  taken.release()->let_go();
}

void SpawnedTask::discard() noexcept {
  TaskGroupCore& its_group = group();
  if (has_extras()) drop_link();
  delete this;
  its_group.task_ended();
}

void SpawnedTask::end() noexcept {
  task_.reset();
  ThreadState& thread = this_thread();
  if (thread.then != nullptr && thread.then_spawns_into == &group() && thread.vacant == nullptr && has_begun() &&
      !has_extras() && !kill_requested()) {
    thread.vacant = this;
    return;
  }
  leave();
}

void SpawnedTask::leave() noexcept {
  if (has_begun()) leave_list();
  discard();
}

}  // namespace understudy::detail
