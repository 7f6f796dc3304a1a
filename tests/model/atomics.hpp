// What the sources of the runtime take for atomics, locks and threads' own data when they are built for the model
// tests: see base/detail/atomic.hpp, which includes this by the name UNDERSTUDY_ATOMICS.
#pragma once

#include "support/interleavings.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace understudy::detail {

template <typename T>
using Atomic = test::interleavings::Atomic<T>;

inline void wait_a_little(std::uint64_t /*round*/) { test::interleavings::wait_a_little(); }

class ThreadMutex {
 public:
  void lock() {
    // Looks without writing while it waits: a write would set other waiters going.
    while (held_.exchange(true)) {
      while (held_.load()) wait_a_little(0);
    }
  }
  [[nodiscard]] bool try_lock() { return !held_.exchange(true); }
  void unlock() { held_.store(false); }

 private:
  Atomic<bool> held_{false};
};

/// One of T for each thread of a run, and one, the first, for what sets the run up and looks at its end.
template <typename T>
std::array<T, 1 + test::interleavings::threads_max>& all_threads() noexcept {
  static std::array<T, 1 + test::interleavings::threads_max> values;
  return values;
}
template <typename T>
[[nodiscard]] T& per_thread() noexcept {
  return all_threads<T>()[test::interleavings::running_thread()];
}

}  // namespace understudy::detail
