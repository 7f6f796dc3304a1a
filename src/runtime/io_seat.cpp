#include "runtime/io_seat.hpp"

#include "base/log.hpp"

#include <exception>

#include <boost/asio/post.hpp>

namespace understudy::detail {
namespace {

/// Sockets that are let become ready before whoever polls looks after its own work again.
constexpr int ready_at_once_max = 64;

}  // namespace

void IoSeat::leave() noexcept {
  taken_.store(false, std::memory_order_release);
  if (sockets_.count.load(std::memory_order_relaxed) == 0) return;
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
      if (sockets_.count.load(std::memory_order_relaxed) != 0) {
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

void IoSeat::wait() noexcept {
  try {
    context_.run_one();
  } catch (const std::exception& error) {
    log_error("waiting for sockets: {} (it goes on)", error.what());
  }
  run_ready();
}

void IoSeat::interrupt() noexcept {
  boost::asio::post(context_, [] {});
}

void IoSeat::poll() noexcept {
  if (sockets_.count.load(std::memory_order_relaxed) == 0 || !try_take()) return;
  run_ready();
  taken_.store(false, std::memory_order_release);
}

void IoSeat::run_ready() noexcept {
  try {
    for (int i = 0; i < ready_at_once_max && context_.poll_one() != 0; ++i) {
    }
  } catch (const std::exception& error) {
    log_error("waiting for sockets: {} (it goes on)", error.what());
  }
}

}  // namespace understudy::detail
