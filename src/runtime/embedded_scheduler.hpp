// A scheduler without threads of its own (but for blocking calls): contexts, timers and sockets are handlers in the
// application's io_context, contexts one at a time through a strand, whatever number of threads runs the loop.
//
// Ready contexts stand in one queue; a `drain` handler is posted when it becomes non-empty, runs a slice of them, and
// posts itself again behind the application's own handlers, so that neither side starves the other.
#pragma once

#include "runtime/blocking_pool.hpp"
#include "runtime/run_queue.hpp"
#include "runtime/socket_poller.hpp"
#include "runtime/timer_service.hpp"
#include "understudy/runtime/detail/scheduler.hpp"
#include "understudy/runtime/options.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>

namespace understudy::detail {

class EmbeddedScheduler final : public Scheduler {
 public:
  EmbeddedScheduler(boost::asio::io_context& context, const RuntimeOptions& options);
  ~EmbeddedScheduler() override;

  void schedule(Context& context) noexcept override;
  void schedule_behind(Context& context) noexcept override { schedule(context); }
  /// There is one worker, and no thread to give away: says nothing here.
  void place(Context& /*context*/, Placement /*placement*/) override {}
  void unplace(Context& /*context*/) noexcept override {}
  void start_timer(Timer& timer, TimePoint deadline) noexcept override { timers_.start(timer, deadline, 0); }
  bool cancel_timer(Timer& timer) noexcept override { return timers_.cancel(timer); }
  void run_blocking(BlockingJob& job) noexcept override { blocking_pool_.run(job); }
  void run_on_control(std::move_only_function<void()> work) override;
  [[nodiscard]] std::unique_ptr<Completion> make_completion() override;
  [[nodiscard]] const Clock& clock() const noexcept override { return system_clock_source(); }
  [[nodiscard]] std::uint64_t random_number() noexcept override;
  [[nodiscard]] Network& network() noexcept override { return *network_; }
  [[nodiscard]] std::uint32_t worker_count() const noexcept override { return 1; }
  void heavy_fence() noexcept override;
  void wait_until_armed(const Context& context) noexcept override;
  void stop() noexcept override;

  /// Runs a handler of the loop, if one is ready; otherwise waits for a moment. For threads that wait for something
  /// that happens in the loop, which perhaps nobody else runs.
  void help() noexcept;

 private:
  template <typename Executor, typename Handler>
  void post_to(const Executor& executor, Handler handler);
  void drain() noexcept;
  void run_slice(ThreadState& thread) noexcept;
  void set_alarm();
  void wait_for_sockets();

  boost::asio::io_context& context_;
  boost::asio::strand<boost::asio::io_context::executor_type> strand_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  boost::asio::steady_timer alarm_;
  TimerService timers_;
  SocketPoller sockets_;
  std::unique_ptr<Network> network_;
  boost::asio::posix::stream_descriptor sockets_ready_;
  BlockingPool blocking_pool_;
  std::mutex random_mutex_;
  std::unique_ptr<Random> random_;
  RunQueue ready_;
  // Whether a drain is posted or runs. Set by who makes work, cleared by the drain that finds none, both by exchange
  // (acq_rel): the drain that clears it then looks once more, and one of the two sees the other.
  std::atomic<bool> draining_{false};
  // Handlers of ours in the loop, which refer to this object: added to relaxed, dropped (release) as the last thing a
  // handler does, awaited (acquire) by `stop`.
  std::atomic<std::uint32_t> handlers_{0};
  // The state of the thread that drains, or null (release; acquire in wait_until_armed).
  std::atomic<const ThreadState*> draining_thread_{nullptr};
  // Set by `stop` (release): work for the loop is done by who brings it from then on (acquire).
  std::atomic<bool> stopped_{false};
};

}  // namespace understudy::detail
