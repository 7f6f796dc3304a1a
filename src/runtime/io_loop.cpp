#include "runtime/io_loop.hpp"

#include "base/log.hpp"

#include <algorithm>
#include <exception>

#include <boost/asio/post.hpp>

namespace understudy::detail {

IoLoop::IoLoop(const Clock& clock, std::uint32_t timer_shards)
    : clock_(clock),
      last_shard_(timer_shards - 1),
      timers_(clock, timer_shards, [this] { boost::asio::post(context_, [this] { set_alarm(); }); }),
      thread_([this] { run(); }) {
  const std::lock_guard lock(stop_mutex_);
  thread_id_ = thread_.get_id();
}

void IoLoop::run() noexcept {
  for (;;) {
    try {
      context_.run();
      return;
    } catch (const std::exception& error) {
      log_error("control thread: {} (it goes on)", error.what());
    }
  }
}

void IoLoop::post(std::move_only_function<void()> work) {
  {
    const std::lock_guard lock(stop_mutex_);
    if (!stopping_ || std::this_thread::get_id() == thread_id_) {
      boost::asio::post(context_, [work = std::move(work)]() mutable { work(); });
      return;
    }
  }
  {
    const std::lock_guard ended(joining_);
  }
  work();
}

void IoLoop::set_alarm() {
  const TimePoint moment = timers_.wake_at();
  if (moment == alarm_at_) return;
  alarm_at_ = moment;
  const Duration delay = moment - clock_.now();
  alarm_.expires_after(std::max(delay, Duration{0}));
  alarm_.async_wait([this](const boost::system::error_code& error) {
    if (!error) ring();
  });
}

void IoLoop::ring() {
  alarm_at_ = TimePoint::max();
  timers_.run_due();
  // Behind what the timers have posted, which may start them again: the alarm is set once.
  boost::asio::post(context_, [this] { set_alarm(); });
}

void IoLoop::stop() noexcept {
  const std::lock_guard joining(joining_);
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(stop_mutex_);
    stopping_ = true;
  }
  boost::asio::post(context_, [this] {
    alarm_.cancel();
    context_.stop();
  });
  work_.reset();
  thread_.join();
}

}  // namespace understudy::detail
