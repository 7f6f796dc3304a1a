// Threads of actors that have one of their own. A thread cannot join itself, so one whose actor has stopped is joined
// when the next is started, or when the scheduler stops.
#pragma once

#include "runtime/worker.hpp"

#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace understudy::detail {

/// Threads: any.
class OwnThreads {
 public:
  OwnThreads() = default;
  OwnThreads(const OwnThreads&) = delete;
  OwnThreads& operator=(const OwnThreads&) = delete;
  ~OwnThreads() { stop(); }

  /// Starts one; its number, good until `finish`. Throws std::system_error if there is no thread to be had.
  [[nodiscard]] std::uint16_t start(ThreadedScheduler& scheduler, std::uint32_t shared_workers);
  /// The thread ends after what it runs now. May be called on it.
  void finish(std::uint16_t number) noexcept;
  [[nodiscard]] Worker& worker(std::uint16_t number) noexcept;
  /// True while one of them is suspending `context`.
  [[nodiscard]] bool any_is_arming(const Context& context) noexcept;
  /// The one that runs the own code of `context`, or null. Lives until that context is unplaced.
  [[nodiscard]] Worker* holder_of(const Context& context) noexcept;
  /// Ends and joins all. What they run must have come to an end.
  void stop() noexcept;

 private:
  void join_finished() noexcept;

  std::mutex mutex_;
  std::vector<std::unique_ptr<Worker>> running_;  // By number; null: free.
  std::vector<std::unique_ptr<Worker>> finished_;
};

}  // namespace understudy::detail
