// Attacks: a seed gives one history, to the event; another seed another; virtual time passes when nothing is ready, and
// only then in leaps.
#include "understudy/simulation/simulated_system.hpp"

#include "support/runtimes.hpp"
#include "understudy/runtime/blocking.hpp"
#include "understudy/runtime/task_group.hpp"
#include "understudy/supervision/supervisor.hpp"

#include <set>
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>

namespace understudy::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// Uses all that is drawn from the seed: order, steps, blocking calls, the network, random numbers; and crashes.
std::string history(std::uint64_t seed) {
  std::string events;
  SimulatedSystem simulation(seed);
  System& system = simulation.system();
  const Supervisor supervisor(system, {.backoff = {.next = Duration(1000)}});
  const auto actor = system.spawn("actor", [&](Mailbox<int>& inbox) -> Task<> {
    while (auto number = co_await inbox.receive()) {
      events += 'a' + static_cast<char>(*number % 26);
      auto call = [&events] { events += '.'; };
      if (*number % 3 == 0) co_await blocking(std::move(call));
      if (system.random_number() % 10 == 0) throw std::runtime_error("crash");
    }
  });
  TaskGroup group(system);
  for (int i = 0; i < 5; ++i) {
    group.spawn([](Address<int> to, int first, System& own) -> Task<> {
      for (int n = 0; n < 10; ++n) {
        co_await sleep(Duration(own.random_number() % 100'000));
        static_cast<void>(co_await to.tell(first + n));
      }
    }(actor, i * 10, system));
  }
  group.spawn([](System& own, std::string& log) -> Task<> {
    const auto listener = std::move(own.network().listen("127.0.0.1", 0)).value();
    auto client = co_await own.network().connect("127.0.0.1", listener->port());
    auto server = co_await listener->accept();
    static_cast<void>(co_await (*client)->write_all(std::string(300, 'x')));
    client->reset();
    std::string buffer(100, '\0');
    for (;;) {
      const std::size_t count = (co_await (*server)->read_some(buffer)).value_or(0);
      if (count == 0) co_return;
      log += std::to_string(count) + ' ';
    }
  }(system, events));
  EXPECT_TRUE(wait(system, group.join()));
  simulation.run_for(seconds(1));
  return events + ' ' + std::to_string(simulation.trace_hash()) + ' ' + std::to_string(simulation.steps()) + ' ' +
         std::to_string(simulation.now().count()) + ' ' + std::to_string(supervisor.incident_count());
}

TEST(SimulatedSystem, OneSeedGivesOneHistory) {
  std::set<std::string> histories;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    const std::string first = history(seed);
    ASSERT_EQ(first, history(seed)) << "seed " << seed;
    histories.insert(first);
  }
  EXPECT_EQ(histories.size(), 100U);
}

TEST(SimulatedSystem, RunsForAsLongAsItIsTold) {
  SimulatedSystem simulation(1);
  int ticks = 0;
  simulation.system().start([](int& count) -> Task<> {
    for (;;) {
      co_await sleep(seconds(1));
      ++count;
    }
  }(ticks));
  simulation.run_for(milliseconds(10'500));
  EXPECT_EQ(ticks, 10);
  EXPECT_GE(simulation.now(), milliseconds(10'500));
  EXPECT_LT(simulation.now(), milliseconds(10'501));
  EXPECT_TRUE(simulation.run_until([&] { return ticks == 20; }));
  EXPECT_FALSE(simulation.run_until([&] { return ticks == 2000; }, seconds(5)));
  EXPECT_LE(ticks, 26);
}

TEST(SimulatedSystem, SaysWhenNothingIsLeft) {
  SimulatedSystem simulation(1);
  EXPECT_FALSE(simulation.step());
  EXPECT_FALSE(simulation.run_until([] { return false; }));
  const std::uint64_t steps = simulation.steps();
  simulation.run_for(std::chrono::hours(1));
  EXPECT_EQ(simulation.steps(), steps);
}

TEST(SimulatedSystem, TheEndOfTimeNeverComes) {
  for_each_seed(20, [](SimulatedSystem& simulation) {
    TaskGroup sleeping(simulation.system());
    bool woken = false;
    sleeping.spawn([](bool& done) -> Task<> {
      co_await sleep(Duration::max());
      done = true;
    }(woken));
    EXPECT_FALSE(simulation.run_until([&] { return woken; }, Duration::max())) << "and nothing else is left";
    simulation.run_for(std::chrono::hours(1));
    EXPECT_FALSE(simulation.step());
    EXPECT_LT(simulation.now(), std::chrono::hours(24));
    sleeping.cancel();
  });
}

TEST(SimulatedSystem, BlockingCallsTakeVirtualTime) {
  for_each_seed(50, [](SimulatedSystem& simulation) {
    simulation.set_blocking_time_max(seconds(10));
    const Duration before = simulation.now();
    ASSERT_TRUE(wait(simulation.system(), blocking([] {})));
    EXPECT_LE(simulation.now() - before, seconds(10) + milliseconds(1));
  });
}

TEST(SimulatedSystem, TriesManyOrders) {
  std::set<std::string> orders;
  for_each_seed(200, [&](SimulatedSystem& simulation) {
    std::string order;
    TaskGroup group(simulation.system());
    for (char name = 'a'; name < 'e'; ++name) {
      group.spawn([](std::string& log, char own) -> Task<> {
        log += own;
        co_return;
      }(order, name));
    }
    ASSERT_TRUE(wait(simulation.system(), group.join()));
    orders.insert(order);
  });
  EXPECT_EQ(orders.size(), 24U) << "all of four tasks";
}

}  // namespace
}  // namespace understudy::test
