// The control thread: one thread that runs a Boost.Asio io_context. It drives timers, waits for sockets, and runs the
// supervisor's checks; it never runs actors, so nothing an actor does can hold it up.
#pragma once

#include "runtime/timer_service.hpp"

#include <functional>
#include <mutex>
#include <thread>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

namespace understudy::detail {

class IoLoop {
 public:
  /// `timer_shards`: how many threads start timers without disturbing one another. The last is that of all others.
  IoLoop(const Clock& clock, std::uint32_t timer_shards);
  IoLoop(const IoLoop&) = delete;
  IoLoop& operator=(const IoLoop&) = delete;
  ~IoLoop() { stop(); }

  /// The system's timers, which this thread fires.
  [[nodiscard]] TimerService& timers() noexcept { return timers_; }
  /// Starts `timer` on behalf of a thread that is no worker. Any thread.
  void start_timer(Timer& timer, TimePoint deadline) noexcept { timers_.start(timer, deadline, last_shard_); }
  /// Runs `work` on the loop's thread; once that has ended, on the calling one. Any thread.
  void post(std::move_only_function<void()> work);
  /// Ends the thread. What was posted before runs first.
  void stop() noexcept;

  [[nodiscard]] const Clock& clock() const noexcept { return clock_; }
  [[nodiscard]] boost::asio::io_context& context() noexcept { return context_; }

 private:
  void run() noexcept;
  void ring();
  void set_alarm();

  const Clock& clock_;
  const std::uint32_t last_shard_;
  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{context_.get_executor()};
  boost::asio::steady_timer alarm_{context_};
  TimePoint alarm_at_ = TimePoint::max();  // When it rings; max: never. The control thread only.
  TimerService timers_;
  std::mutex stop_mutex_;
  bool stopping_ = false;      // Guarded by stop_mutex_.
  std::thread::id thread_id_;  // Guarded by stop_mutex_.
  std::mutex joining_;         // Held while the thread comes to its end.
  std::thread thread_;
};

}  // namespace understudy::detail
