// Attacks: a look in passing never keeps out who wants to sit down, and who sits keeps everybody else out. What whole
// systems do with the seat: unit/actor/io_seat_test.cpp.
#include "runtime/io_seat.hpp"

#include <thread>
#include <vector>

#include <sys/eventfd.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace understudy::detail {
namespace {

struct Handle {
  Handle() = default;
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() { ::close(number); }
  int number = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
};

/// A seat with something to look at, and its control thread.
class Seat {
 public:
  Seat() = default;
  Seat(const Seat&) = delete;
  Seat& operator=(const Seat&) = delete;
  ~Seat() { loop_.stop(); }
  IoSeat& operator*() noexcept { return seat_; }
  IoSeat* operator->() noexcept { return &seat_; }

 private:
  IoLoop loop_{system_clock_source(), 1};
  IoSeat seat_{loop_, false};
  Handle handle_;
  SocketPoller::Registration socket_{seat_.sockets(), handle_.number};
};

TEST(IoSeatItself, IsTakenWhoeverLooksInPassing) {
  Seat seat;
  std::atomic<bool> stop = false;
  std::vector<std::thread> passers;
  for (int i = 0; i < 2; ++i) {
    passers.emplace_back([&] {
      while (!stop) seat->poll();
    });
  }
  for (int i = 0; i < 5000; ++i) {
    ASSERT_TRUE(seat->try_take()) << "nobody sits there";
    seat->leave();
  }
  stop = true;
  for (std::thread& passer : passers) passer.join();
}

TEST(IoSeatItself, HoldsOne) {
  Seat seat;
  std::atomic<int> seated = 0;
  std::atomic<int> taken = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      while (taken < 5000) {
        seat->poll();
        if (!seat->try_take()) continue;
        EXPECT_EQ(seated.fetch_add(1), 0);
        seat->poll();  // Finds itself there, and does not wait for that to end.
        ++taken;
        EXPECT_EQ(seated.fetch_sub(1), 1);
        seat->leave();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace understudy::detail
