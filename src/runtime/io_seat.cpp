#include "runtime/io_seat.hpp"

namespace understudy::detail {

void IoSeat::keep_guarded() noexcept { guarded_.store(true, std::memory_order_seq_cst); }

void IoSeat::sleep_elsewhere() noexcept {
  if (!taken_.load(std::memory_order_seq_cst)) see_to_the_guard();
}

void IoSeat::leave() noexcept {
  taken_.store(false, std::memory_order_seq_cst);
  see_to_the_guard();
}

void IoSeat::see_to_the_guard() noexcept {
  // A write (`taken_`) and then a look at what somebody else writes before looking at ours, the number of sockets
  // (Dekker's pattern): in one order that everybody agrees on, so one of the two sees the other.
  if (guarded_.load(std::memory_order_seq_cst) && sockets_.has_sockets()) guard_.note();
}

bool IoSeat::guard(bool left) {
  // While workers come and go they see to the sockets themselves, and one that finds the seat taken by a look in
  // passing sleeps elsewhere: its sockets would wait for the next look.
  if (!left) look();
  return (left || !taken_.load(std::memory_order_relaxed)) && sockets_.has_sockets();
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
