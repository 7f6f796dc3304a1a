#include "understudy/runtime/task_group.hpp"

#include "base/log.hpp"

#include <exception>
#include <thread>

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
      end();
      return;
    }
    if (!resume()) return;
    report_exception();
    end();
  }

  SpawnedTask* next = nullptr;
  SpawnedTask* previous = nullptr;

 private:
  ~SpawnedTask() = default;

  void report_exception() noexcept {
    const std::exception_ptr& exception = task_.handle().promise().exception();
    if (!exception) return;
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

void TaskGroupCore::spawn(Task<> task) {
  auto* spawned = new SpawnedTask(*this, std::move(task));
  {
    const SpinGuard guard(lock_);
    spawned->next = first_;
    if (first_ != nullptr) first_->previous = spawned;
    first_ = spawned;
    ++count_;
  }
  scheduler_.schedule_behind(*spawned);
}

void TaskGroupCore::unlink(SpawnedTask& task) noexcept {
  const SpinGuard guard(lock_);
  if (task.previous == nullptr) {
    first_ = task.next;
  } else {
    task.previous->next = task.next;
  }
  if (task.next != nullptr) task.next->previous = task.previous;
  // Set under the lock: a waiter that is being destroyed takes the lock first, to be forgotten.
  if (--count_ == 0 && waiter_ != nullptr) std::exchange(waiter_, nullptr)->set();
}

void TaskGroupCore::cancel() noexcept {
  // Under the lock, so that no task can end, and be gone, while it is asked to.
  const SpinGuard guard(lock_);
  for (SpawnedTask* task = first_; task != nullptr; task = task->next) task->request_kill();
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

}  // namespace understudy::detail
