#include "runtime/io_seat.hpp"

#include <boost/asio/post.hpp>

namespace understudy::detail {
void IoSeat::leave() noexcept {
  taken_.store(false, std::memory_order_release);
  if (!sockets_.has_sockets()) return;
  leaves_.fetch_add(1, std::memory_order_relaxed);
  if (guarded_.load(std::memory_order_relaxed) || guarded_.exchange(true, std::memory_order_acq_rel)) return;
  boost::asio::post(control_.context(), [this] { guard(); });
}

void IoSeat::guard() {
  guard_timer_.expires_after(guard_interval);
  guard_timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    poll();
    const std::uint32_t leaves = leaves_.load(std::memory_order_relaxed);
    if (leaves != leaves_seen_ || !taken_.load(std::memory_order_relaxed)) {
      leaves_seen_ = leaves;
      if (sockets_.has_sockets()) {
        guard();
        return;
      }
    }
    guarded_.exchange(false, std::memory_order_acq_rel);
    if (leaves_.load(std::memory_order_relaxed) == leaves_seen_ || guarded_.exchange(true, std::memory_order_acq_rel)) {
      return;
    }
    guard();
  });
}

void IoSeat::wait() noexcept { sockets_.wait(); }

void IoSeat::interrupt() noexcept { sockets_.interrupt(); }

void IoSeat::poll() noexcept {
  if (!sockets_.has_sockets() || !try_take()) return;
  sockets_.poll();
  taken_.store(false, std::memory_order_release);
}

}  // namespace understudy::detail
