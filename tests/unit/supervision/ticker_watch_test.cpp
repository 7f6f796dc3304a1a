// Attacks: the ticker comes to a halt, or is only slow, or is not expected to tick.
#include "supervision/ticker_watch.hpp"

#include "actor/system_core.hpp"
#include "support/runtimes.hpp"
#include "understudy/supervision/supervisor.hpp"

#include <atomic>
#include <future>
#include <memory>
#include <thread>

#include <gtest/gtest.h>

namespace understudy::test {
namespace {

using std::chrono::milliseconds;

TEST(TickerWatch, NoticesAHaltOnce) {
  std::promise<void> halted;
  std::atomic<int> calls = 0;
  {
    TickerWatch watch(milliseconds(2), [&] {
      if (++calls == 1) halted.set_value();
    });
    watch.note_tick();
    watch.expect_ticks(true);
    halted.get_future().wait();
    watch.expect_ticks(false);
    watch.expect_ticks(true);
  }
  EXPECT_EQ(calls.load(), 1);
}

TEST(TickerWatch, LeavesASlowTickerAlone) {
  std::atomic<int> calls = 0;
  TickerWatch watch(milliseconds(20), [&] { ++calls; });
  watch.expect_ticks(true);
  const auto end = std::chrono::steady_clock::now() + milliseconds(600);
  while (std::chrono::steady_clock::now() < end) {
    watch.note_tick();
    std::this_thread::yield();
  }
  EXPECT_EQ(calls.load(), 0);
}

TEST(TickerWatch, ExpectsNothingUnlessTold) {
  std::atomic<int> calls = 0;
  {
    TickerWatch watch(milliseconds(1), [&] { ++calls; });
    watch.expect_ticks(true);
    watch.expect_ticks(false);
    const auto end = std::chrono::steady_clock::now() + milliseconds(60);
    while (std::chrono::steady_clock::now() < end) std::this_thread::yield();
  }
  EXPECT_EQ(calls.load(), 0);
}

Task<> never_done(Mailbox<int>& inbox) {
  while (const auto number = co_await inbox.receive()) co_await sleep(std::chrono::hours(1));
}

/// Holds the control thread, which fires all timers, and lets the supervisor find out.
void halt(System& system, std::shared_ptr<std::promise<void>> release) {
  system.core().scheduler().run_on_control([release] { release->get_future().wait(); });
}

TEST(Halt, OfTheControlThreadIsNoticed) {
  System system({.workers = 2});
  std::promise<void> noticed;
  SupervisionOptions options{.heartbeat = milliseconds(20), .cutoff = milliseconds(20)};
  options.on_halt = [&] { noticed.set_value(); };
  const auto release = std::make_shared<std::promise<void>>();
  const Supervisor supervisor(system, options);
  EXPECT_EQ(supervisor.lateness(), Duration{0});
  halt(system, release);
  const auto actor = system.spawn("slow", never_done, {.cutoff = std::chrono::hours(2)});
  ASSERT_TRUE(actor.try_tell(1));
  noticed.get_future().wait();
  EXPECT_GT(supervisor.lateness(), milliseconds(500));
  release->set_value();
  EXPECT_TRUE(eventually(system, [&] { return supervisor.lateness() < milliseconds(500); }));
  system.shutdown(milliseconds(10));
}

TEST(HaltDeathTest, EndsTheProcessIfNobodySaysWhatElse) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        set_log_level(LogLevel::error);
        System system({.workers = 2});
        const Supervisor supervisor(system, {.heartbeat = milliseconds(20), .cutoff = milliseconds(20)});
        halt(system, std::make_shared<std::promise<void>>());
        const auto actor = system.spawn("slow", never_done, {.cutoff = std::chrono::hours(2)});
        static_cast<void>(actor.try_tell(1));
        std::promise<void>().get_future().wait();
      },
      testing::ExitedWithCode(exit_code_start_anew), "needs to be started anew");
}

}  // namespace
}  // namespace understudy::test
