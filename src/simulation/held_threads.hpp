// The threads of a simulation that the code on them holds: until a moment, a condition, or the simulation's end.
#pragma once

#include "simulation/simulated_thread.hpp"
#include "simulation/timer_queue.hpp"

#include <cstddef>
#include <memory>
#include <vector>

namespace understudy::detail {

class HeldThreads {
 public:
  struct Held final : Timer {
    explicit Held(std::unique_ptr<SimulatedThread> holder, TimePoint now) : thread(std::move(holder)), since(now) {}
    void fire() noexcept override { due = true; }
    std::unique_ptr<SimulatedThread> thread;
    TimePoint since;
    bool due = false;  // Its moment has come.
  };

  explicit HeldThreads(TimerQueue& timers) noexcept : timers_(timers) {}

  void add(std::unique_ptr<SimulatedThread> thread, TimePoint now);
  [[nodiscard]] bool empty() const noexcept { return all_.empty(); }
  [[nodiscard]] std::size_t size() const noexcept { return all_.size(); }
  /// Whether all that are held have been taken from their holders.
  [[nodiscard]] bool empty_but_for_fenced() const noexcept;

  /// How many may go on because their moment has come; and one of them, counted from 0.
  [[nodiscard]] std::size_t due() const noexcept { return all_.empty() ? 0 : count_due(); }
  [[nodiscard]] std::unique_ptr<SimulatedThread> take_due(std::size_t which);
  /// The one that is held longest of those whose condition holds now; null: none.
  [[nodiscard]] std::unique_ptr<SimulatedThread> take_if_condition_holds();
  /// The one that a blocking call holds longest; null: none.
  [[nodiscard]] std::unique_ptr<SimulatedThread> take_blocking_call();
  /// The one that is held longest. There must be one.
  [[nodiscard]] std::unique_ptr<SimulatedThread> take_oldest() { return take(0); }

  /// The one on which the own code of `context` runs, unless that has been taken from it; null: none.
  [[nodiscard]] const Held* find_holder(const Context& context) const noexcept;

 private:
  [[nodiscard]] std::size_t count_due() const noexcept;
  [[nodiscard]] std::unique_ptr<SimulatedThread> take(std::size_t index);

  TimerQueue& timers_;
  std::vector<std::unique_ptr<Held>> all_;  // In the order in which they were held.
};

}  // namespace understudy::detail
