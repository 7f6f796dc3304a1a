// The inside of a stream: a bounded queue of one sender and one taker, under a lock, either of whom may be gone.
#pragma once

#include "understudy/runtime/detail/event.hpp"
#include "understudy/runtime/detail/outcome.hpp"
#include "understudy/runtime/detail/spin_lock.hpp"
#include "understudy/runtime/detail/turn.hpp"

#include <algorithm>
#include <deque>
#include <exception>
#include <optional>
#include <utility>

namespace understudy::detail {

/// What both sides of a stream share.
template <typename T>
class StreamCore {
 public:
  explicit StreamCore(std::size_t capacity) noexcept : capacity_(std::max<std::size_t>(capacity, 1)) {}
  StreamCore(const StreamCore&) = delete;
  StreamCore& operator=(const StreamCore&) = delete;

  // --- the sender -------------------------------------------------------------------------------------------------
  /// Takes `value` if there is room. False: there is none, and `room` is set when there is, or when nobody takes any
  /// more.
  [[nodiscard]] bool push(T& value, Event* room) {
    const SpinGuard guard(lock_);
    if (abandoned_) return true;
    if (values_.size() >= capacity_) {
      sender_ = room;
      return false;
    }
    values_.push_back(std::move(value));
    notify_taker();
    return true;
  }
  void forget_sender() noexcept {
    const SpinGuard guard(lock_);
    sender_ = nullptr;
  }
  void end(Result<void> result) noexcept {
    const SpinGuard guard(lock_);
    if (result_) return;
    result_ = std::move(result);
    notify_taker();
  }
  [[nodiscard]] bool abandoned() const noexcept {
    const SpinGuard guard(lock_);
    return abandoned_;
  }

  // --- the taker --------------------------------------------------------------------------------------------------
  /// True if there is a value, or the end. Otherwise `come` is set when there is.
  [[nodiscard]] bool ready(Event* come) noexcept {
    const SpinGuard guard(lock_);
    if (!values_.empty() || result_) return true;
    taker_ = come;
    return false;
  }
  void watch(Watcher* watcher) noexcept {
    const SpinGuard guard(lock_);
    watcher_ = watcher;
    if (watcher_ != nullptr && (!values_.empty() || result_)) watcher_->arrived();
  }
  void forget_taker() noexcept {
    const SpinGuard guard(lock_);
    taker_ = nullptr;
  }
  [[nodiscard]] std::optional<T> pop() {
    const SpinGuard guard(lock_);
    if (values_.empty()) return std::nullopt;
    std::optional<T> value(std::move(values_.front()));
    values_.pop_front();
    if (sender_ != nullptr) std::exchange(sender_, nullptr)->set();
    return value;
  }
  [[nodiscard]] Result<void> result() const {
    const SpinGuard guard(lock_);
    return result_ ? *result_ : Result<void>{};
  }
  void abandon() noexcept {
    std::deque<T> rest;  // Destroyed without the lock.
    const SpinGuard guard(lock_);
    abandoned_ = true;
    rest.swap(values_);
    if (sender_ != nullptr) std::exchange(sender_, nullptr)->set();
  }

 private:
  void notify_taker() noexcept {
    if (taker_ != nullptr) std::exchange(taker_, nullptr)->set();
    if (watcher_ != nullptr) watcher_->arrived();
  }

  mutable SpinLock lock_;
  const std::size_t capacity_;
  // Guarded by lock_.
  std::deque<T> values_;
  std::optional<Result<void>> result_;
  bool abandoned_ = false;
  Event* sender_ = nullptr;
  Event* taker_ = nullptr;
  Watcher* watcher_ = nullptr;
};

/// Why a ReplyStream that is destroyed now, on this thread, has not been finished.
[[nodiscard]] inline Error reason_for_drop() noexcept {
  const ThreadState& thread = this_thread();
  if (thread.teardown_error != nullptr) return *thread.teardown_error;
  return std::uncaught_exceptions() > 0 ? ErrorCode::actor_crashed : ErrorCode::reply_dropped;
}

template <typename T>
class SendAwaiter {
 public:
  SendAwaiter(StreamCore<T>* core, T&& value) : core_(core), value_(std::move(value)) {}
  SendAwaiter(const SendAwaiter&) = delete;
  SendAwaiter& operator=(const SendAwaiter&) = delete;
  ~SendAwaiter() {
    if (waits_) core_->forget_sender();
  }

  [[nodiscard]] bool await_ready() {
    waits_ = !push(&room_);
    return !waits_ && !turn_is_over();
  }
  bool await_suspend(std::coroutine_handle<> awaiting) noexcept {
    if (waits_) return room_.await_suspend(awaiting);
    turn_over_.suspend(awaiting);
    return true;
  }
  [[nodiscard]] Result<void> await_resume() {
    // There is room now, or nobody is left: this is the only sender.
    if (std::exchange(waits_, false)) static_cast<void>(push(nullptr));
    if (refused_) return failure(ErrorCode::cancelled, "the sending incarnation has been replaced");
    if (core_ == nullptr || core_->abandoned()) return failure(ErrorCode::cancelled);
    return {};
  }

 private:
  /// False if it must wait for `room`.
  [[nodiscard]] bool push(Event* room) {
    if (core_ == nullptr) return true;
    const LibraryCall call;
    refused_ = call.fenced();
    if (refused_) count_refused();
    return refused_ || core_->push(value_, room);
  }

  StreamCore<T>* core_;
  T value_;
  bool waits_ = false;
  bool refused_ = false;  // The sender has been replaced.
  Event room_{Wait::Kind::room};
  TurnOver turn_over_;
};

template <typename T>
class NextAwaiter {
 public:
  explicit NextAwaiter(StreamCore<T>& core) noexcept : core_(core) {}
  NextAwaiter(const NextAwaiter&) = delete;
  NextAwaiter& operator=(const NextAwaiter&) = delete;
  ~NextAwaiter() {
    if (waits_) core_.forget_taker();
  }

  [[nodiscard]] bool await_ready() noexcept {
    waits_ = !core_.ready(&come_);
    return !waits_ && !turn_is_over();
  }
  bool await_suspend(std::coroutine_handle<> awaiting) noexcept {
    if (waits_) return come_.await_suspend(awaiting);
    turn_over_.suspend(awaiting);
    return true;
  }
  [[nodiscard]] std::optional<T> await_resume() { return core_.pop(); }

 private:
  StreamCore<T>& core_;
  bool waits_ = false;
  Event come_;
  TurnOver turn_over_;
};

}  // namespace understudy::detail
