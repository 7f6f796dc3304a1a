// QuickCalls: which worker makes a quick call (BlockingOptions::quick), and who looks whether it comes back.
//
// One at a time. While there are any the control thread looks every look_interval; a worker that is in the same call as
// at the look before is relieved: another thread takes its place. So no call holds a worker for longer than two
// intervals.
#pragma once

#include "runtime/io_watch.hpp"

#include <atomic>
#include <chrono>
#include <functional>
#include <utility>

namespace understudy::detail {

class Worker;

class QuickCalls {
 public:
  static constexpr std::chrono::milliseconds look_interval{10};

  /// `relieve` is called on the control thread.
  QuickCalls(IoLoop& control, std::function<void(Worker&)> relieve)
      : relieve_(std::move(relieve)), watch_(control, look_interval, [this](bool any) { return look(any); }) {}
  QuickCalls(const QuickCalls&) = delete;
  QuickCalls& operator=(const QuickCalls&) = delete;
  ~QuickCalls() = default;

  /// By `caller`'s thread, before a call. False: another is under way.
  [[nodiscard]] bool begin(Worker& caller) noexcept {
    Worker* none = nullptr;
    return caller_.compare_exchange_strong(none, &caller, std::memory_order_relaxed);
  }
  /// Then, once the thread's own word says so too: a caller is relieved once at most, and before that in vain.
  void watch() noexcept { watch_.note(); }
  /// After it, on the same thread. Gives the worker that began it.
  Worker& end() noexcept { return *caller_.exchange(nullptr, std::memory_order_relaxed); }

 private:
  bool look(bool any) {
    Worker* const caller = caller_.load(std::memory_order_relaxed);
    if (any) tried_ = false;
    if (!any && caller != nullptr && !std::exchange(tried_, true)) relieve_(*caller);
    return any || caller != nullptr;
  }

  const std::function<void(Worker&)> relieve_;
  // A lock that is only tried; a hint for who looks: the thread's own word decides (ThreadState::quick_call).
  std::atomic<Worker*> caller_{nullptr};
  bool tried_ = false;  // To relieve it. The control thread only.
  IoWatch watch_;
};

}  // namespace understudy::detail
