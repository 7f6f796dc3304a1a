// Threads for calls that block: files, name look-ups, legacy code. Started on demand up to a limit; jobs beyond it wait
// in order. Idle threads stay: they cost no CPU.
#pragma once

#include "understudy/runtime/detail/scheduler.hpp"

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace understudy::detail {

class BlockingPool {
 public:
  explicit BlockingPool(std::uint32_t threads_max) : state_(std::make_shared<State>()), threads_max_(threads_max) {}
  BlockingPool(const BlockingPool&) = delete;
  BlockingPool& operator=(const BlockingPool&) = delete;
  ~BlockingPool() { stop(); }

  /// Runs `job` on one of the pool's threads; on the caller's when the system grants the pool none. Any thread.
  void run(BlockingJob& job);
  /// Runs what is queued, and joins the threads; those whose call has not come back after `limit` are left behind with
  /// it. Jobs that come later run on the caller's thread.
  void stop(Duration limit = std::chrono::seconds(5)) noexcept;

 private:
  /// What the threads look at: theirs as well, so that one that is left behind finds it.
  struct State {
    std::mutex mutex;
    std::condition_variable work_made;
    std::condition_variable thread_ended;
    BlockingJob* first = nullptr;
    BlockingJob* last = nullptr;
    std::uint32_t idle = 0;
    std::uint32_t queued = 0;
    std::uint32_t threads = 0;  // That have not ended.
    bool stopping = false;
  };
  /// False if the system grants no more. With the state's mutex held.
  bool add_thread() noexcept;
  static void work(const std::shared_ptr<State>& state) noexcept;

  std::shared_ptr<State> state_;
  const std::uint32_t threads_max_;
  std::vector<std::thread> threads_;  // Guarded by the state's mutex.
};

}  // namespace understudy::detail
