#include "simulation/simulated_scheduler.hpp"

#include "base/log.hpp"
#include "simulation/blocking_calls.hpp"
#include "simulation/simulated_network.hpp"
#include "understudy/runtime/detail/abandoned.hpp"

#include <cstdlib>
#include <utility>

namespace understudy::detail {

/// A blocking call under way: it happens when its virtual time is over, so that its caller may be gone by then.
class SimulatedScheduler::BlockingCall final : public Timer {
 public:
  BlockingCall(SimulatedScheduler& scheduler, BlockingJob& job) noexcept : scheduler_(scheduler), job_(job) {}
  void fire() noexcept override {
    std::erase(scheduler_.blocking_calls_, this);
    scheduler_.run_job(job_);
    delete this;
  }

 private:
  SimulatedScheduler& scheduler_;
  BlockingJob& job_;
};

namespace {

constexpr std::uint64_t longest_step_ns = 2000;

/// The simulation of which a blocking call runs on this thread now.
struct InBlockingCall {
  SimulatedScheduler* scheduler = nullptr;
};

class SimulatedCompletion final : public Completion {
 public:
  explicit SimulatedCompletion(SimulatedScheduler& scheduler) noexcept : scheduler_(scheduler) {}
  void set() noexcept override { done_ = true; }
  [[nodiscard]] bool wait() noexcept override {
    while (!done_) {
      if (!scheduler_.step()) return false;
    }
    return true;
  }
  [[nodiscard]] Waited wait_for(Duration limit) noexcept override {
    const TimePoint end = after(scheduler_.clock().now(), limit);
    while (!done_) {
      if (scheduler_.step_until(end)) continue;
      return scheduler_.is_empty() ? Waited::never : Waited::not_yet;
    }
    return Waited::set;
  }

 private:
  SimulatedScheduler& scheduler_;
  bool done_ = false;
};

}  // namespace

SimulatedScheduler::SimulatedScheduler(std::uint64_t seed) : random_(seed), network_(make_simulated_network(*this)) {}

SimulatedScheduler::~SimulatedScheduler() {
  stop();
  if (idle_ != nullptr) SimulatedThread::put_back(std::move(idle_));
}

void SimulatedScheduler::stop() noexcept {
  // As the real pool does: what was begun comes to its end. What is stuck does not wait any longer.
  stopping_ = true;
  while (std::unique_ptr<SimulatedThread> thread = held_.take_blocking_call()) go_on(std::move(thread));
  while (!blocking_calls_.empty()) {
    BlockingCall* call = blocking_calls_.back();
    timers_.remove(*call);
    call->fire();
  }
}

void SimulatedScheduler::run_blocking(BlockingJob& job) noexcept {
  const Duration time(1 + random_.below(static_cast<std::uint64_t>(blocking_time_max_.count())));
  auto* call = new BlockingCall(*this, job);
  blocking_calls_.push_back(call);
  timers_.start(*call, clock_.now() + time);
}

std::unique_ptr<Completion> SimulatedScheduler::make_completion() {
  return std::make_unique<SimulatedCompletion>(*this);
}

void SimulatedScheduler::note(std::uint64_t event) noexcept {
  trace_hash_ =
      (trace_hash_ ^ event ^ static_cast<std::uint64_t>(clock_.now().time_since_epoch().count())) * 0x100000001B3U;
}

void SimulatedScheduler::run_context(std::size_t index) {
  Context* context = ready_[index];
  ready_[index] = ready_.back();
  ready_.pop_back();
  note(index);
  // Small budgets too, so that yielding happens in every run.
  const auto budget = 1 + static_cast<std::uint32_t>(random_.below(activation_budget));
  switch_to(take_thread(), false, [&](SimulatedThread& thread) { return thread.run(*context, *this, budget); });
}

std::unique_ptr<SimulatedThread> SimulatedScheduler::take_thread() {
  return idle_ != nullptr ? std::move(idle_) : SimulatedThread::take_idle();
}

void SimulatedScheduler::run_job(BlockingJob& job) {
  switch_to(take_thread(), true, [&job](SimulatedThread& thread) { return thread.run(job); });
}

void SimulatedScheduler::go_on(std::unique_ptr<SimulatedThread> thread) {
  const bool in_blocking_call = thread->is_in_blocking_call();
  switch_to(std::move(thread), in_blocking_call, [](SimulatedThread& held) { return held.go_on(); });
}

template <typename Run>
void SimulatedScheduler::switch_to(std::unique_ptr<SimulatedThread> thread, bool in_blocking_call, Run run) {
  SimulatedThread* const outer = std::exchange(running_, thread.get());
  SimulatedScheduler* const outer_call =
      std::exchange(per_thread<InBlockingCall>().scheduler, in_blocking_call ? this : nullptr);
  const bool idle = run(*thread);
  per_thread<InBlockingCall>().scheduler = outer_call;
  stopped(std::move(thread), idle);
  running_ = outer;
}

/// It is idle, or held.
void SimulatedScheduler::stopped(std::unique_ptr<SimulatedThread> thread, bool idle) {
  if (!idle) {
    held_.add(std::move(thread), clock_.now());
  } else if (idle_ == nullptr) {
    idle_ = std::move(thread);
  } else {
    SimulatedThread::put_back(std::move(thread));
  }
}

bool SimulatedScheduler::hold_thread(HoldEnd until) {
  if (running_ == nullptr) {
    log_error("a thread can be held by the code of an actor or a task of the simulation, and this is none");
    std::abort();
  }
  if (!ended_) running_->hold(std::move(until));
  return !ended_ && this_thread().fence.load(std::memory_order_relaxed) != Fence::confirmed;
}

void SimulatedScheduler::hold_blocking_call(HoldEnd until) {
  if (!ended_ && !stopping_) running_->hold(std::move(until));
}

bool hold_blocking_call(Duration time, std::function<bool()> condition) {
  SimulatedScheduler* const scheduler = per_thread<InBlockingCall>().scheduler;
  if (scheduler == nullptr) return false;
  scheduler->hold_blocking_call({.moment = after(scheduler->clock().now(), time), .condition = std::move(condition)});
  return true;
}

void SimulatedScheduler::let_all_go_on() {
  ended_ = true;
  while (!held_.empty()) go_on(held_.take_oldest());
}

bool SimulatedScheduler::look_at_holder(const Context& context, const std::function<void(const HoldingThread&)>& look) {
  const HeldThreads::Held* const holder = held_.find_holder(context);
  // It computes all the time.
  if (holder != nullptr) look({.handle = {}, .kernel_id = 0, .simulated_time = clock_.now() - holder->since});
  return holder != nullptr;
}

bool SimulatedScheduler::take_from_thread(const Context& context, Abandoned& abandoned) {
  const HeldThreads::Held* const holder = held_.find_holder(context);
  if (holder == nullptr) return false;
  ThreadState& state = holder->thread->state();
  // What the thread is left with refers to this scheduler, and may outlive the system: keeps it, as the real one does.
  abandoned.count_into(std::shared_ptr<AbandonedCounts>(weak_from_this().lock(), this->abandoned().get()));
  if (!fence_thread(state, context, abandoned, *this)) return false;
  this->abandoned()->threads_now.fetch_add(1, std::memory_order_relaxed);
  this->abandoned()->threads_ever.fetch_add(1, std::memory_order_relaxed);
  // Nothing else is taken over: what it has made ready stands in the list of all, and the next context gets a thread of
  // its own in any case.
  state.dropped_replies = nullptr;  // In hand as all others are.
  return true;
}

void SimulatedScheduler::run_control() {
  std::move_only_function<void()> work = std::move(control_.front());
  control_.pop_front();
  note(~std::uint64_t{0});
  work();
}

bool SimulatedScheduler::fire_due() {
  Timer* due = timers_.take_due(clock_.now());
  if (due == nullptr) return false;
  note(~std::uint64_t{1});
  due->fire();
  return true;
}

bool SimulatedScheduler::let_one_go_on() {
  std::unique_ptr<SimulatedThread> thread = held_.take_if_condition_holds();
  if (thread == nullptr) return false;
  ++steps_;
  note(~std::uint64_t{2});
  go_on(std::move(thread));
  return true;
}

bool SimulatedScheduler::step() { return step_until(TimePoint::max()); }

bool SimulatedScheduler::step_until(TimePoint limit) {
  if (!held_.empty() && let_one_go_on()) return true;
  if (ready_.empty() && control_.empty() && held_.due() == 0) {
    const std::optional<TimePoint> next = timers_.next_deadline();
    if (!next || *next > limit) {
      if (limit != TimePoint::max()) clock_.advance_to(limit);
      return false;
    }
    clock_.advance_to(*next);
  } else if (clock_.now() > limit) {
    return false;
  }
  ++steps_;
  clock_.advance(Duration(random_.below(longest_step_ns)));
  if (fire_due()) return true;
  const std::size_t others = control_.empty() ? 0 : 1;
  const std::size_t choice = random_.below(ready_.size() + others + held_.due());
  if (choice < ready_.size()) {
    run_context(choice);
  } else if (choice < ready_.size() + others) {
    run_control();
  } else {
    note(~std::uint64_t{2} - choice);
    go_on(held_.take_due(choice - ready_.size() - others));
  }
  return true;
}

}  // namespace understudy::detail
