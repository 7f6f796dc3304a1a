// SocketPoller: an interruption ends a wait, also one that is still to come; whoever is interrupted by what it has just
// made ready itself is awake, and its next wait is none the shorter.
#include "runtime/socket_poller.hpp"

#include "understudy/base/clock.hpp"
#include "understudy/runtime/detail/context.hpp"
#include "understudy/runtime/detail/scheduler.hpp"

#include <array>
#include <coroutine>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <memory>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <gtest/gtest.h>

namespace understudy::detail {
namespace {

/// Interrupts the poller for each context that becomes ready, as if its worker slept there.
class InterruptingScheduler final : public Scheduler {
 public:
  explicit InterruptingScheduler(SocketPoller& poller) : poller_(poller) {}
  void schedule(Context& /*context*/) noexcept override {
    ++scheduled;
    poller_.interrupt();
  }
  void schedule_behind(Context& context) noexcept override { schedule(context); }
  void place(Context& /*context*/, Placement /*placement*/) override {}
  void unplace(Context& /*context*/) noexcept override {}
  void start_timer(Timer& /*timer*/, TimePoint /*deadline*/) noexcept override { std::abort(); }
  bool cancel_timer(Timer& /*timer*/) noexcept override { std::abort(); }
  void run_blocking(BlockingJob& /*job*/) noexcept override { std::abort(); }
  void run_on_control(std::move_only_function<void()> /*work*/) override { std::abort(); }
  [[nodiscard]] std::unique_ptr<Completion> make_completion() override { std::abort(); }
  [[nodiscard]] const Clock& clock() const noexcept override { std::abort(); }
  [[nodiscard]] std::uint64_t random_number() noexcept override { std::abort(); }
  [[nodiscard]] Network& network() noexcept override { std::abort(); }
  [[nodiscard]] std::uint32_t worker_count() const noexcept override { return 1; }
  void heavy_fence() noexcept override {}
  void wait_until_armed(const Context& /*context*/) noexcept override {}
  void stop() noexcept override {}

  int scheduled = 0;

 private:
  SocketPoller& poller_;
};

/// Waits for a handle's readiness, and is never run.
class Waiter final : public Context {
 public:
  Waiter(Scheduler& scheduler, SocketPoller::Readiness& readiness) : Context(scheduler) {
    ThreadState& thread = this_thread();
    Context* const outer = std::exchange(thread.current, this);
    waits_ = !readiness.await_ready() && readiness.await_suspend(std::noop_coroutine());
    thread.current = outer;
  }
  void run() noexcept override {}
  [[nodiscard]] bool waits() const noexcept { return waits_; }

 private:
  bool waits_ = false;
};

bool is_readable(int handle) {
  pollfd waited{.fd = handle, .events = POLLIN, .revents = 0};
  return ::poll(&waited, 1, 0) == 1;
}

struct Pipe {
  Pipe() { EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK), 0); }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe() {
    for (const int end : ends) ::close(end);
  }
  std::array<int, 2> ends{};
};

TEST(SocketPoller, AnInterruptionEndsTheWaitThatComesNext) {
  SocketPoller poller;
  EXPECT_FALSE(is_readable(poller.handle()));
  poller.interrupt();
  EXPECT_TRUE(is_readable(poller.handle()));
  poller.wait();
  EXPECT_FALSE(is_readable(poller.handle()));
}

TEST(SocketPoller, AnInterruptionByAnotherThreadEndsAWait) {
  SocketPoller poller;
  std::jthread waiting([&] { poller.wait(); });
  poller.interrupt();
  waiting.join();
}

TEST(SocketPoller, WhoeverLooksIsNotInterruptedByWhatItMakesReady) {
  SocketPoller poller;
  InterruptingScheduler scheduler(poller);
  const Pipe pipe;
  {
    SocketPoller::Registration registration(poller, pipe.ends[0]);
    ASSERT_EQ(registration.error(), 0);
    SocketPoller::Readiness readiness = registration.ready_to(Direction::read);
    const Waiter waiter(scheduler, readiness);
    ASSERT_TRUE(waiter.waits());
    ASSERT_EQ(::write(pipe.ends[1], "x", 1), 1);
    poller.wait();
    EXPECT_EQ(scheduler.scheduled, 1);
  }
  EXPECT_FALSE(is_readable(poller.handle())) << "it would come back at once, for nothing";
}

TEST(SocketPoller, WhoeverLooksElsewhereIsInterrupted) {
  SocketPoller looked_at;
  SocketPoller other;
  InterruptingScheduler scheduler(other);
  const Pipe pipe;
  SocketPoller::Registration registration(looked_at, pipe.ends[0]);
  SocketPoller::Readiness readiness = registration.ready_to(Direction::read);
  const Waiter waiter(scheduler, readiness);
  ASSERT_EQ(::write(pipe.ends[1], "x", 1), 1);
  looked_at.poll();
  EXPECT_EQ(scheduler.scheduled, 1);
  EXPECT_TRUE(is_readable(other.handle()));
}

}  // namespace
}  // namespace understudy::detail
