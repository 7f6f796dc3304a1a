// Event: something that happens once and wakes the one coroutine that waits for it. The base of most awaitables.
#pragma once

#include "understudy/base/detail/atomic.hpp"
#include "understudy/runtime/detail/context.hpp"

#include <cstdint>

namespace understudy::detail {

/// What Event, and events that know more of what is waited for, have in common. States of its word:
///   pending  nothing has happened, and nobody waits
///   waiting  a context waits, and is resumed by whoever claims it
///   claimed  somebody has taken the right to resume the context (an interruption: a kill)
///   set      the event has happened
class EventBase : public Suspension {
 public:
  explicit EventBase(Wait::Kind kind = Wait::Kind::event) noexcept : kind_(kind) {}

  /// The event happens. Wakes the waiter, if any. Called once; any thread.
  void set() noexcept {
    // Release: what was written before is seen by the waiter; acquire: sees `context_`, written before `waiting`.
    const State before = state_.exchange(State::set, std::memory_order_acq_rel);
    if (before == State::waiting) context_->schedule();
  }
  [[nodiscard]] bool is_set() const noexcept { return state_.load(std::memory_order_acquire) == State::set; }

  bool claim() noexcept final {
    State expected = State::waiting;
    return state_.compare_exchange_strong(expected, State::claimed, std::memory_order_acq_rel);
  }
  [[nodiscard]] Wait waiting_for() const noexcept override {
    return {.kind = kind_, .claimed = state_.load(std::memory_order_relaxed) != State::waiting};
  }

  [[nodiscard]] bool await_ready() const noexcept { return is_set(); }
  bool await_suspend(std::coroutine_handle<> awaiting) noexcept {
    Context& context = *this_thread().current;
    context_ = &context;
    if (!context.publish(awaiting, *this)) {
      context.give_up();
      return true;
    }
    State expected = State::pending;
    if (state_.compare_exchange_strong(expected, State::waiting, std::memory_order_acq_rel)) {
      Context::armed();
      return true;
    }
    context.unpublish();
    return false;
  }
  void await_resume() const noexcept {}

 protected:
  ~EventBase() = default;

 private:
  enum class State : std::uint8_t { pending, waiting, claimed, set };
  Atomic<State> state_{State::pending};
  Wait::Kind kind_;
  Context* context_ = nullptr;
};

class Event final : public EventBase {
 public:
  using EventBase::EventBase;
};

}  // namespace understudy::detail
