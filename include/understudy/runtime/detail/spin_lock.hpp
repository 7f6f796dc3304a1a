// A lock for sections of a few instructions.
#pragma once

#include "understudy/base/detail/atomic.hpp"

#include <cstdint>

namespace understudy::detail {

/// Waiters spin, then give up their time slice.
class SpinLock {
 public:
  void lock() noexcept {
    // Acquire: pairs with the release in `unlock`.
    while (locked_.exchange(true, std::memory_order_acquire)) wait_until_free();
  }
  void unlock() noexcept { locked_.store(false, std::memory_order_release); }

 private:
  /// Looks without writing: the holder keeps the line to itself meanwhile.
  void wait_until_free() const noexcept {
    for (std::uint64_t round = 0; locked_.load(std::memory_order_relaxed); ++round) wait_a_little(round);
  }

  Atomic<bool> locked_{false};
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
