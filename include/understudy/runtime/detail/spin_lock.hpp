// A lock for sections of a few instructions.
#pragma once

#include <atomic>
#include <thread>

namespace understudy::detail {

/// Waiters spin, then give up their time slice.
class SpinLock {
 public:
  void lock() noexcept {
    // Acquire: pairs with the release in `unlock`.
    for (int round = 0; locked_.exchange(true, std::memory_order_acquire); ++round) {
      if (round > 64) std::this_thread::yield();
    }
  }
  void unlock() noexcept { locked_.store(false, std::memory_order_release); }

 private:
  std::atomic<bool> locked_{false};
};

/// Holds a SpinLock for a scope.
class [[nodiscard]] SpinGuard {
 public:
  explicit SpinGuard(SpinLock& lock) noexcept : lock_(lock) { lock_.lock(); }
  SpinGuard(const SpinGuard&) = delete;
  SpinGuard& operator=(const SpinGuard&) = delete;
  ~SpinGuard() { lock_.unlock(); }

 private:
  SpinLock& lock_;
};

}  // namespace understudy::detail
