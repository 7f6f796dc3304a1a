// A worker: one thread that runs contexts until its scheduler stops.
//
// Where a worker looks for work, in this order: its hand-off slot (what was made ready last, still warm in the cache, a
// few times in a row at most), what waits for that to be empty (ThreadState::then), what is bound to it, its own run
// queue (the two in turn), the scheduler's shared queue, the run queues of the other workers. With nothing to do it
// waits for sockets, if no other does (io_seat.hpp), and sleeps otherwise. A worker of Kind::own_thread runs only what
// is bound to it: one actor.
#pragma once

#include "runtime/parking.hpp"
#include "runtime/run_queue.hpp"
#include "understudy/runtime/detail/scheduler.hpp"

#include <atomic>
#include <cstdint>
#include <thread>

namespace understudy::detail {

class Abandoned;
class ThreadedScheduler;

class Worker {
 public:
  enum class Kind : std::uint8_t { shared, own_thread };
  /// `index`: among the shared ones, counted from 0; for own threads, the number of shared ones.
  Worker(ThreadedScheduler& scheduler, std::uint32_t index, Kind kind) noexcept
      : scheduler_(scheduler), index_(index), kind_(kind) {}
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  ~Worker() = default;

  void start();
  [[nodiscard]] std::uint32_t index() const noexcept { return index_; }
  void join() { thread_.join(); }
  /// The thread; only by who keeps it from being joined meanwhile.
  [[nodiscard]] HoldingThread holding_thread() {
    return {.handle = thread_.native_handle(), .kernel_id = kernel_id_.load(std::memory_order_relaxed)};
  }
  /// Whether this worker's thread runs the own code of `context`. Any thread, after Scheduler::heavy_fence.
  [[nodiscard]] bool is_held_by(const Context& context) const noexcept {
    const ThreadState* state = state_.load(std::memory_order_acquire);
    return state != nullptr && state->user_code.load(std::memory_order_acquire) == &context;
  }
  /// If it does: takes the worker's place, its queues and what is ready on it from that thread, which is left with
  /// `abandoned`, and starts another. Gives the old thread; none if it has let go meanwhile. One at a time.
  [[nodiscard]] std::thread take_from(const Context& context, Abandoned& abandoned);
  /// If its thread makes a quick call: starts another in its place, which takes over all that is the worker's; the old
  /// one finds that out when the call comes back. False if it has come back meanwhile, or no thread can be started. One
  /// at a time.
  bool relieve();
  /// An own thread ends after what it runs now. Any thread.
  void finish() noexcept;
  [[nodiscard]] Kind kind() const noexcept { return kind_; }

  /// Makes `context` the next to run here. Only on this worker's thread.
  void schedule_next(Context& context) noexcept;
  /// Puts `context` behind what is queued here. Only on this worker's thread.
  void schedule_behind(Context& context) noexcept;

  /// Makes `first` the next to run here, and `then` the one after it and what it hands over to. Only on this worker's
  /// thread.
  void schedule_before(Context& first, Context& then) noexcept;

  /// Queues `context`, which is bound to this worker. Any thread.
  void schedule_bound(Context& context) noexcept;

  /// For other workers: moves half of the queue to `thief`, and returns one more context to run, or null.
  Context* give_to(Worker& thief) noexcept { return queue_.steal_into(thief.queue_); }
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
  /// Activations after which a worker looks at what else there is: the shared queue, tasks to be counted.
  static constexpr std::uint32_t look_around_period = 64;
  /// The same for sockets. Requests come in bunches, and are worked off and answered in bunches; a worker that looked
  /// for the first of the next bunch while it answers the one before would have twice as many, half as large.
  static constexpr std::uint32_t look_at_sockets_period = 8 * look_around_period;
  static constexpr std::int64_t look_at_sockets_time_ns = 2'000'000;

  void run() noexcept;
  void run_shared(ThreadState& thread) noexcept;
  void run_own_thread(ThreadState& thread) noexcept;
  /// Whether somebody waits in the queues, behind the slots.
  [[nodiscard]] bool others_wait() const noexcept { return !queue_.empty() || !bound_.empty(); }
  Context* look_around(ThreadState& thread) noexcept;
  Context* find_local(ThreadState& thread) noexcept;
  Context* search() noexcept;
  void park(ThreadState& thread) noexcept;
  bool sleep_in_seat(ThreadState& thread) noexcept;

  ThreadedScheduler& scheduler_;
  const std::uint32_t index_;
  const Kind kind_;
  RunQueue queue_;
  RunQueue bound_;  // Contexts that must run here; never stolen.
  std::uint32_t activations_ = 0;
  std::int64_t looked_at_sockets_ns_ = 0;
  bool bound_first_ = false;  // Which of the two queues had its turn last; not by activations, which come in rounds.
  bool searching_ = false;
  ParkingPlace place_;
  std::atomic<ThreadState*> state_{nullptr};
  std::atomic<std::int32_t> kernel_id_{0};  // Of its thread; written before `state_`. Relaxed: that orders it.
  std::atomic<bool> finished_{false};       // Set (release) by `finish`, read (acquire) by the own thread.
  std::thread thread_;
};

}  // namespace understudy::detail
