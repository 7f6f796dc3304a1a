// A worker: one thread that runs contexts until its scheduler stops.
//
// Where a worker looks for work, in this order: its hand-off slot (what was made ready last, still warm in the cache, a
// few times in a row at most), its own run queue, the scheduler's shared queue, the run queues of the other workers.
#pragma once

#include "runtime/parking.hpp"
#include "runtime/run_queue.hpp"

#include <atomic>
#include <cstdint>
#include <thread>

namespace understudy::detail {

class ThreadedScheduler;

class Worker {
 public:
  Worker(ThreadedScheduler& scheduler, std::uint32_t index) noexcept : scheduler_(scheduler), index_(index) {}
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  ~Worker() = default;

  void start();
  void join() { thread_.join(); }

  /// Makes `context` the next to run here. Only on this worker's thread.
  void schedule_next(Context& context) noexcept;
  /// Puts `context` behind what is queued here. Only on this worker's thread.
  void schedule_behind(Context& context) noexcept;

  /// For other workers: moves half of the queue to `thief`, and returns one more context to run, or null.
  Context* give_to(Worker& thief) noexcept { return queue_.steal_into(thief.queue_, stolen_max); }
  /// Whether a thief would find something. The hand-off slot is not counted: what stands there runs next, and a thief
  /// would only tear an asker and its actor apart, between two processors.
  [[nodiscard]] bool has_work() const noexcept { return !queue_.empty(); }
  /// True while this worker's thread is suspending `context`. Any thread.
  [[nodiscard]] bool is_arming(const Context& context) const noexcept {
    const ThreadState* state = state_.load(std::memory_order_acquire);
    // Acquire: pairs with the release in Context::armed; what the worker did to the frame before has been done.
    return state != nullptr && state->arming.load(std::memory_order_acquire) == &context;
  }

 private:
  static constexpr std::uint32_t hand_offs_max = 16;
  static constexpr std::uint32_t shared_queue_period = 61;
  static constexpr std::size_t stolen_max = 128;

  void run() noexcept;
  Context* find_local() noexcept;
  Context* search() noexcept;

  ThreadedScheduler& scheduler_;
  const std::uint32_t index_;
  RunQueue queue_;
  Context* hand_off_ = nullptr;
  std::uint32_t hand_offs_in_a_row_ = 0;
  std::uint32_t activations_ = 0;
  bool searching_ = false;
  ParkingPlace place_;
  std::atomic<ThreadState*> state_{nullptr};
  std::thread thread_;
};

}  // namespace understudy::detail
