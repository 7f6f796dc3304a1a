// Attacks: an event wakes its one waiter once, whether it happens before, while or after the waiter suspends, and may
// be given up at any moment.
#include "understudy/runtime/detail/event.hpp"

#include "support/counted.hpp"
#include "support/runtimes.hpp"
#include "understudy/runtime/task_group.hpp"

#include <atomic>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

namespace understudy::test {
namespace {

using detail::Event;

/// The event stays alive as long as either side needs it.
Task<> wait_for(std::shared_ptr<Event> event, std::atomic<int>& woken, Census census) {
  const Counted life(census);
  Event& happening = *event;
  co_await happening;
  ++woken;
}
Task<> set(std::shared_ptr<Event> event, Duration when) {
  co_await sleep(when);
  event->set();
}

TEST(Event, WakesItsWaiterOnce) {
  on_every_runtime([](System& system) {
    const Census census;
    SeededRandom random(system.random_number());
    std::atomic<int> woken = 0;
    for (int round = 1; round <= 200; ++round) {
      const auto event = std::make_shared<Event>();
      TaskGroup group(system);
      if (random.chance(50)) {
        group.spawn(set(event, Duration(random.below(3000))));
        group.spawn(wait_for(event, woken, census));
      } else {
        group.spawn(wait_for(event, woken, census));
        group.spawn(set(event, Duration(random.below(3000))));
      }
      ASSERT_TRUE(wait(system, group.join()));
      ASSERT_EQ(woken.load(), round);
      ASSERT_TRUE(event->is_set());
    }
    EXPECT_EQ(census.living(), 0);
  });
}

TEST(Event, ThatHasHappenedSuspendsNobody) {
  on_every_runtime([](System& system) {
    const Census census;
    std::atomic<int> woken = 0;
    const auto event = std::make_shared<Event>();
    event->set();
    ASSERT_TRUE(wait(system, wait_for(event, woken, census)));
    EXPECT_EQ(woken.load(), 1);
  });
}

TEST(Event, MayHappenWhileItsWaiterIsDestroyed) {
  on_every_runtime(
      [](System& system) {
        const Census census;
        SeededRandom random(system.random_number());
        std::atomic<int> woken = 0;
        for (int round = 0; round < 100; ++round) {
          TaskGroup waiters(system);
          TaskGroup setters(system);
          for (int i = 0; i < 8; ++i) {
            const auto event = std::make_shared<Event>();
            waiters.spawn(wait_for(event, woken, census));
            setters.spawn(set(event, Duration(random.below(8000))));
          }
          ASSERT_TRUE(wait(system, pause(Duration(random.below(8000)))));
          waiters.cancel();
          ASSERT_TRUE(wait(system, waiters.join()));
          ASSERT_TRUE(wait(system, setters.join()));
          ASSERT_EQ(census.living(), 0);
        }
      },
      60);
}

TEST(Event, MayBeSetByAPlainThread) {
  on_real_threads([](System& system) {
    const Census census;
    std::atomic<int> woken = 0;
    TaskGroup group(system);
    std::vector<std::shared_ptr<Event>> events;
    for (int i = 0; i < 2000; ++i) {
      events.push_back(std::make_shared<Event>());
      group.spawn(wait_for(events.back(), woken, census));
    }
    for (const auto& event : events) event->set();
    ASSERT_TRUE(wait(system, group.join()));
    EXPECT_EQ(woken.load(), 2000);
  });
}

}  // namespace
}  // namespace understudy::test
