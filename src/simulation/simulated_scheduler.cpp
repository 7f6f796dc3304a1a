#include "simulation/simulated_scheduler.hpp"

#include "simulation/simulated_network.hpp"

namespace understudy::detail {

/// A blocking call under way: it happens when its virtual time is over, so that its caller may be gone by then.
class SimulatedScheduler::BlockingCall final : public Timer {
 public:
  BlockingCall(SimulatedScheduler& scheduler, BlockingJob& job) noexcept : scheduler_(scheduler), job_(job) {}
  void fire() noexcept override {
    std::erase(scheduler_.blocking_calls_, this);
    job_.run();
    delete this;
  }

 private:
  SimulatedScheduler& scheduler_;
  BlockingJob& job_;
};

namespace {

constexpr std::uint64_t longest_step_ns = 2000;

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

SimulatedScheduler::~SimulatedScheduler() { stop(); }

void SimulatedScheduler::stop() noexcept {
  // As the real pool does: what was begun comes to its end.
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
  const LibraryCall call;  // The simulation may run in an actor of another system.
  ThreadState& thread = this_thread();
  Scheduler* const outer = std::exchange(thread.scheduler, this);
  // Small budgets too, so that yielding happens in every run.
  thread.budget = 1 + static_cast<std::uint32_t>(random_.below(activation_budget));
  thread.turn_seen_ns = 0;
  // What becomes ready comes to this scheduler's list, though the simulation may run on a worker of another system.
  const std::uint32_t outer_hand_offs = std::exchange(thread.hand_offs_left, 0);
  context->run();
  thread.hand_offs_left = outer_hand_offs;
  thread.scheduler = outer;
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

bool SimulatedScheduler::step() { return step_until(TimePoint::max()); }

bool SimulatedScheduler::step_until(TimePoint limit) {
  if (ready_.empty() && control_.empty()) {
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
  const std::size_t choices = ready_.size() + (control_.empty() ? 0 : 1);
  const std::size_t choice = random_.below(choices);
  if (choice == ready_.size()) {
    run_control();
  } else {
    run_context(choice);
  }
  return true;
}

}  // namespace understudy::detail
