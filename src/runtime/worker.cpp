#include "runtime/worker.hpp"

#include "base/log.hpp"
#include "runtime/long_turn.hpp"
#include "runtime/threaded_scheduler.hpp"
#include "understudy/runtime/detail/abandoned.hpp"
#include "understudy/runtime/detail/task_group_core.hpp"

#include <exception>
#include <utility>

#include <unistd.h>

namespace understudy::detail {

void Worker::start() {
  thread_ = std::thread([this] { run(); });
}

void Worker::schedule_next(Context& context) noexcept {
  ThreadState& thread = this_thread();
  if (thread.hand_offs_left == 0) {
    // Others are waiting: it takes its turn. With nobody else here the hand-offs go on: a queued context would only
    // tempt a thief to tear an asker and its actor apart.
    if (others_wait() || thread.then != nullptr) {
      schedule_behind(context);
      return;
    }
    thread.hand_offs_left = hand_offs_max;
  }
  if (Context* displaced = std::exchange(thread.hand_off, &context)) schedule_behind(*displaced);
}

void Worker::schedule_before(Context& first, Context& then) noexcept {
  ThreadState& thread = this_thread();
  if (thread.hand_offs_left == 0 && (others_wait() || thread.then != nullptr)) {
    thread.then_spawns_into = nullptr;
    schedule_behind(first);
    schedule_behind(then);
    return;
  }
  schedule_next(first);
  // Displaced is who has spawned the one that now spawns: others may take it, and go on with what it would do next.
  if (Context* displaced = std::exchange(thread.then, &then)) schedule_behind(*displaced);
}

void Worker::schedule_behind(Context& context) noexcept {
  if (queue_.push(context)) scheduler_.parking().work_made();
}

void Worker::schedule_bound(Context& context) noexcept {
  bound_.push(context);
  if (kind_ == Kind::own_thread) {
    place_.release();
  } else if (this_thread().worker != this) {
    scheduler_.parking().work_made_for(place_);
  }
}

void Worker::finish() noexcept {
  finished_.store(true, std::memory_order_release);
  place_.release();
}

[[gnu::noinline]] Context* Worker::look_around(ThreadState& thread) noexcept {
  TaskGroupCore::count_ended(thread);
  // Most turns are short. Where they are not, sockets are looked at by the clock.
  const std::int64_t now = scheduler_.clock().now().time_since_epoch().count();
  if (activations_ % look_at_sockets_period == 0 || now - looked_at_sockets_ns_ > look_at_sockets_time_ns) {
    looked_at_sockets_ns_ = now;
    scheduler_.io_seat().poll();
  }
  return scheduler_.take_shared();
}

Context* Worker::find_local(ThreadState& thread) noexcept {
  ++activations_;
  // What the turn before has left there is not touched in between.
  if (activations_ % look_around_period == 0 || thread.turn_seen_ns == turn_was_long) [[unlikely]] {
    thread.turn_seen_ns = 0;
    if (Context* context = look_around(thread)) return context;
  }
  // Giving up the vacant task may make somebody ready who waits for its group: before the hand-off slot is looked at.
  if (thread.vacant != nullptr && thread.then == nullptr) TaskGroupCore::give_up_vacant(thread);
  if (Context* context = std::exchange(thread.hand_off, nullptr)) {
    if (thread.hand_offs_left != 0) --thread.hand_offs_left;
    return context;
  }
  if (Context* context = std::exchange(thread.then, nullptr)) {
    if (!others_wait()) thread.hand_offs_left = hand_offs_max;
    if (thread.hand_offs_left != 0) return context;
    schedule_behind(*context);
    TaskGroupCore::give_up_vacant(thread);
    if (Context* joiner = std::exchange(thread.hand_off, nullptr)) return joiner;
  }
  thread.hand_offs_left = hand_offs_max;
  bound_first_ = !bound_first_;
  if (Context* context = (bound_first_ ? bound_ : queue_).pop()) return context;
  if (Context* context = (bound_first_ ? queue_ : bound_).pop()) return context;
  return scheduler_.take_shared();
}

Context* Worker::search() noexcept {
  if (!searching_) searching_ = scheduler_.parking().begin_search();
  if (!searching_) return nullptr;
  Context* found = scheduler_.steal_for(*this, index_);
  return found != nullptr ? found : scheduler_.take_shared();
}

void Worker::run() noexcept {
  ThreadState& thread = this_thread();
  thread.scheduler = &scheduler_;
  thread.worker = this;
  kernel_id_.store(gettid(), std::memory_order_relaxed);
  state_.store(&thread, std::memory_order_release);
  if (kind_ == Kind::shared) {
    thread.worker_number = index_ + 1;
    run_shared(thread);
  } else {
    run_own_thread(thread);
  }
  if (thread.fence.load(std::memory_order_acquire) == Fence::confirmed) {
    end_what_was_left(thread);  // Another thread is this worker now.
    return;
  }
  if (thread.worker == nullptr) {  // Relieved: another thread is this worker.
    ThreadedScheduler::relieved_thread_ends();
    return;
  }
  state_.store(nullptr, std::memory_order_release);
  thread.scheduler = nullptr;
  thread.worker = nullptr;
  thread.worker_number = 0;
}

void Worker::run_shared(ThreadState& thread) noexcept {
  while (!scheduler_.stopping()) {
    Context* context = find_local(thread);
    if (context == nullptr && (thread.ended_in != nullptr || thread.hand_off != nullptr)) {
      // The last ones of their group, maybe: whoever joins it then is ready here, and not to be slept on.
      TaskGroupCore::count_ended(thread);
      continue;
    }
    if (context == nullptr) context = search();
    if (context == nullptr) {
      park(thread);
      continue;
    }
    if (searching_) {
      searching_ = false;
      scheduler_.parking().found_work();
    }
    thread.budget = activation_budget;
    thread.turn_seen_ns = 0;
    context->run();
    if (thread.fence.load(std::memory_order_relaxed) == Fence::confirmed || thread.worker == nullptr) [[unlikely]]
      return;
  }
  TaskGroupCore::count_ended(thread);
}

namespace {
/// What is ready on a worker besides its queues.
struct ReadyHere {
  Context* hand_off;
  Context* then;
};
/// Takes from a thread what it keeps for its worker. It leaves all of that alone from now on.
ReadyHere take_ready(ThreadState& thread) noexcept {
  const ReadyHere ready{std::exchange(thread.hand_off, nullptr), std::exchange(thread.then, nullptr)};
  TaskGroupCore::count_ended(thread);
  return ready;
}
void schedule(const ReadyHere& ready) noexcept {
  if (ready.hand_off != nullptr) ready.hand_off->schedule();
  if (ready.then != nullptr) ready.then->schedule();
}
}  // namespace

std::thread Worker::take_from(const Context& context, Abandoned& abandoned) {
  ThreadState* const thread = state_.load(std::memory_order_acquire);
  if (thread == nullptr) return {};
  if (!fence_thread(*thread, context, abandoned, scheduler_)) return {};
  // From here on the thread leaves all of this alone.
  const ReadyHere ready = take_ready(*thread);
  thread->dropped_replies = nullptr;  // In hand as all others are.
  state_.store(nullptr, std::memory_order_release);
  std::thread old = std::exchange(thread_, std::thread());
  start();
  schedule(ready);
  return old;
}

bool Worker::relieve() {
  ThreadState* const thread = state_.load(std::memory_order_acquire);
  QuickCall expected = QuickCall::under_way;
  if (thread == nullptr || !thread->quick_call.compare_exchange_strong(expected, QuickCall::being_relieved)) {
    return false;
  }
  // From here on the thread leaves all of this alone, and waits when it comes back.
  state_.store(nullptr, std::memory_order_release);
  std::thread old = std::exchange(thread_, std::thread());
  try {
    start();
  } catch (const std::exception& error) {
    log_warning("a worker that is held by a call cannot be relieved: {}", error.what());
    thread_ = std::exchange(old, std::thread());
    state_.store(thread, std::memory_order_release);
    thread->quick_call.store(QuickCall::under_way, std::memory_order_release);
    return false;
  }
  old.detach();  // It counts itself out: ThreadedScheduler::relieved_thread_ends.
  const ReadyHere ready = take_ready(*thread);
  thread->quick_call.store(QuickCall::relieved, std::memory_order_release);
  schedule(ready);
  return true;
}

void Worker::park(ThreadState& thread) noexcept {
  const bool seated = scheduler_.io_seat().try_take();
  place_.sit_in(seated ? &scheduler_.io_seat() : nullptr);
  const auto any_work = [this] { return scheduler_.stopping() || !bound_.empty() || scheduler_.any_work(); };
  const auto sleep = [&] {
    if (seated) return sleep_in_seat(thread);
    place_.wait();
    return true;
  };
  searching_ = scheduler_.parking().park(place_, searching_, any_work, sleep);
  if (seated) scheduler_.io_seat().leave();
}

/// True if it was woken, false if a socket brought work and the worker has withdrawn.
bool Worker::sleep_in_seat(ThreadState& thread) noexcept {
  for (;;) {
    scheduler_.io_seat().wait();
    if (place_.take_token()) return true;
    if (thread.hand_off == nullptr && queue_.empty() && bound_.empty()) continue;
    if (scheduler_.parking().withdraw(place_)) return false;
    while (!place_.take_token()) std::this_thread::yield();
    return true;
  }
}

void Worker::run_own_thread(ThreadState& thread) noexcept {
  // What becomes ready while its actor runs goes to the shared workers: hand_offs_left stays 0.
  while (!finished_.load(std::memory_order_acquire)) {
    if (Context* context = bound_.pop()) {
      thread.budget = activation_budget;
      thread.turn_seen_ns = 0;
      context->run();
      if (thread.fence.load(std::memory_order_relaxed) == Fence::confirmed) return;
    } else {
      scheduler_.io_seat().sleep_elsewhere();
      place_.wait();
    }
  }
}

}  // namespace understudy::detail
