// Waiting for time to pass, without holding a thread.
#pragma once

#include "understudy/base/detail/atomic.hpp"
#include "understudy/runtime/detail/event.hpp"
#include "understudy/runtime/detail/scheduler.hpp"

namespace understudy {

/// Suspends the calling task or actor for `duration` or a little longer: `co_await us::sleep(100ms)`. Zero or less
/// yields to what is ready. Resumes on a worker. Destroyed while suspended, it stops its timer.
class [[nodiscard]] sleep final : private detail::Timer, private detail::Suspension {
 public:
  explicit sleep(Duration duration) noexcept : duration_(duration) {}
  /// Only before it is awaited: to hand it on.
  sleep(sleep&& other) noexcept : sleep(other.duration_) {}
  sleep(const sleep&) = delete;
  sleep& operator=(const sleep&) = delete;
  ~sleep() {
    if (scheduler_ != nullptr) scheduler_->cancel_timer(*this);
  }

  [[nodiscard]] bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> awaiting) noexcept {
    detail::Context& context = *detail::this_thread().current;
    context_ = &context;
    if (!context.publish(awaiting, *this)) {
      claimed_.store(true, std::memory_order_relaxed);
      context.give_up();
      return;
    }
    detail::Scheduler& scheduler = context.scheduler();
    if (duration_ <= Duration{0}) {
      claimed_.store(true, std::memory_order_relaxed);
      detail::Context::armed();
      scheduler.schedule_behind(context);
      return;
    }
    scheduler_ = &scheduler;
    scheduler.start_timer(*this, after(scheduler.clock().now(), duration_));
    detail::Context::armed();
  }
  void await_resume() const noexcept {}

 private:
  void fire() noexcept override {
    if (claim()) context_->schedule();
  }
  bool claim() noexcept override { return !claimed_.exchange(true, std::memory_order_acq_rel); }
  [[nodiscard]] detail::Wait waiting_for() const noexcept override {
    return {.kind = detail::Wait::Kind::timer, .claimed = claimed_.load(std::memory_order_relaxed)};
  }

  Duration duration_;
  detail::Context* context_ = nullptr;
  detail::Scheduler* scheduler_ = nullptr;
  // Set by the one that may resume the sleeper: the timer, or a kill.
  detail::Atomic<bool> claimed_{false};
};

/// Lets everything that is ready run before the caller goes on: `co_await us::yield()`.
[[nodiscard]] inline sleep yield() noexcept { return sleep(Duration{0}); }

}  // namespace understudy
