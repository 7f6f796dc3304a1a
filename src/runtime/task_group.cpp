#include "understudy/runtime/task_group.hpp"

#include "base/log.hpp"

#include <exception>
#include <vector>

namespace understudy::detail {

/// A task that belongs to no actor. Owns itself, and one count of its group.
class SpawnedTask final : public Context {
 public:
  SpawnedTask(TaskGroupCore& group, Task<> task) : Context(group.scheduler_), group_(group), task_(std::move(task)) {
    set_resume_point(task_.handle());
    group_.retain();
  }
  SpawnedTask(const SpawnedTask&) = delete;
  SpawnedTask& operator=(const SpawnedTask&) = delete;

  static void* operator new(std::size_t size) { return allocate_block(size); }
  static void operator delete(void* block, std::size_t size) noexcept { free_block(block, size); }

  void run() noexcept override {
    retire();
    if (kill_requested()) {
      if (scopes_ended()) end();
      return;
    }
    if (!resume()) return;
    report_exception();
    end();
  }

  /// Destroys the task before it has begun.
  void discard() noexcept {
    TaskGroupCore& group = group_;
    delete this;
    group.release();
  }

  void set_link(TaskLink& link) {
    make_extras().link = &link;
    link.task = this;
    ++link.owners;
  }
  /// With the group's lock held.
  void drop_link() noexcept {
    if (!has_extras()) return;
    if (TaskLink* link = std::exchange(make_extras().link, nullptr)) {
      link->task = nullptr;
      if (--link->owners == 0) delete link;
    }
  }

  SpawnedTask* next = nullptr;
  SpawnedTask* previous = nullptr;

 private:
  ~SpawnedTask() = default;

  void report_exception() noexcept {
    const std::exception_ptr& exception = task_.handle().promise().exception();
    if (!exception || group_.fail(exception)) return;
    try {
      std::rethrow_exception(exception);
    } catch (const std::exception& error) {
      log_error("a task ended by an exception: {}", error.what());
    } catch (...) {
      log_error("a task ended by an exception that is no std::exception");
    }
  }
  void end() noexcept {
    TaskGroupCore& group = group_;
    task_.reset();
    group.unlink(*this);
    delete this;
    group.release();
  }

  TaskGroupCore& group_;
  Task<> task_;
};

void TaskGroupCore::spawn(Task<> task, TimePoint deadline, TaskLink* link) {
  auto* spawned = new SpawnedTask(*this, std::move(task));
  spawned->set_deadline(deadline);
  bool refused = false;
  {
    const SpinGuard guard(lock_);
    refused = closed_;
    if (!refused) {
      if (link != nullptr) spawned->set_link(*link);
      spawned->next = first_;
      if (first_ != nullptr) first_->previous = spawned;
      first_ = spawned;
      ++count_;
    }
  }
  if (refused) {
    spawned->discard();
  } else {
    scheduler_.schedule_behind(*spawned);
  }
}

void TaskGroupCore::unlink(SpawnedTask& task) noexcept {
  const SpinGuard guard(lock_);
  task.drop_link();
  if (task.previous == nullptr) {
    first_ = task.next;
  } else {
    task.previous->next = task.next;
  }
  if (task.next != nullptr) task.next->previous = task.previous;
  // Set under the lock: a waiter that is being destroyed takes the lock first, to be forgotten.
  if (--count_ != 0) return;
  if (waiter_ != nullptr) std::exchange(waiter_, nullptr)->set();
  if (waiting_thread_ != nullptr) std::exchange(waiting_thread_, nullptr)->set();
  if (waiting_context_ != nullptr) std::exchange(waiting_context_, nullptr)->schedule();
}

bool TaskGroupCore::schedule_when_empty(Context& context) noexcept {
  const SpinGuard guard(lock_);
  if (count_ == 0) return true;
  waiting_context_ = &context;
  return false;
}

bool TaskGroupCore::fail(const std::exception_ptr& failure) noexcept {
  if (!keeps_failure_) return false;
  {
    const SpinGuard guard(lock_);
    if (failure_ == failure) return true;
    if (failure_) return false;
    failure_ = failure;
  }
  close();
  return true;
}

std::exception_ptr TaskGroupCore::failure() const noexcept {
  const SpinGuard guard(lock_);
  return failure_;
}

void TaskGroupCore::cancel(TaskLink& link) noexcept {
  const SpinGuard guard(lock_);
  if (link.task != nullptr) link.task->request_kill();
}

void TaskGroupCore::let_go(TaskLink& link) noexcept {
  const SpinGuard guard(lock_);
  if (--link.owners == 0) delete &link;
}

bool TaskGroupCore::ended(const TaskLink& link) const noexcept {
  const SpinGuard guard(lock_);
  return link.task == nullptr;
}

bool Context::end_scopes() noexcept {
  TaskGroupCore* const innermost = find_extras().scopes;
  for (TaskGroupCore* scope = innermost; scope != nullptr; scope = scope->outer_) scope->close();
  for (TaskGroupCore* scope = innermost; scope != nullptr; scope = scope->outer_) {
    if (!scope->schedule_when_empty(*this)) return false;
  }
  return true;
}

void TaskGroupCore::cancel() noexcept {
  // Under the lock, so that no task can end, and be gone, while it is asked to.
  const SpinGuard guard(lock_);
  if (first_ == nullptr) return;
  for (SpawnedTask* task = first_; task != nullptr; task = task->next) task->mark_killed();
  scheduler_.heavy_fence();
  for (SpawnedTask* task = first_; task != nullptr; task = task->next) task->take_down();
}

void TaskGroupCore::close() noexcept {
  {
    const SpinGuard guard(lock_);
    closed_ = true;
  }
  cancel();
}

bool TaskGroupCore::notify_when_empty(Completion& ended) noexcept {
  const SpinGuard guard(lock_);
  if (count_ == 0) return false;
  waiting_thread_ = &ended;
  return true;
}

void TaskGroupCore::notify_when_empty(Event& ended) noexcept {
  const SpinGuard guard(lock_);
  if (count_ == 0) {
    ended.set();
  } else {
    waiter_ = &ended;
  }
}

void TaskGroupCore::forget_waiter() noexcept {
  const SpinGuard guard(lock_);
  waiter_ = nullptr;
}

std::size_t TaskGroupCore::size() const noexcept {
  const SpinGuard guard(lock_);
  return count_;
}

bool TaskGroupCore::retain_unless_ended() noexcept {
  std::size_t seen = owners_.load(std::memory_order_relaxed);
  while (seen != 0) {
    if (owners_.compare_exchange_weak(seen, seen + 1, std::memory_order_relaxed)) return true;
  }
  return false;
}

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

void TaskGroupList::close(Scheduler& scheduler) {
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
    if (group->notify_when_empty(*ended)) static_cast<void>(ended->wait());
    group->release();
  }
}

}  // namespace understudy::detail

namespace understudy {

TaskHandle::TaskHandle(detail::TaskGroupCore& core, Task<> task, TimePoint deadline)
    : core_(&core), link_(new detail::TaskLink) {
  core_->retain();
  core_->spawn(std::move(task), deadline, link_);
}

TaskHandle::~TaskHandle() {
  if (core_ == nullptr) return;
  core_->let_go(*link_);
  core_->release();
}

}  // namespace understudy
