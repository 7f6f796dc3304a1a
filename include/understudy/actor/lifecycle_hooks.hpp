// Lifecycle hooks: what a program does at both ends of every life of an actor, and what no failure can skip.
//
//     const auto actor = system.spawn("session", us::with_hooks(session, {.started = open_port, .ended = close_port}));
//
// The incarnation's own destructors run as well, whenever its frame is destroyed. But the frame of one that holds its
// thread is left behind with that thread, and nobody knows for how long; `ended` is called all the same, before the
// next incarnation starts. So it is the place for what must have happened by then: a device let go of, a metric
// counted.
//
// Actors without hooks pay nothing for them.
#pragma once

#include "understudy/actor/spawn.hpp"
#include "understudy/actor/watch.hpp"

#include <functional>
#include <type_traits>
#include <utility>

namespace understudy {

/// Both are called by the thread that runs the actor, one at a time, but outside the actor: they cannot await, and
/// this_actor() is not theirs. They must come back soon: no supervisor replaces a thread that is held here.
struct LifecycleHooks {
  /// Before an incarnation's function is called. If it throws, that incarnation has crashed.
  std::function<void(const ActorInfo&)> started = {};
  /// After an incarnation has ended, whatever the cause: it returned, crashed, was stuck, held its thread, was reset,
  /// or was stopped. Its children have stopped; its frame is gone, unless a thread holds it. Once for each `started`,
  /// also if that threw. What it throws is logged.
  std::function<void(const ActorEnd&)> ended = {};
};

namespace detail {

[[nodiscard]] ActorInfo info_of(const ActorCell& cell);
/// Calls `ended`, and logs what it throws.
void call_ended(const std::function<void(const ActorEnd&)>& ended, const ActorCell& cell) noexcept;

/// An actor's function with its hooks. Like the function it lives as long as the actor.
template <typename F>
class WithHooks {
 public:
  WithHooks(F function, LifecycleHooks hooks) : function_(std::move(function)), hooks_(std::move(hooks)) {}

  template <typename... Args>
    requires std::is_invocable_r_v<Task<>, F&, Args...>
  Task<> operator()(Args&&... args) {
    return std::invoke(function_, std::forward<Args>(args)...);
  }

  // By the holder of the right to run the actor.
  void life_begins(const ActorCell& cell) {
    in_life_ = true;
    if (hooks_.started) hooks_.started(info_of(cell));
  }
  void life_has_ended(const ActorCell& cell) noexcept {
    if (std::exchange(in_life_, false) && hooks_.ended) call_ended(hooks_.ended, cell);
  }

 private:
  F function_;
  LifecycleHooks hooks_;
  bool in_life_ = false;  // One that is stopped before it begins has no life.
};

template <typename F>
struct MessageOf<WithHooks<F>> : MessageOf<F> {};

}  // namespace detail

/// `function`, an actor's, with hooks: to be given to `spawn` in its place.
template <typename F>
[[nodiscard]] detail::WithHooks<std::decay_t<F>> with_hooks(F&& function, LifecycleHooks hooks) {
  return {std::forward<F>(function), std::move(hooks)};
}

}  // namespace understudy
