// Turns: a context that never has to wait yields all the same after a while, so that it starves nobody, and can be
// ended.
#pragma once

#include "understudy/runtime/detail/scheduler.hpp"

namespace understudy::detail {

/// Ends the turn if it has taken too long. Out of line: every 16th step.
void look_at_the_clock(ThreadState& thread) noexcept;

/// Takes one step of the running context's turn. True once the turn is over: it then yields. Over it is after
/// activation_budget steps, or, looked at now and then, after turn_time_max, whichever comes first.
[[nodiscard]] inline bool turn_is_over() noexcept {
  ThreadState& thread = this_thread();
  if (thread.budget == 0) return true;
  --thread.budget;
  if (thread.budget % 16 == 0) [[unlikely]]
    look_at_the_clock(thread);
  return false;
}

/// The suspension of a context whose turn is over: it stands in the run queue from the beginning.
class TurnOver final : public Suspension {
 public:
  /// Suspends the running context, at `awaiting`, behind everything that is ready.
  void suspend(std::coroutine_handle<> awaiting) noexcept { this_thread().current->yield_turn(awaiting, *this); }
  /// The same, but `first`, of which the caller has the right to run, is the next to run on this thread.
  void suspend_behind(std::coroutine_handle<> awaiting, Context& first) noexcept {
    this_thread().current->yield_to(first, awaiting, *this);
  }
  bool claim() noexcept override { return false; }
  [[nodiscard]] Wait waiting_for() const noexcept override { return {.kind = Wait::Kind::event, .claimed = true}; }
};

}  // namespace understudy::detail
