// The simulation's scheduler: the deterministic twin of ThreadedScheduler.
#pragma once

#include "simulation/held_threads.hpp"
#include "simulation/timer_queue.hpp"
#include "understudy/runtime/detail/scheduler.hpp"

#include <deque>
#include <functional>
#include <memory>
#include <vector>

namespace understudy::detail {

/// Virtual time. Wall time starts at a fixed day.
class SimulatedClock final : public Clock {
 public:
  [[nodiscard]] TimePoint now() const noexcept override { return now_; }
  [[nodiscard]] WallTime wall_now() const noexcept override {
    return zero_ + std::chrono::duration_cast<std::chrono::milliseconds>(now_.time_since_epoch());
  }
  void set_wall(WallTime wall) noexcept { zero_ += wall - wall_now(); }
  void advance(Duration duration) noexcept { now_ += duration; }
  void advance_to(TimePoint moment) noexcept {
    if (moment > now_) now_ = moment;
  }

 private:
  static constexpr WallTime start_of_time{std::chrono::milliseconds(1'767'225'600'000)};  // 2026-01-01
  TimePoint now_{};
  WallTime zero_ = start_of_time;  // The time of day at the time zero.
};

class SimulatedScheduler final : public Scheduler, public std::enable_shared_from_this<SimulatedScheduler> {
 public:
  explicit SimulatedScheduler(std::uint64_t seed);
  ~SimulatedScheduler() override;

  void schedule(Context& context) noexcept override { ready_.push_back(&context); }
  void schedule_behind(Context& context) noexcept override { ready_.push_back(&context); }
  void start_timer(Timer& timer, TimePoint deadline) noexcept override { timers_.start(timer, deadline); }
  bool cancel_timer(Timer& timer) noexcept override { return timers_.remove(timer); }
  void run_blocking(BlockingJob& job) noexcept override;
  /// By chance: so calls are made both where their callers stand and on the blocking pool.
  [[nodiscard]] bool begin_quick_call() noexcept override {
    const bool here = random_.chance(50);
    if (here) this_thread().current = nullptr;  // It is suspended, and may be gone.
    return here;
  }
  void run_on_control(std::move_only_function<void()> work) override { control_.push_back(std::move(work)); }
  [[nodiscard]] std::unique_ptr<Completion> make_completion() override;
  [[nodiscard]] const Clock& clock() const noexcept override { return clock_; }
  [[nodiscard]] std::uint64_t random_number() noexcept override { return random_.next(); }
  [[nodiscard]] Network& network() noexcept override { return *network_; }
  [[nodiscard]] std::uint32_t worker_count() const noexcept override { return 1; }
  void heavy_fence() noexcept override {}
  void place(Context& /*context*/, Placement /*placement*/) override {}
  void unplace(Context& /*context*/) noexcept override {}
  void wait_until_armed(const Context& /*context*/) noexcept override {}
  bool look_at_holder(const Context& context, const std::function<void(const HoldingThread&)>& look) override;
  [[nodiscard]] bool take_from_thread(const Context& context, Abandoned& abandoned) override;
  [[nodiscard]] bool replaces_threads() const noexcept override { return true; }
  void stop() noexcept override;

  /// Runs one event; advances virtual time if nothing is ready. False if nothing will ever happen.
  bool step();
  /// The same, unless the next event lies after `limit`: then time moves to `limit`, and it is false.
  bool step_until(TimePoint limit);

  /// Whether nothing is left to run, now or later. Not if a thread is held: it can be taken from its holder.
  [[nodiscard]] bool is_empty() const noexcept {
    return ready_.empty() && control_.empty() && !timers_.next_deadline() && held_.empty_but_for_fenced();
  }

  /// For the code that a context runs here: holds its thread until then. False: it has been taken from that, or the
  /// simulation has ended.
  bool hold_thread(HoldEnd until);
  /// For the code of a blocking call: see blocking_calls.hpp.
  void hold_blocking_call(HoldEnd until);
  [[nodiscard]] const HeldThreads& held() const noexcept { return held_; }
  /// The simulation has ended: what is held goes on, and comes to its end.
  void let_all_go_on();

  [[nodiscard]] std::uint64_t steps() const noexcept { return steps_; }
  [[nodiscard]] std::uint64_t trace_hash() const noexcept { return trace_hash_; }
  void set_blocking_time_max(Duration longest) noexcept { blocking_time_max_ = longest; }
  SimulatedClock& simulated_clock() noexcept { return clock_; }

 private:
  class BlockingCall;
  void run_context(std::size_t index);
  void run_job(BlockingJob& job);
  [[nodiscard]] std::unique_ptr<SimulatedThread> take_thread();
  void go_on(std::unique_ptr<SimulatedThread> thread);
  /// Runs on `thread` until it stops. `run` gives whether it is idle then.
  template <typename Run>
  void switch_to(std::unique_ptr<SimulatedThread> thread, bool in_blocking_call, Run run);
  void stopped(std::unique_ptr<SimulatedThread> thread, bool idle);
  bool let_one_go_on();
  void run_control();
  bool fire_due();
  void note(std::uint64_t event) noexcept;

  SeededRandom random_;
  SimulatedClock clock_;
  TimerQueue timers_;
  std::vector<Context*> ready_;
  std::deque<std::move_only_function<void()>> control_;
  HeldThreads held_{timers_};
  std::unique_ptr<SimulatedThread> idle_;
  SimulatedThread* running_ = nullptr;
  bool ended_ = false;
  bool stopping_ = false;
  std::vector<BlockingCall*> blocking_calls_;
  std::unique_ptr<Network> network_;
  Duration blocking_time_max_ = std::chrono::milliseconds(2);
  std::uint64_t steps_ = 0;
  std::uint64_t trace_hash_ = 0xCBF29CE484222325U;
};

}  // namespace understudy::detail
