// The atomics and locks that threads of the runtime meet at. Here they are the standard's. The model tests
// (tests/model) build the same sources with others, of which each operation is a step, and run them in every order of
// their steps; what they take instead is named by UNDERSTUDY_ATOMICS, a header.
#pragma once

#ifdef UNDERSTUDY_ATOMICS
#include UNDERSTUDY_ATOMICS
#else

#include <atomic>
#include <cstdint>
#include <mutex>
#include <thread>

namespace understudy::detail {

template <typename T>
using Atomic = std::atomic<T>;

/// A lock that may be held while atomics are used.
using ThreadMutex = std::mutex;

/// One of T for each thread.
template <typename T>
[[nodiscard]] inline T& per_thread() noexcept {
  static thread_local constinit T value;
  return value;
}

/// Tells the processor that this thread waits in a loop for another: some ten nanoseconds.
inline void pause_briefly() noexcept {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

/// Called again and again, with how often before, by a thread that waits for a few instructions of another.
inline void wait_a_little(std::uint64_t round) noexcept {
  if (round < 100) {
    pause_briefly();
  } else {
    std::this_thread::yield();
  }
}

}  // namespace understudy::detail

#endif
