#include "runtime/io_seat.hpp"

#include "understudy/base/detail/atomic.hpp"

namespace understudy::detail {

void IoSeat::sleep_elsewhere() noexcept {
  if (taken_.load(std::memory_order_seq_cst) != Use::sit) see_to_the_guard();
}

bool IoSeat::try_take() noexcept {
  for (std::uint64_t round = 0;; ++round) {
    Use now = Use::none;
    if (taken_.compare_exchange_strong(now, Use::sit, std::memory_order_seq_cst)) return true;
    if (now == Use::sit) return false;
    wait_a_little(round);
  }
}

void IoSeat::stand_up() noexcept {
  looked_.store(looked_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  taken_.store(Use::none, std::memory_order_seq_cst);
}

void IoSeat::leave() noexcept {
  stand_up();
  see_to_the_guard();
}

void IoSeat::see_to_the_guard() noexcept {
  // A write (`taken_`, or a socket's registration) and then a look at what somebody else writes before looking at ours
  // (Dekker's pattern): in one order that everybody agrees on, so one of the two sees the other.
  if (sockets_.has_sockets()) guard_.note();
}

bool IoSeat::look() noexcept {
  Use now = Use::none;
  if (!sockets_.has_sockets() || !taken_.compare_exchange_strong(now, Use::look, std::memory_order_seq_cst)) {
    return false;
  }
  sockets_.poll();
  stand_up();
  return true;
}

bool IoSeat::guard() {
  const std::uint64_t looked = looked_.load(std::memory_order_relaxed);
  // While workers come and go they see to the sockets themselves.
  const bool others_look = looked != looked_seen_;
  if (!others_look) look();
  looked_seen_ = looked_.load(std::memory_order_relaxed);
  return (others_look || taken_.load(std::memory_order_relaxed) != Use::sit) && sockets_.has_sockets();
}

void IoSeat::wait() noexcept { sockets_.wait(); }

void IoSeat::interrupt() noexcept { sockets_.interrupt(); }

void IoSeat::poll() noexcept {
  if (look()) see_to_the_guard();  // Nobody may have sat here yet.
}

}  // namespace understudy::detail
