// SimulatedSystem: a System whose every event comes in an order drawn from a seed, on virtual time, on one thread.
//
//     us::SimulatedSystem simulation(42);
//     us::System& system = simulation.system();
//     auto counter = system.spawn("counter", counter_actor);
//     auto total = us::wait(system, counter.ask<Add>(5).within(1s));   // runs the simulation until it is answered
//
// One seed gives one history, on every machine: the same events in the same order at the same virtual times. Whatever
// code the actors run is the code that runs on real threads. An hour of sleeping takes no time.
//
// What is drawn from the seed: which ready context runs next; how long each step, blocking call and network transfer
// takes; in what pieces bytes arrive; `System::random_number`.
// Code that does not come back, because it loops or blocks in a call, is simulated by `hold_thread`: its supervisor
// finds it, fences it and puts another thread in its place, as with real ones. What is not simulated: memory orders and
// preemption inside a step. Those are for the thread sanitizer.
#pragma once

#include "understudy/actor/system.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

namespace understudy {

namespace detail {
class SimulatedScheduler;
}

/// Threads: one; the one that made it.
class SimulatedSystem {
 public:
  explicit SimulatedSystem(std::uint64_t seed);
  SimulatedSystem(const SimulatedSystem&) = delete;
  SimulatedSystem& operator=(const SimulatedSystem&) = delete;
  ~SimulatedSystem();

  [[nodiscard]] System& system() noexcept { return *system_; }
  [[nodiscard]] std::uint64_t seed() const noexcept { return seed_; }

  /// Runs everything that happens within `duration` of virtual time.
  void run_for(Duration duration);
  /// Runs until `condition` holds, looking after each event. False if nothing is left to run, or `limit` of virtual
  /// time has passed.
  bool run_until(const std::function<bool()>& condition, Duration limit = std::chrono::hours(1));
  /// Runs one event. False if nothing is left to run.
  bool step();
  /// As if the process were stopped and continued, or the machine slept: time passes, and nothing runs meanwhile.
  void suspend_for(Duration duration) noexcept;
  /// As if somebody set the clock: the time of day goes on from here. Deadlines and timers do not notice. Before it the
  /// time of day begins with 2026-01-01.
  void set_wall_time(WallTime now) noexcept;

  /// Called by the code of an actor or a task that runs here: for this long it holds its thread, as code does that
  /// loops or blocks in a call. All else goes on meanwhile, as if there were always another thread. An actor that holds
  /// its thread past its cutoff is fenced and restarted by its supervisor; then what comes back from here is an
  /// incarnation that has been replaced, and everything is refused to it. Duration::max(): it comes back when the
  /// simulation is destroyed, after its system. True: nothing has happened meanwhile. False: the caller has been
  /// replaced, or the simulation has ended, in which no thread can be held any more.
  bool hold_thread(Duration duration);
  /// The same until `condition` holds, which is looked at before each event; coming back then is the next event.
  bool hold_thread_until(std::function<bool()> condition);
  /// How many threads are held now, by actors that have been replaced too.
  [[nodiscard]] std::size_t threads_held() const noexcept;

  /// Virtual time since the start.
  [[nodiscard]] Duration now() const noexcept;
  /// Events so far.
  [[nodiscard]] std::uint64_t steps() const noexcept;
  /// A hash over all events so far: two runs with one seed have the same.
  [[nodiscard]] std::uint64_t trace_hash() const noexcept;

  /// The longest a blocking call takes, in virtual time. Default 2 ms.
  void set_blocking_time_max(Duration longest) noexcept;

 private:
  std::uint64_t seed_;
  std::shared_ptr<detail::SimulatedScheduler> scheduler_;
  std::unique_ptr<System> system_;
};

}  // namespace understudy
