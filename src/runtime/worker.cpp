#include "runtime/worker.hpp"

#include "runtime/threaded_scheduler.hpp"

#include <utility>

namespace understudy::detail {

void Worker::start() {
  thread_ = std::thread([this] { run(); });
}

void Worker::schedule_next(Context& context) noexcept {
  if (hand_offs_in_a_row_ >= hand_offs_max) {
    schedule_behind(context);
    return;
  }
  if (Context* displaced = std::exchange(hand_off_, &context)) schedule_behind(*displaced);
}

void Worker::schedule_behind(Context& context) noexcept {
  queue_.push(context);
  scheduler_.parking().work_made();
}

Context* Worker::find_local() noexcept {
  if (++activations_ % shared_queue_period == 0) {
    if (Context* context = scheduler_.take_shared()) return context;
  }
  if (Context* context = std::exchange(hand_off_, nullptr)) {
    ++hand_offs_in_a_row_;
    return context;
  }
  hand_offs_in_a_row_ = 0;
  if (Context* context = queue_.pop()) return context;
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
  state_.store(&thread, std::memory_order_release);
  while (!scheduler_.stopping()) {
    Context* context = find_local();
    if (context == nullptr) context = search();
    if (context == nullptr) {
      searching_ = scheduler_.parking().park(place_, searching_,
                                             [this] { return scheduler_.stopping() || scheduler_.any_work(); });
      continue;
    }
    if (searching_) {
      searching_ = false;
      scheduler_.parking().found_work();
    }
    thread.budget = activation_budget;
    context->run();
  }
  state_.store(nullptr, std::memory_order_release);
  thread.scheduler = nullptr;
  thread.worker = nullptr;
}

}  // namespace understudy::detail
