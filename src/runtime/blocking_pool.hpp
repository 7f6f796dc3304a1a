// Threads for calls that block: files, name look-ups, legacy code. Started on demand up to a limit; jobs beyond it wait
// in order. Idle threads stay: they cost no CPU.
#pragma once

#include "understudy/runtime/detail/scheduler.hpp"

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

namespace understudy::detail {

class BlockingPool {
 public:
  explicit BlockingPool(std::uint32_t threads_max) : threads_max_(threads_max) {}
  BlockingPool(const BlockingPool&) = delete;
  BlockingPool& operator=(const BlockingPool&) = delete;
  ~BlockingPool() { stop(); }

  /// Runs `job` on one of the pool's threads. Any thread.
  void run(BlockingJob& job);
  /// Runs what is queued, and joins the threads. Jobs that come later run on the caller's thread.
  void stop() noexcept;

 private:
  void work() noexcept;

  const std::uint32_t threads_max_;
  std::mutex mutex_;
  std::condition_variable work_made_;
  BlockingJob* first_ = nullptr;
  BlockingJob* last_ = nullptr;
  std::uint32_t idle_ = 0;
  std::uint32_t queued_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace understudy::detail
