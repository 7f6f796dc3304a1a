// The real scheduler: worker threads, the control thread, and the blocking pool.
#pragma once

#include "runtime/blocking_pool.hpp"
#include "runtime/io_loop.hpp"
#include "runtime/io_seat.hpp"
#include "runtime/own_threads.hpp"
#include "runtime/quick_calls.hpp"
#include "runtime/worker.hpp"
#include "understudy/runtime/detail/scheduler.hpp"
#include "understudy/runtime/options.hpp"

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

namespace understudy::detail {

class ThreadedScheduler final : public Scheduler, public std::enable_shared_from_this<ThreadedScheduler> {
 public:
  explicit ThreadedScheduler(const RuntimeOptions& options);
  ~ThreadedScheduler() override;

  void schedule(Context& context) noexcept override;
  void schedule_behind(Context& context) noexcept override;
  void schedule_before(Context& first, Context& then) noexcept override;
  void place(Context& context, Placement placement) override;
  void unplace(Context& context) noexcept override;
  void start_timer(Timer& timer, TimePoint deadline) noexcept override;
  bool cancel_timer(Timer& timer) noexcept override { return io_loop_.timers().cancel(timer); }
  void run_blocking(BlockingJob& job) noexcept override { blocking_pool_.run(job); }
  [[nodiscard]] bool begin_quick_call() noexcept override;
  void end_quick_call() noexcept override;
  void run_on_control(std::move_only_function<void()> work) override { io_loop_.post(std::move(work)); }
  [[nodiscard]] std::unique_ptr<Completion> make_completion() override;
  [[nodiscard]] const Clock& clock() const noexcept override { return system_clock_source(); }
  [[nodiscard]] std::uint64_t random_number() noexcept override;
  [[nodiscard]] Network& network() noexcept override { return *network_; }
  [[nodiscard]] std::uint32_t worker_count() const noexcept override {
    return static_cast<std::uint32_t>(workers_.size());
  }
  void heavy_fence() noexcept override;
  void wait_until_armed(const Context& context) noexcept override;
  bool look_at_holder(const Context& context, const std::function<void(const HoldingThread&)>& look) override;
  [[nodiscard]] bool take_from_thread(const Context& context, Abandoned& abandoned) override;
  [[nodiscard]] bool replaces_threads() const noexcept override { return true; }
  [[nodiscard]] bool has_control_thread() const noexcept override { return true; }
  void look_at_sockets() noexcept override { io_seat_.poll(); }
  void stop() noexcept override;

  // For workers.
  [[nodiscard]] Parking& parking() noexcept { return parking_; }
  [[nodiscard]] IoSeat& io_seat() noexcept { return io_seat_; }
  [[nodiscard]] bool stopping() const noexcept { return stopping_.load(std::memory_order_acquire); }
  [[nodiscard]] bool any_work() const noexcept;
  /// By the thread itself, last of all.
  static void relieved_thread_ends() noexcept;
  Context* take_shared() noexcept { return shared_.pop(); }
  Context* steal_for(Worker& thief, std::uint32_t index) noexcept;

 private:
  void schedule_by(Context& context, void (Worker::*on_this_worker)(Context&) noexcept) noexcept;
  [[nodiscard]] Worker& home_of(const Context& context) noexcept;
  [[nodiscard]] Worker* this_worker() const noexcept;
  /// Lets another thread take the place of the worker's, which has been in a quick call for long.
  void relieve(Worker& worker) noexcept;
  /// A few seconds at most.
  void wait_for_relieved_threads() noexcept;
  /// The worker whose thread runs the own code of `context`, or null. Under replacing_.
  [[nodiscard]] Worker* holder_of(const Context& context) noexcept;

  const std::uint32_t workers_wanted_;
  Parking parking_;
  RunQueue shared_;  // What threads that are no workers have made ready.
  IoLoop io_loop_;
  IoSeat io_seat_;
  std::unique_ptr<Network> network_;
  BlockingPool blocking_pool_;
  QuickCalls quick_calls_;
  std::mutex random_mutex_;
  std::unique_ptr<Random> random_;
  // Set by `stop` (release), read by workers (acquire).
  std::atomic<bool> stopping_{false};
  std::vector<std::unique_ptr<Worker>> workers_;
  OwnThreads own_threads_;
  std::mutex replacing_;               // Held while a worker's thread is looked at or replaced, and by `stop`.
  std::vector<std::thread> given_up_;  // Guarded by replacing_. Some may have ended.
  std::size_t relieved_threads_ = 0;   // That have not ended. Guarded by replacing_.
  std::condition_variable relieved_thread_ended_;
};

}  // namespace understudy::detail
