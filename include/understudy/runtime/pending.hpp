// Starting something now, and awaiting it later.
//
//     us::Pending<us::Result<int>> pending = us::start(counter.ask<Add>(5));
//     ... other work ...
//     us::Result<int> total = co_await pending;
//
// What was started runs as a task of its own. A Pending that is destroyed cancels it: an ask that has not been taken up
// is never started, and what is done for it ends. It does not wait for that end: what is started owns all it uses, as
// tasks of a TaskGroup do.
#pragma once

#include "understudy/runtime/detail/event.hpp"
#include "understudy/runtime/detail/outcome.hpp"
#include "understudy/runtime/task_group.hpp"

#include <memory>

namespace understudy {

/// Threads: one coroutine of a System at a time, which may be another than the one that started it.
template <typename T>
class [[nodiscard("a Pending that is destroyed cancels what was started")]] Pending {
 public:
  using value_type = T;

  Pending(std::shared_ptr<detail::Outcome<T>> outcome, TaskHandle task) noexcept
      : outcome_(std::move(outcome)), task_(std::move(task)) {}
  Pending(Pending&& other) noexcept = default;
  Pending& operator=(Pending&& other) noexcept {
    std::swap(outcome_, other.outcome_);
    std::swap(task_, other.task_);
    return *this;
  }
  Pending(const Pending&) = delete;
  Pending& operator=(const Pending&) = delete;
  ~Pending() { cancel(); }

  /// Waits for the result, and takes it; throws what it threw. If T is a Result, one that was cancelled gives
  /// `cancelled`; so does Result<T> otherwise. Once; one waits at a time. Destroyed while it waits, it may be awaited
  /// again.
  [[nodiscard]] auto operator co_await() noexcept {
    struct Awaiter {
      detail::Outcome<T>& outcome;
      detail::Event event;
      struct Wake final : detail::Watcher {
        explicit Wake(detail::Event& to_set) noexcept : set(to_set) {}
        void arrived() noexcept override { set.set(); }
        detail::Event& set;
      } wake{event};
      explicit Awaiter(detail::Outcome<T>& of) noexcept : outcome(of) {}
      Awaiter(const Awaiter&) = delete;
      Awaiter& operator=(const Awaiter&) = delete;
      ~Awaiter() { outcome.unwatch(); }
      [[nodiscard]] bool await_ready() noexcept {
        outcome.watch(wake);
        return event.await_ready();
      }
      bool await_suspend(std::coroutine_handle<> awaiting) noexcept { return event.await_suspend(awaiting); }
      [[nodiscard]] typename detail::FlatResult<T>::type await_resume() { return flat(outcome.take()); }
    };
    return Awaiter(*outcome_);
  }
  /// True once it has ended: awaiting it does not wait.
  [[nodiscard]] bool ready() const noexcept { return outcome_ != nullptr && outcome_->finished(); }
  /// Cancels it; awaiting it then gives `cancelled`, if it had not ended before. Returns at once.
  void cancel() noexcept { task_.cancel(); }

  /// For `select`.
  [[nodiscard]] detail::Outcome<T>& outcome() const noexcept { return *outcome_; }
  static typename detail::FlatResult<T>::type flat(std::optional<T> value) {
    if (!value) return failure(ErrorCode::cancelled);
    return std::move(*value);
  }

 private:
  std::shared_ptr<detail::Outcome<T>> outcome_;
  TaskHandle task_;
};

/// Starts `awaitable` (an ask, a Task, what can be moved and awaited) as a task. It inherits the deadline of the work
/// in hand. In a coroutine of a System. One task and one block.
template <typename A>
  requires std::move_constructible<A>
Pending<detail::Settled<A>> start(A awaitable) {
  if constexpr (requires { std::move(awaitable).within(Duration::max()); }) {
    // An ask: it then holds its actor itself, and what it causes ends with it.
    return start(std::move(awaitable).within(Duration::max()));
  } else {
    using Holder = std::shared_ptr<detail::Outcome<detail::Settled<A>>>;
    auto outcome = std::make_shared<detail::Outcome<detail::Settled<A>>>();
    detail::Scheduler& scheduler = detail::this_thread().current->scheduler();
    TaskHandle task = scheduler.detached_tasks().spawn_with_handle(
        detail::settle<Holder, A>(detail::FinishGuard<Holder>(outcome), std::move(awaitable)));
    return {std::move(outcome), std::move(task)};
  }
}

}  // namespace understudy
