#include "understudy/runtime/detail/task_group_core.hpp"

#include "runtime/spawned_task.hpp"

#include <new>
#include <utility>
#include <vector>

namespace understudy::detail {

TaskGroupCore::TaskGroupCore(Scheduler& scheduler, bool keeps_failure) noexcept
    : scheduler_(scheduler), keeps_failure_(keeps_failure) {
  own_list_.group = this;
  if (!scheduler.task_groups().add(*this)) state_.store(one_owner | closed_bit, std::memory_order_relaxed);
}

TaskGroupCore::~TaskGroupCore() {
  if (listed_.load(std::memory_order_acquire)) scheduler_.task_groups().remove(*this);
  delete[] worker_lists_.load(std::memory_order_relaxed);
}

void TaskGroupCore::spawn(Task<> task, TimePoint deadline, TaskLink* link) {
  // A task of an incarnation that has been replaced would not be fenced: it could do what that may not.
  const LibraryCall call;
  if (call.fenced()) [[unlikely]] {
    count_refused();
    return;
  }
  if (SpawnedTask* spawned = make(std::move(task), deadline, link)) scheduler_.schedule_behind(*spawned);
}

Context* TaskGroupCore::spawn_to_run(Task<>&& task, TimePoint deadline) {
  const LibraryCall call;
  if (call.fenced()) [[unlikely]] {
    count_refused();
    return nullptr;
  }
  ThreadState& thread = this_thread();
  if (thread.scheduler != &scheduler_) {
    if (SpawnedTask* spawned = make(std::move(task), deadline, nullptr)) scheduler_.schedule_behind(*spawned);
    return nullptr;
  }
  if (SpawnedTask* vacant = thread.vacant; vacant != nullptr) {
    if (vacant->may_be_taken_again_by(*this)) [[likely]] {
      vacant->set_deadline(deadline);
      thread.vacant = nullptr;
      thread.then_spawns_into = this;
      vacant->start_again(std::move(task));
      return vacant;
    }
    give_up_vacant(thread);
  }
  SpawnedTask* const spawned = make(std::move(task), deadline, nullptr);
  if (spawned != nullptr) thread.then_spawns_into = this;
  return spawned;
}

SpawnedTask* TaskGroupCore::make(Task<>&& task, TimePoint deadline, TaskLink* link) {
  const std::uint32_t epoch = epoch_.load(std::memory_order_acquire);
  auto* spawned = new SpawnedTask(*this, epoch, std::move(task), deadline);
  const std::uint64_t before = state_.fetch_add(one_task, std::memory_order_acq_rel);
  if ((before & closed_bit) != 0) {
    spawned->discard();
    return nullptr;
  }
  if (tasks_of(before) == tasks_when_large) make_worker_lists();
  if (link != nullptr) {
    const SpinGuard guard(lock_);
    spawned->set_link(*link);
  }
  return spawned;
}

namespace {
/// What this thread keeps for its worker is its own: nobody has taken it, nor is about to, for the time of `call`.
bool slots_are_ours(const LibraryCall& call) noexcept {
  // In a quick call it has no scheduler, and may be relieved.
  return !call.fenced() && this_thread().scheduler != nullptr;
}
}  // namespace

std::size_t TaskGroupCore::size() const noexcept {
  const LibraryCall call;
  const SpawnedTask* const vacant = slots_are_ours(call) ? this_thread().vacant : nullptr;
  return counted() - (vacant != nullptr && vacant->is_of(*this) ? 1 : 0);
}

void TaskGroupCore::give_up_own_vacant() noexcept {
  const LibraryCall call;
  if (slots_are_ours(call)) give_up_vacant(this_thread());
}

void TaskGroupCore::give_up_vacant(ThreadState& thread) noexcept {
  if (SpawnedTask* vacant = std::exchange(thread.vacant, nullptr)) vacant->leave();
}

void TaskGroupCore::make_worker_lists() noexcept {
  const std::uint32_t workers = scheduler_.worker_count();
  if (workers < 2) return;
  const SpinGuard guard(lock_);
  if (worker_lists_.load(std::memory_order_relaxed) != nullptr) return;
  auto* lists = new (std::nothrow) WorkerList[workers];
  if (lists == nullptr) return;  // The group's own list does as well.
  for (std::uint32_t i = 0; i < workers; ++i) lists[i].group = this;
  worker_lists_.store(lists, std::memory_order_release);
}

TaskGroupCore::List& TaskGroupCore::list_for_this_thread() noexcept {
  // Acquire: the lists, and if they were made after a cancel, the epoch it has moved on.
  WorkerList* const lists = worker_lists_.load(std::memory_order_acquire);
  if (lists == nullptr) return own_list_;
  const ThreadState& thread = this_thread();
  if (thread.worker_number == 0 || thread.scheduler != &scheduler_) return own_list_;
  return lists[thread.worker_number - 1];
}

template <typename Visit>
void TaskGroupCore::for_each_list(Visit visit) noexcept {
  visit(own_list_);
  WorkerList* const lists = worker_lists_.load(std::memory_order_acquire);
  if (lists == nullptr) return;
  for (std::uint32_t i = 0; i < scheduler_.worker_count(); ++i) visit(lists[i]);
}

template <typename Visit>
void TaskGroupCore::for_each_begun(Visit visit) noexcept {
  for_each_list([&](List& list) {
    for (SpawnedTask* task = list.first; task != nullptr; task = task->next()) visit(*task);
  });
}

void TaskGroupCore::cancel() noexcept {
  give_up_own_vacant();
  if (counted() == 0) return;
  const SpinGuard guard(lock_);
  epoch_.fetch_add(1, std::memory_order_release);
  lock_lists();
  bool any = false;
  for_each_begun([&](SpawnedTask& task) {
    any = true;
    task.mark_killed();
  });
  if (any) {
    scheduler_.heavy_fence();
    for_each_begun([](SpawnedTask& task) { task.take_down(); });
  }
  unlock_lists();
}

/// Under all locks no task can end, and be gone.
void TaskGroupCore::lock_lists() noexcept {
  for_each_list([](List& list) { list.lock.lock(); });
}
void TaskGroupCore::unlock_lists() noexcept {
  for_each_list([](List& list) { list.lock.unlock(); });
}

void TaskGroupCore::visit_suspensions(const std::function<bool(Suspension&)>& claim) noexcept {
  const SpinGuard guard(lock_);
  lock_lists();
  for_each_begun([](SpawnedTask& task) { task.begin_visit(); });
  scheduler_.heavy_fence();
  for_each_begun([&](SpawnedTask& task) { task.finish_visit(claim); });
  unlock_lists();
}

void TaskGroupCore::take_from_threads() {
  std::vector<SpawnedTask*> left;
  {
    const SpinGuard guard(lock_);
    lock_lists();
    for_each_begun([&](SpawnedTask& task) { left.push_back(&task); });
    unlock_lists();
  }
  // Each may have ended by now: what holds a thread is compared with it, and only what does is looked into.
  for (SpawnedTask* task : left) SpawnedTask::take_from_thread(*task, scheduler_);
}

void TaskGroupCore::close() noexcept {
  state_.fetch_or(closed_bit, std::memory_order_acq_rel);
  cancel();
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

void TaskGroupCore::task_ended() noexcept {
  if (!many_left_.load(std::memory_order_relaxed)) {
    tasks_ended(1);
    return;
  }
  ThreadState& thread = this_thread();
  if (thread.worker_number == 0 || thread.scheduler != &scheduler_) {
    tasks_ended(1);
    return;
  }
  if (thread.ended_in != this) {
    count_ended(thread);
    thread.ended_in = this;
  }
  if (++thread.ended_count == ended_together) count_ended(thread);
}

void TaskGroupCore::tasks_ended(std::uint32_t count) noexcept {
  std::uint64_t seen = state_.load(std::memory_order_relaxed);
  bool all = false;
  std::uint64_t wanted = 0;
  do {
    all = tasks_of(seen) == count;
    // The last one becomes an owner, so that the group outlives its look at who waits.
    wanted = seen - count * one_task + (all ? one_owner : 0);
    // Before it is counted: afterwards the group may be gone.
    const bool many = tasks_of(wanted) > many_tasks;
    if (many != many_left_.load(std::memory_order_relaxed)) many_left_.store(many, std::memory_order_relaxed);
  } while (!state_.compare_exchange_weak(seen, wanted, std::memory_order_acq_rel, std::memory_order_relaxed));
  if (all) {
    notify_waiters();
    release();
  }
}

void TaskGroupCore::notify_waiters() noexcept {
  // Set under the lock: a waiter that is being destroyed takes the lock first, to be forgotten.
  const SpinGuard guard(lock_);
  if (counted() != 0) return;  // More have been spawned: their last one comes here.
  if (waiter_ != nullptr) std::exchange(waiter_, nullptr)->set();
  if (waiting_thread_ != nullptr) std::exchange(waiting_thread_, nullptr)->set();
  if (waiting_context_ != nullptr) std::exchange(waiting_context_, nullptr)->schedule();
}

bool TaskGroupCore::schedule_when_empty(Context& context) noexcept {
  give_up_own_vacant();
  const SpinGuard guard(lock_);
  if (counted() == 0) return true;
  waiting_context_ = &context;
  return false;
}

bool TaskGroupCore::notify_when_empty(Completion& ended) noexcept {
  give_up_own_vacant();
  const SpinGuard guard(lock_);
  if (counted() == 0) return false;
  waiting_thread_ = &ended;
  return true;
}

void TaskGroupCore::notify_when_empty(Event& ended) noexcept {
  give_up_own_vacant();
  const SpinGuard guard(lock_);
  if (counted() == 0) {
    ended.set();
  } else {
    waiter_ = &ended;
  }
}

void TaskGroupCore::forget_waiter() noexcept {
  const SpinGuard guard(lock_);
  waiter_ = nullptr;
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

bool TaskGroupCore::retain_unless_ended() noexcept {
  std::uint64_t seen = state_.load(std::memory_order_relaxed);
  while ((seen & ~closed_bit) != 0) {
    if (state_.compare_exchange_weak(seen, seen + one_owner, std::memory_order_relaxed)) return true;
  }
  return false;
}

bool Context::end_scopes() noexcept {
  TaskGroupCore* const innermost = find_extras().scopes;
  for (TaskGroupCore* scope = innermost; scope != nullptr; scope = scope->outer_) scope->close();
  for (TaskGroupCore* scope = innermost; scope != nullptr; scope = scope->outer_) {
    if (!scope->schedule_when_empty(*this)) return false;
  }
  return true;
}

}  // namespace understudy::detail
