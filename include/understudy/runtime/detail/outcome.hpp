// What a task that was started to be awaited later came to, and who wants to know.
#pragma once

#include "understudy/base/error.hpp"
#include "understudy/runtime/detail/spin_lock.hpp"
#include "understudy/runtime/task.hpp"
#include "understudy/runtime/wait.hpp"

#include <exception>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

namespace understudy::detail {

/// What awaiting A gives, as a value: std::monostate for nothing.
template <typename A>
using Settled = std::conditional_t<std::is_void_v<Awaited<A>>, std::monostate, std::decay_t<Awaited<A>>>;

/// Told when something has come about. Called with a lock held: short, and without destroying the teller.
class Watcher {
 public:
  virtual void arrived() noexcept = 0;

 protected:
  Watcher() = default;
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;
  ~Watcher() = default;
};

template <typename T>
class Outcome {
 public:
  Outcome() = default;
  Outcome(const Outcome&) = delete;
  Outcome& operator=(const Outcome&) = delete;

  // --- the task ---------------------------------------------------------------------------------------------------
  template <typename... Value>
  void set_value(Value&&... value) {
    value_.emplace(std::forward<Value>(value)...);
  }
  void set_exception(std::exception_ptr exception) noexcept { exception_ = std::move(exception); }
  /// It has ended: with a value, an exception, or neither if it was destroyed. Once.
  void finish() noexcept {
    const SpinGuard guard(lock_);
    finished_ = true;
    if (watcher_ != nullptr) watcher_->arrived();
  }

  // --- whoever waits, one at a time -------------------------------------------------------------------------------
  [[nodiscard]] bool finished() const noexcept {
    const SpinGuard guard(lock_);
    return finished_;
  }
  /// Calls `watcher.arrived()` when the task has ended, perhaps now.
  void watch(Watcher& watcher) noexcept {
    const SpinGuard guard(lock_);
    watcher_ = &watcher;
    if (finished_) watcher.arrived();
  }
  void unwatch() noexcept {
    const SpinGuard guard(lock_);
    watcher_ = nullptr;
  }
  /// After it has finished: the value, or none if the task was destroyed; throws what it threw.
  [[nodiscard]] std::optional<T> take() {
    if (exception_) std::rethrow_exception(exception_);
    return std::exchange(value_, std::nullopt);
  }

 private:
  std::optional<T> value_;
  std::exception_ptr exception_;
  mutable SpinLock lock_;
  // Guarded by lock_.
  bool finished_ = false;
  Watcher* watcher_ = nullptr;
};

/// Says that the task has ended, also when it is destroyed; `Holder` points to its Outcome.
template <typename Holder>
class FinishGuard {
 public:
  explicit FinishGuard(Holder outcome) noexcept : outcome_(std::move(outcome)) {}
  FinishGuard(FinishGuard&& other) noexcept : outcome_(std::exchange(other.outcome_, nullptr)) {}
  FinishGuard& operator=(FinishGuard&&) = delete;
  FinishGuard(const FinishGuard&) = delete;
  FinishGuard& operator=(const FinishGuard&) = delete;
  ~FinishGuard() {
    if (outcome_ != nullptr) outcome_->finish();
  }
  [[nodiscard]] auto& outcome() const noexcept { return *outcome_; }

 private:
  Holder outcome_;
};

/// The task: awaits `awaitable`, and notes what it came to.
template <typename Holder, typename A>
Task<> settle(FinishGuard<Holder> guard, A awaitable) {
  try {
    if constexpr (std::is_void_v<Awaited<A>>) {
      co_await std::move(awaitable);
      guard.outcome().set_value();
    } else {
      guard.outcome().set_value(co_await std::move(awaitable));
    }
  } catch (...) {
    guard.outcome().set_exception(std::current_exception());
  }
}

}  // namespace understudy::detail
