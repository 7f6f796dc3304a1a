#include "runtime/io_seat.hpp"

#include <boost/asio/post.hpp>

namespace understudy::detail {

void IoSeat::leave() noexcept {
  taken_.store(false, std::memory_order_seq_cst);
  see_to_the_guard();
}

void IoSeat::see_to_the_guard() noexcept {
  // Twice a write and then a look at what somebody else writes before looking at ours (Dekker's pattern): at `taken_`
  // and the number of sockets, and at `leaves_` and `guarded_`. All of these accesses have one order that everybody
  // agrees on, so one of the two sees the other.
  if (!sockets_.has_sockets()) return;
  leaves_.fetch_add(1, std::memory_order_seq_cst);
  if (guarded_.load(std::memory_order_seq_cst) || guarded_.exchange(true, std::memory_order_seq_cst)) return;
  boost::asio::post(control_.context(), [this] { guard(); });
}

void IoSeat::guard() {
  guard_timer_.expires_after(guard_interval);
  guard_timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    const std::uint32_t leaves = leaves_.load(std::memory_order_relaxed);
    // While workers come and go they see to the sockets themselves, and one that finds the seat taken by a look in
    // passing sleeps elsewhere: its sockets would wait for the next look.
    if (leaves == leaves_seen_) look();
    if (leaves != leaves_seen_ || !taken_.load(std::memory_order_relaxed)) {
      leaves_seen_ = leaves;
      if (sockets_.has_sockets()) {
        guard();
        return;
      }
    }
    guarded_.store(false, std::memory_order_seq_cst);
    if (leaves_.load(std::memory_order_seq_cst) == leaves_seen_ || guarded_.exchange(true, std::memory_order_seq_cst)) {
      return;
    }
    guard();
  });
}

void IoSeat::wait() noexcept { sockets_.wait(); }

void IoSeat::interrupt() noexcept { sockets_.interrupt(); }

bool IoSeat::look() noexcept {
  if (!sockets_.has_sockets() || !try_take()) return false;
  sockets_.poll();
  taken_.store(false, std::memory_order_seq_cst);
  return true;
}

void IoSeat::poll() noexcept {
  // The guard may have looked meanwhile, and have taken this for somebody who sits here.
  if (look()) see_to_the_guard();
}

}  // namespace understudy::detail
