// Attacks: on real threads, each timer fires once or is cancelled, never both; after a cancel its `fire` does not run;
// the control thread sleeps until the earliest of them, not shorter, and no timer that is started behind its back is
// forgotten.
#include "runtime/timer_service.hpp"

#include "support/set_clock.hpp"
#include "understudy/base/random.hpp"

#include <array>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace understudy::detail {
namespace {

/// A control thread with nothing but the service to drive.
class Driver {
 public:
  explicit Driver(std::uint32_t shards) : service(system_clock_source(), shards, [this] { wake(); }) {
    thread_ = std::thread([this] { run(); });
  }
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;
  ~Driver() {
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
    }
    changed_.notify_one();
    thread_.join();
  }
  TimerService service;

 private:
  void wake() {
    const std::lock_guard lock(mutex_);
    woken_ = true;
    changed_.notify_one();
  }
  void run() {
    std::unique_lock lock(mutex_);
    while (!stop_) {
      woken_ = false;
      lock.unlock();
      service.run_due();
      const TimePoint next = service.wake_at();
      lock.lock();
      const auto ready = [this] { return woken_ || stop_; };
      if (next == TimePoint::max()) {
        changed_.wait(lock, ready);
      } else {
        const Duration left = next - system_clock_source().now();
        if (left > Duration{0}) changed_.wait_for(lock, left, ready);
      }
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  bool woken_ = false;
  bool stop_ = false;
  std::thread thread_;
};

struct CountingTimer final : Timer {
  void fire() noexcept override {
    EXPECT_FALSE(cancelled);
    fired.fetch_add(1, std::memory_order_relaxed);
  }
  std::atomic<int> fired{0};
  bool cancelled = false;  // Written after a successful cancel: a fire that runs later is a race that TSan sees.
};

TEST(TimerService, FiresOrCancelsButNeverBoth) {
  constexpr std::uint32_t threads = 4;
  Driver driver(threads);
  std::atomic<int> fired = 0;
  std::atomic<int> cancelled = 0;
  std::vector<std::thread> workers;
  for (std::uint32_t index = 0; index < threads; ++index) {
    workers.emplace_back([&, index] {
      SeededRandom random(index + 1);
      for (int round = 0; round < 300; ++round) {
        std::array<CountingTimer, 16> timers;
        for (CountingTimer& timer : timers) {
          const Duration delay(static_cast<std::int64_t>(random.below(600'000)));
          driver.service.start(timer, system_clock_source().now() + delay, index);
          if (random.below(4) == 0) std::this_thread::yield();
        }
        while (round % 16 == 0 && timers.front().fired.load() == 0) std::this_thread::yield();
        for (CountingTimer& timer : timers) {
          const bool won = driver.service.cancel(timer);
          if (won) timer.cancelled = true;
          ASSERT_EQ(timer.fired.load(), won ? 0 : 1);
          (won ? cancelled : fired).fetch_add(1);
        }
      }
    });
  }
  for (std::thread& worker : workers) worker.join();
  EXPECT_EQ(fired.load() + cancelled.load(), 4 * 300 * 16);
  EXPECT_GT(fired.load(), 0);
  EXPECT_GT(cancelled.load(), 0);
}

TEST(TimerService, WakesTheControlThreadOnceForATimer) {
  SeededRandom random(5);
  SetClock clock;
  int alarms = 0;
  TimerService service(clock, 2, [&alarms] { ++alarms; });
  for (int i = 0; i < 1000; ++i) {
    CountingTimer timer;
    const Duration delay(static_cast<std::int64_t>(random.below(100'000'000)));
    service.start(timer, clock.moment + delay, static_cast<std::uint32_t>(random.below(2)));
    ASSERT_EQ(alarms, i + 1);
    clock.moment = std::max(clock.moment, service.wake_at());
    service.run_due();
    ASSERT_EQ(service.wake_at(), TimePoint::max()) << "it is to come back, " << delay << " were waited";
    ASSERT_EQ(timer.fired.load(), 1);
  }
}

TEST(TimerService, ForgetsNoTimerThatIsStartedBehindItsBack) {
  constexpr std::uint32_t threads = 3;
  Driver driver(threads);
  std::vector<std::thread> workers;
  for (std::uint32_t index = 0; index < threads; ++index) {
    workers.emplace_back([&, index] {
      SeededRandom random(index + 100);
      for (int round = 0; round < 400; ++round) {
        CountingTimer timer;
        driver.service.start(
            timer, system_clock_source().now() + Duration(static_cast<std::int64_t>(random.below(400'000))), index);
        // No deadline here: a forgotten timer hangs the test, which its time-out reports.
        while (timer.fired.load(std::memory_order_relaxed) == 0) std::this_thread::yield();
        ASSERT_FALSE(driver.service.cancel(timer));
      }
    });
  }
  for (std::thread& worker : workers) worker.join();
}

}  // namespace
}  // namespace understudy::detail
