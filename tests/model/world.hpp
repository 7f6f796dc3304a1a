// A System for the model tests: its workers and its control thread are threads of a run of support/interleavings.hpp,
// and the real runtime, built with atomics whose operations are steps (model/atomics.hpp), runs in every order of them.
//
//     void scenario(Run& run) {
//       auto world = std::make_shared<World>(run);         // Two workers.
//       ... spawn what is to meet ...
//       world->settle();                                   // Runs it, here and now, until it waits.
//       run.thread([world] { ... });                       // Meets it, step by step.
//       run.finally([world] { world->end(); check(...); });
//     }
//     TEST(Thing, Holds) { hold(scenario, 2); }            // Each order with up to two interruptions.
//
// Timers fire whenever the explorer lets the control thread go on: before and after everything else. Processors see one
// another's steps at once and in order; what weaker orders allow is left to the thread sanitizer. The scheduler stands
// in for worker threads and their queues, so what is tried is all that is built on it; those are tried on their own.
#pragma once

#include "model/atomics.hpp"
#include "support/counted.hpp"
#include "support/interleavings.hpp"
#include "support/quiet.hpp"
#include "understudy/actor/system.hpp"
#include "understudy/base/random.hpp"
#include "understudy/runtime/detail/scheduler.hpp"
#include "understudy/runtime/task_group.hpp"

#include <algorithm>
#include <cstdlib>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace understudy::test::model {

using interleavings::check;
using interleavings::explore;
using interleavings::Limits;
using interleavings::Outcome;
using interleavings::Run;

/// What a scheduler may do wrong on purpose, to show that the explorer finds it out.
struct Faults {
  bool kills_before_armed = false;  ///< Does not wait until a context has been suspended.
  bool forgets_firing = false;      ///< Does not wait for a timer that fires while it is cancelled.
};

class ModelScheduler final : public detail::Scheduler {
 public:
  ModelScheduler(std::uint32_t workers, Faults faults) : workers_(workers), faults_(faults) {
    // What the run before has left behind.
    for (detail::ThreadState& thread : detail::all_threads<detail::ThreadState>()) {
      std::destroy_at(&thread);
      std::construct_at(&thread);
    }
  }

  // --- the run's threads --------------------------------------------------------------------------------------------
  void work(std::uint32_t number) {
    detail::ThreadState& thread = detail::this_thread();
    thread.scheduler = this;
    thread.worker_number = number;
    for (;;) {
      while (run_next()) {
      }
      made_ready_.wait(made_ready_.peek());
    }
  }
  void control() {
    for (;;) {
      if (!work_.empty()) {
        run_work();
      } else if (!timers_.empty()) {
        fire_next();
      } else {
        made_for_control_.wait(made_for_control_.peek());
      }
    }
  }
  /// Runs what is ready, on no thread of the run: no step of it can be interrupted. False if nothing is.
  bool run_one() {
    detail::ThreadState& thread = detail::this_thread();
    detail::Scheduler* const outer = std::exchange(thread.scheduler, this);
    bool any = run_next();
    if (!any && !work_.empty()) {
      run_work();
      any = true;
    }
    thread.scheduler = outer;
    return any;
  }

  // --- Scheduler ----------------------------------------------------------------------------------------------------
  void schedule(detail::Context& context) noexcept override {
    made_ready_.fetch_add(1);
    ready_.push_back(&context);
  }
  void schedule_behind(detail::Context& context) noexcept override { schedule(context); }
  void schedule_before(detail::Context& first, detail::Context& then) noexcept override {
    detail::ThreadState& thread = detail::this_thread();
    if (thread.scheduler != this) {
      Scheduler::schedule_before(first, then);
      return;
    }
    if (detail::Context* displaced = std::exchange(thread.hand_off, &first)) schedule(*displaced);
    if (detail::Context* displaced = std::exchange(thread.then, &then)) schedule(*displaced);
  }
  void place(detail::Context& /*context*/, Placement /*placement*/) override {}
  void unplace(detail::Context& /*context*/) noexcept override {}
  void start_timer(detail::Timer& timer, TimePoint /*deadline*/) noexcept override {
    made_for_control_.fetch_add(1);
    timers_.push_back(&timer);
  }
  bool cancel_timer(detail::Timer& timer) noexcept override {
    made_for_control_.fetch_add(0);
    if (std::erase(timers_, &timer) != 0) return true;
    while (!faults_.forgets_firing && firing_.load() == &timer) interleavings::wait_a_little();
    return false;
  }
  void run_blocking(detail::BlockingJob& /*job*/) noexcept override { std::abort(); }
  void run_on_control(std::move_only_function<void()> work) override {
    made_for_control_.fetch_add(1);
    work_.push_back(std::move(work));
  }
  [[nodiscard]] std::unique_ptr<detail::Completion> make_completion() override {
    return std::make_unique<Completed>(*this);
  }
  [[nodiscard]] const Clock& clock() const noexcept override { return clock_; }
  [[nodiscard]] std::uint64_t random_number() noexcept override { return random_.next(); }
  [[nodiscard]] Network& network() noexcept override { std::abort(); }
  [[nodiscard]] std::uint32_t worker_count() const noexcept override { return workers_; }
  void heavy_fence() noexcept override {}  // All steps are seen at once.
  void wait_until_armed(const detail::Context& context) noexcept override {
    if (faults_.kills_before_armed) return;
    for (const detail::ThreadState& thread : detail::all_threads<detail::ThreadState>()) {
      while (thread.arming.load() == &context) interleavings::wait_a_little();
    }
  }
  void stop() noexcept override {}

 private:
  class StoppedClock final : public Clock {
   public:
    [[nodiscard]] TimePoint now() const noexcept override { return TimePoint{} + std::chrono::hours(1); }
    [[nodiscard]] WallTime wall_now() const noexcept override { return {}; }
  };
  class Completed final : public detail::Completion {
   public:
    explicit Completed(ModelScheduler& scheduler) noexcept : scheduler_(scheduler) {}
    void set() noexcept override { done_.store(true); }
    [[nodiscard]] bool wait() noexcept override {
      while (!done_.peek()) {
        if (interleavings::is_running()) {
          interleavings::wait_for(done_, true);
        } else if (!scheduler_.run_one()) {
          return false;
        }
      }
      return true;
    }

    /// Time does not pass here: it is over when nothing else is left to run.
    [[nodiscard]] Waited wait_for(Duration /*limit*/) noexcept override { return wait() ? Waited::set : Waited::never; }

   private:
    ModelScheduler& scheduler_;
    detail::Atomic<bool> done_{false};
  };

  /// As a worker does, but for limits. False if nothing is ready.
  bool run_next() {
    detail::ThreadState& thread = detail::this_thread();
    if (thread.then == nullptr) detail::TaskGroupCore::give_up_vacant(thread);
    detail::Context* next = std::exchange(thread.hand_off, nullptr);
    if (next == nullptr) next = std::exchange(thread.then, nullptr);
    if (next == nullptr) {
      if (ready_.empty()) return false;
      next = ready_.front();
      ready_.pop_front();
    }
    thread.budget = detail::activation_budget;
    next->run();
    return true;
  }
  void run_work() {
    std::move_only_function<void()> work = std::move(work_.front());
    work_.pop_front();
    work();
  }
  void fire_next() {
    firing_.store(nullptr);
    if (timers_.empty()) return;  // Cancelled before this step.
    detail::Timer* timer = timers_.front();
    timers_.erase(timers_.begin());
    firing_.set(timer);
    timer->fire();
    firing_.store(nullptr);
  }

  const std::uint32_t workers_;
  const Faults faults_;
  StoppedClock clock_;
  SeededRandom random_{1};
  // What no step guards is changed together with the step before it.
  std::deque<detail::Context*> ready_;
  std::vector<detail::Timer*> timers_;
  std::deque<std::move_only_function<void()>> work_;
  detail::Atomic<std::uint64_t> made_ready_{0};
  detail::Atomic<std::uint64_t> made_for_control_{0};
  detail::Atomic<detail::Timer*> firing_{nullptr};
};

/// A system and its threads.
class World {
 public:
  explicit World(Run& run, Faults faults = {}, std::uint32_t workers = 2) {
    auto made = std::make_unique<ModelScheduler>(workers, faults);
    scheduler_ = made.get();
    system_ = std::make_unique<System>(std::move(made));
    for (std::uint32_t number = 1; number <= workers; ++number) {
      run.daemon([scheduler = scheduler_, number] { scheduler->work(number); });
    }
  }
  /// Gives the run a thread on which timers fire.
  void add_control(Run& run) {
    run.daemon([scheduler = scheduler_] { scheduler->control(); });
  }
  [[nodiscard]] System& system() noexcept { return *system_; }
  /// Only while a run is set up, or when it has ended.
  void settle() {
    while (scheduler_->run_one()) {
    }
  }
  void end() {
    settle();
    system_.reset();
  }

 private:
  ModelScheduler* scheduler_;
  std::unique_ptr<System> system_;
};

/// Tries `scenario` in every order of its steps in which threads are interrupted at most so often; one less where
/// switching is slow. UNDERSTUDY_MODEL_INTERRUPTIONS in the environment asks for more, and takes its time.
inline Outcome try_all(void (*scenario)(Run&), std::uint32_t interruptions_max) {
  const char* const wanted = std::getenv("UNDERSTUDY_MODEL_INTERRUPTIONS");
  if (interleavings::is_slow && interruptions_max > 1) --interruptions_max;
  if (wanted != nullptr) interruptions_max = std::max(interruptions_max, static_cast<std::uint32_t>(std::atoi(wanted)));
  return explore(scenario, {.schedules_max = ~std::uint64_t{0}, .preemptions_max = interruptions_max});
}
inline void hold(void (*scenario)(Run&), std::uint32_t interruptions_max) {
  const Outcome outcome = try_all(scenario, interruptions_max);
  EXPECT_EQ(outcome.failure, "");
  testing::Test::RecordProperty("schedules", std::to_string(outcome.schedules));
}

}  // namespace understudy::test::model
