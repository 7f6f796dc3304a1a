// Mutex: mutual exclusion between coroutines, which wait without holding a thread. First come, first served.
//
//     us::Mutex mutex;
//     {
//       us::Mutex::Guard guard = co_await mutex.lock();
//       total += value;                          // may also await, with the lock held
//     }
//
// State in an actor needs no mutex; this is for state shared by plain tasks, and what the actor form is compared with.
#pragma once

#include "understudy/base/detail/atomic.hpp"
#include "understudy/runtime/detail/event.hpp"
#include "understudy/runtime/detail/spin_lock.hpp"

#include <utility>

namespace understudy {

/// Threads: any. Constant time, however many wait. Must outlive its guards and those that wait for it.
class Mutex {
 public:
  class Guard;
  class Lock;

  Mutex() = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  /// Waits for the lock, and holds it for the life of the guard: `co_await mutex.lock()`. In a coroutine of a System.
  /// A waiter that is destroyed leaves the queue.
  [[nodiscard]] Lock lock() noexcept;

 private:
  void unlock() noexcept;
  // With spin_ held, but for leave_queue, which takes it.
  void enter_queue(Lock& waiter) noexcept;
  void unlink(Lock& waiter) noexcept;
  void leave_queue(Lock& waiter) noexcept;

  detail::SpinLock spin_;
  // Guarded by spin_.
  bool held_ = false;
  Lock* first_ = nullptr;
  Lock* last_ = nullptr;
};

/// Holds a Mutex; releases it when destroyed.
class [[nodiscard]] Mutex::Guard {
 public:
  explicit Guard(Mutex& held) noexcept : mutex_(&held) {}
  Guard(Guard&& other) noexcept : mutex_(std::exchange(other.mutex_, nullptr)) {}
  Guard& operator=(Guard&&) = delete;
  Guard(const Guard&) = delete;
  Guard& operator=(const Guard&) = delete;
  ~Guard() {
    if (mutex_ != nullptr) mutex_->unlock();
  }

 private:
  Mutex* mutex_;
};

/// The awaitable of Mutex::lock.
class [[nodiscard]] Mutex::Lock final : private detail::Suspension {
 public:
  explicit Lock(Mutex& mutex) noexcept : mutex_(mutex) {}
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;
  ~Lock() {
    if (context_ == nullptr) return;
    mutex_.leave_queue(*this);
    if (granted_) mutex_.unlock();  // It was its turn, but it was destroyed before it could run.
  }

  [[nodiscard]] bool await_ready() noexcept {
    const detail::SpinGuard guard(mutex_.spin_);
    return !std::exchange(mutex_.held_, true);
  }
  bool await_suspend(std::coroutine_handle<> awaiting) noexcept {
    detail::Context& context = *detail::this_thread().current;
    if (!context.publish(awaiting, *this)) {
      claimed_.store(true, std::memory_order_relaxed);
      context.give_up();
      return true;
    }
    {
      const detail::SpinGuard guard(mutex_.spin_);
      if (std::exchange(mutex_.held_, true)) {
        context_ = &context;
        mutex_.enter_queue(*this);
      } else {
        claimed_.store(true, std::memory_order_relaxed);
      }
      if (context_ == nullptr) {
        context.unpublish();
        return false;
      }
    }
    detail::Context::armed();
    return true;
  }
  [[nodiscard]] Guard await_resume() noexcept {
    context_ = nullptr;  // Out of the queue: whoever granted it the lock has taken it out.
    return Guard(mutex_);
  }

 private:
  friend class Mutex;
  bool claim() noexcept override { return !claimed_.exchange(true, std::memory_order_acq_rel); }
  [[nodiscard]] detail::Wait waiting_for() const noexcept override {
    return {.kind = detail::Wait::Kind::event, .claimed = claimed_.load(std::memory_order_relaxed)};
  }

  Mutex& mutex_;
  detail::Context* context_ = nullptr;  // Set once it stands in the queue, until it goes on.
  // Guarded by the mutex's spin lock.
  Lock* next_ = nullptr;
  Lock* previous_ = nullptr;
  bool queued_ = false;
  bool granted_ = false;  // Written by the unlocker before it schedules the waiter.
  // Set by the one that may resume the waiter: the unlocker, or a kill.
  detail::Atomic<bool> claimed_{false};
};

inline Mutex::Lock Mutex::lock() noexcept { return Lock(*this); }

inline void Mutex::enter_queue(Lock& waiter) noexcept {
  waiter.queued_ = true;
  waiter.previous_ = last_;
  (last_ == nullptr ? first_ : last_->next_) = &waiter;
  last_ = &waiter;
}

inline void Mutex::unlink(Lock& waiter) noexcept {
  waiter.queued_ = false;
  (waiter.previous_ == nullptr ? first_ : waiter.previous_->next_) = waiter.next_;
  (waiter.next_ == nullptr ? last_ : waiter.next_->previous_) = waiter.previous_;
}

inline void Mutex::leave_queue(Lock& waiter) noexcept {
  const detail::SpinGuard guard(spin_);
  if (waiter.queued_) unlink(waiter);
}

inline void Mutex::unlock() noexcept {
  detail::Context* next = nullptr;
  {
    const detail::SpinGuard guard(spin_);
    while (first_ != nullptr && next == nullptr) {
      Lock& waiter = *first_;
      unlink(waiter);
      // One that loses the claim is being destroyed.
      if (waiter.claim()) {
        waiter.granted_ = true;
        next = waiter.context_;
      }
    }
    if (next == nullptr) held_ = false;
  }
  if (next != nullptr) next->schedule();
}

}  // namespace understudy
