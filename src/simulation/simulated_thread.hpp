// A thread of a simulation: a stack on which contexts run. One at a time runs of all that an operating system's thread
// carries, and it is left only where the code on it suspends, or says that it holds its thread; so all is as determined
// as on one stack. What is held keeps its stack, and its ThreadState, until it is told to go on; meanwhile others run,
// on other SimulatedThreads.
//
// Switching to one and back costs less than a hundred nanoseconds.
#pragma once

#include "simulation/fiber.hpp"
#include "understudy/base/clock.hpp"
#include "understudy/runtime/detail/context.hpp"
#include "understudy/runtime/detail/scheduler.hpp"
#include "understudy/runtime/detail/thread_state.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

namespace understudy::detail {

/// When a held thread goes on: at a moment, or at the first event before which a condition holds.
struct HoldEnd {
  TimePoint moment = TimePoint::max();
  std::function<bool()> condition;
};

class SimulatedThread {
 public:
  SimulatedThread();
  SimulatedThread(const SimulatedThread&) = delete;
  SimulatedThread& operator=(const SimulatedThread&) = delete;
  ~SimulatedThread() = default;

  /// One that is idle, and giving it back, for the next simulation.
  [[nodiscard]] static std::unique_ptr<SimulatedThread> take_idle();
  static void put_back(std::unique_ptr<SimulatedThread> idle) noexcept;

  /// Runs `context` on one that is idle; lets one that is held go on. True: it is idle now. False: it is held. May be
  /// called on another SimulatedThread, as by an actor that runs a simulation.
  bool run(Context& context, Scheduler& scheduler, std::uint32_t budget);
  /// The same with a blocking call, as a thread of the pool that runs those.
  bool run(BlockingJob& job);
  bool go_on();
  /// Of one that is held: whether by a blocking call.
  [[nodiscard]] bool is_in_blocking_call() const noexcept { return job_ != nullptr; }
  /// Of one that is held: what it knows of what it runs. (While it runs: this_thread().)
  [[nodiscard]] ThreadState& state() noexcept { return state_; }

  /// On this thread, which stops here until it is let go on.
  void hold(HoldEnd until);
  [[nodiscard]] const HoldEnd& held_until() const noexcept { return held_until_; }

 private:
  static void enter();
  bool switch_here();
  void run_for_ever() noexcept;
  void end_fenced(ThreadState& thread) noexcept;

  simulation::Fiber fiber_;
  simulation::Fiber* driver_ = nullptr;  // Who goes on when this one stops. While it runs.
  Context* work_ = nullptr;              // Both null: idle.
  BlockingJob* job_ = nullptr;
  ThreadState state_;                        // While it is held; and then:
  std::pair<void*, unsigned> exceptions_{};  // The language's own: what is being handled here, and is under way.
  HoldEnd held_until_;
};

}  // namespace understudy::detail
