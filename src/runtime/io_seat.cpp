#include "runtime/io_seat.hpp"

#include <utility>

namespace understudy::detail {

void IoSeat::sleep_elsewhere() noexcept {
  if (!taken_.load(std::memory_order_seq_cst)) see_to_the_guard();
}

void IoSeat::stand_up() noexcept {
  looked_.store(looked_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  taken_.store(false, std::memory_order_seq_cst);
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

bool IoSeat::guard() {
  const std::uint64_t looked = looked_.load(std::memory_order_relaxed);
  const bool others_look = std::exchange(looked_seen_, looked) != looked;
  // While workers come and go they see to the sockets themselves, and one that finds the seat taken by a look in
  // passing sleeps elsewhere: its sockets would wait for the next look.
  if (!others_look && sockets_.has_sockets() && try_take()) {
    sockets_.poll();
    taken_.store(false, std::memory_order_seq_cst);
  }
  return (others_look || !taken_.load(std::memory_order_relaxed)) && sockets_.has_sockets();
}

void IoSeat::wait() noexcept { sockets_.wait(); }

void IoSeat::interrupt() noexcept { sockets_.interrupt(); }

void IoSeat::poll() noexcept {
  if (!sockets_.has_sockets() || !try_take()) return;
  sockets_.poll();
  stand_up();
  see_to_the_guard();  // It may have looked meanwhile, and have taken this for somebody who sits here.
}

}  // namespace understudy::detail
