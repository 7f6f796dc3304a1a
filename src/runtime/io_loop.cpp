#include "runtime/io_loop.hpp"

#include "base/log.hpp"

#include <exception>

#include <boost/asio/post.hpp>

namespace understudy::detail {

IoLoop::IoLoop(const Clock& clock) : clock_(clock), thread_([this] { run(); }) {
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

void IoLoop::start_timer(Timer& timer, TimePoint deadline) noexcept {
  bool earlier = false;
  {
    const std::lock_guard lock(timers_mutex_);
    timers_.start(timer, deadline);
    if (!armed_for_ || deadline < *armed_for_) {
      armed_for_ = deadline;
      earlier = true;
    }
  }
  if (earlier) boost::asio::post(context_, [this] { arm(); });
}

bool IoLoop::cancel_timer(Timer& timer) noexcept {
  const std::lock_guard lock(timers_mutex_);
  return timers_.remove(timer);
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

void IoLoop::arm() {
  Duration delay{0};
  {
    const std::lock_guard lock(timers_mutex_);
    armed_for_ = timers_.next_deadline();
    if (!armed_for_) return;
    delay = *armed_for_ - clock_.now();
  }
  alarm_.expires_after(std::max(delay, Duration{0}));
  alarm_.async_wait([this](const boost::system::error_code& error) {
    if (!error) fire_due();
  });
}

void IoLoop::fire_due() {
  {
    const std::lock_guard lock(timers_mutex_);
    const TimePoint now = clock_.now();
    // Fired under the lock: whoever cancels a timer afterwards knows that it is not in use.
    while (Timer* due = timers_.take_due(now)) due->fire();
  }
  arm();
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
