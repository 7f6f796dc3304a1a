// Attacks: every way in which a life can end, and hooks that fail themselves. Each life that begins is ended once,
// before the next begins.
#include "understudy/actor/lifecycle_hooks.hpp"

#include "support/counted.hpp"
#include "support/runtimes.hpp"
#include "understudy/supervision/supervisor.hpp"

#include <atomic>
#include <memory>
#include <mutex>
#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace understudy::test {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::IsEmpty;

enum class What : std::uint8_t { answer, crash, hang, leave, spin };

struct Do {
  What what;
  Reply<std::uint32_t> reply;
};

/// What the hooks have noted, in order.
struct Diary {
  void note(std::string line) {
    const std::lock_guard lock(mutex);
    lines.push_back(std::move(line));
  }
  std::vector<std::string> read() {
    const std::lock_guard lock(mutex);
    return lines;
  }
  std::mutex mutex;
  std::vector<std::string> lines;
  std::atomic<bool> free{false};
  bool start_throws = false;
  bool end_throws = false;
};

LifecycleHooks noted_in(const std::shared_ptr<Diary>& diary) {
  return {.started =
              [diary](const ActorInfo& info) {
                diary->note("start " + std::to_string(info.incarnation));
                if (diary->start_throws && info.incarnation == 1) throw std::runtime_error("no start");
              },
          .ended =
              [diary](const ActorEnd& end) {
                diary->note("end " + std::to_string(end.incarnation) + " " + std::string(name_of(end.cause)));
                if (diary->end_throws) throw std::runtime_error("no end");
              }};
}

Task<> actor(Mailbox<Do>& inbox, std::shared_ptr<Diary> diary) {
  while (auto job = co_await inbox.receive()) {
    if (job->what == What::crash) throw std::runtime_error("on purpose");
    if (job->what == What::leave) co_return;
    if (job->what == What::hang) co_await sleep(std::chrono::hours(1));
    if (job->what == What::spin) {
      while (!diary->free.load(std::memory_order_relaxed)) {
      }
    }
    job->reply(this_actor().incarnation);
  }
}

SupervisionOptions hasty() {
  return {.heartbeat = milliseconds(20),
          .cutoff = milliseconds(100),
          .intensity = {.restarts = 1000},
          .backoff = {.first = Duration{0}, .next = Duration{0}}};
}

TEST(LifecycleHooks, AreCalledAtBothEndsOfEveryLife) {
  on_every_runtime(
      [](System& system) {
        const auto diary = std::make_shared<Diary>();
        const Supervisor supervisor(system, hasty());
        const auto hooked = system.spawn("hooked", with_hooks(actor, noted_in(diary)), {}, diary);
        EXPECT_EQ(wait(system, hooked.ask<Do>(What::answer)).value_or(0), 1U);
        EXPECT_FALSE(wait(system, hooked.ask<Do>(What::crash)));
        EXPECT_EQ(wait(system, hooked.ask<Do>(What::answer)).value_or(0), 2U);
        EXPECT_FALSE(wait(system, hooked.ask<Do>(What::hang)));
        EXPECT_EQ(wait(system, hooked.ask<Do>(What::answer)).value_or(0), 3U);
        EXPECT_TRUE(hooked.reset());
        EXPECT_EQ(wait(system, hooked.ask<Do>(What::answer)).value_or(0), 4U);
        hooked.stop();
        EXPECT_TRUE(eventually(system, [&] { return hooked.stopped(); }));
        EXPECT_THAT(diary->read(), ElementsAre("start 1", "end 1 crashed", "start 2", "end 2 stuck", "start 3",
                                               "end 3 reset", "start 4", "end 4 returned"));
      },
      10);
}

TEST(LifecycleHooks, AreCalledOnShutdown) {
  on_every_runtime([](System& system) {
    const auto diary = std::make_shared<Diary>();
    const auto hooked = system.spawn("hooked", with_hooks(actor, noted_in(diary)), {}, diary);
    ASSERT_TRUE(hooked.try_tell(Do{.what = What::hang, .reply = {}}));
    EXPECT_TRUE(eventually(system, [&] { return hooked.incarnation() == 1 && hooked.depth() == 0; }));
    system.shutdown(milliseconds(5));
    EXPECT_THAT(diary->read(), ElementsAre("start 1", "end 1 stopped"));
  });
}

TEST(LifecycleHooks, ThatThrow) {
  on_every_runtime([](System& system) {
    const auto diary = std::make_shared<Diary>();
    diary->start_throws = diary->end_throws = true;
    const Supervisor supervisor(system, hasty());
    const auto hooked = system.spawn("hooked", with_hooks(actor, noted_in(diary)), {}, diary);
    EXPECT_EQ(wait(system, hooked.ask<Do>(What::answer)).value_or(0), 2U);
    hooked.stop();
    EXPECT_TRUE(eventually(system, [&] { return hooked.stopped(); }));
    EXPECT_THAT(diary->read(), ElementsAre("start 1", "end 1 crashed", "start 2", "end 2 returned"));
  });
}

TEST(LifecycleHooks, OfOneThatNeverBegins) {
  const auto diary = std::make_shared<Diary>();
  SimulatedSystem simulation(1);
  System& system = simulation.system();
  const auto hooked = system.spawn("hooked", with_hooks(actor, noted_in(diary)), {}, diary);
  system.shutdown(Duration{0});
  EXPECT_TRUE(hooked.stopped());
  const std::vector<std::string> lines = diary->read();
  EXPECT_EQ(lines.size() % 2, 0U) << "as many starts as ends";
}

TEST(LifecycleHooks, AreNotSkippedByOneThatHoldsItsThread) {
  const auto diary = std::make_shared<Diary>();
  const Census census;
  {
    System system({.workers = 2});
    const Supervisor supervisor(system, hasty());
    const auto hooked = system.spawn("hooked", with_hooks(actor, noted_in(diary)), {}, diary);
    EXPECT_FALSE(wait(system, hooked.ask<Do>(What::spin)));
    EXPECT_EQ(wait(system, hooked.ask<Do>(What::answer)).value_or(0), 2U);
    EXPECT_THAT(diary->read(), ElementsAre("start 1", "end 1 holding a thread", "start 2"));
    diary->free = true;
    EXPECT_TRUE(eventually(system, [&] { return system.abandoned().threads_now == 0; }));
  }
  EXPECT_THAT(diary->read(), ElementsAre("start 1", "end 1 holding a thread", "start 2", "end 2 returned"));
}

}  // namespace
}  // namespace understudy::test
