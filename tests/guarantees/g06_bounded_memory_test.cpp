// G6: every queue has a capacity and a stated policy when full. Attacked by more senders than there is room for, on an
// actor slower than all of them, that crashes now and then; what exists of messages is counted all the time.
#include "support/counted.hpp"
#include "support/runtimes.hpp"
#include "understudy/runtime/task_group.hpp"
#include "understudy/supervision/supervisor.hpp"

#include <atomic>
#include <memory>
#include <stdexcept>

#include <gtest/gtest.h>

namespace understudy::test {
namespace {

struct Message {
  Counted token;
  Reply<void> reply;
};

Task<> slow(Mailbox<Message>& inbox, Duration pace, System& system) {
  while (auto message = co_await inbox.receive()) {
    EXPECT_LE(inbox.capacity(), 20U);
    if (pace > Duration{0}) co_await sleep(pace);
    if (system.random_number() % 50 == 0) throw std::runtime_error("crash");
    message->reply();
  }
}

Task<> sender(Address<Message> to, Census census, std::uint64_t kind, int count) {
  for (int i = 0; i < count; ++i) {
    if (kind == 0) {
      static_cast<void>(co_await to.tell<Message>(Counted(census), Reply<void>()));
    } else if (kind == 1) {
      static_cast<void>(co_await to.ask<Message>(Counted(census)));
    } else {
      static_cast<void>(to.try_tell(Message{.token = Counted(census), .reply = {}}));
      co_await yield();
    }
  }
}

struct Terms {
  std::uint32_t capacity;
  WhenFull when_full;
  std::int64_t senders;
};
Terms terms_for(std::uint64_t seed) {
  SeededRandom random(seed);
  return {.capacity = static_cast<std::uint32_t>(1 + random.below(20)),
          .when_full = static_cast<WhenFull>(random.below(4)),
          .senders = static_cast<std::int64_t>(1 + random.below(30))};
}

/// Full, one in hand, and one that each sender holds: no message more exists. But what is to be dropped is in memory
/// until it is.
std::int64_t bound_of(const Terms& terms) {
  const std::int64_t full = terms.when_full == WhenFull::drop_oldest ? 3 : 1;
  return full * terms.capacity + 1 + terms.senders;
}

void start(System& system, TaskGroup& group, const Address<Message>& actor, const Terms& terms, const Census& census,
           int count) {
  for (std::int64_t i = 0; i < terms.senders; ++i) {
    group.spawn(sender(actor, census, static_cast<std::uint64_t>(i) % 3, count));
  }
  static_cast<void>(system);
}

TEST(G06BoundedMemory, NoQueueGrowsBeyondItsCapacityInSimulation) {
  for_each_seed(400, [](SimulatedSystem& simulation) {
    System& system = simulation.system();
    const Terms terms = terms_for(simulation.seed());
    const Supervisor supervisor(
        system, {.intensity = {.restarts = 1'000'000}, .backoff = {.next = Duration(1000), .longest = Duration(5000)}});
    const Census census;
    const auto actor = system.spawn("slow", slow, {.capacity = terms.capacity, .when_full = terms.when_full},
                                    Duration(simulation.seed() % 4 * 2000), std::ref(system));
    TaskGroup group(system);
    start(system, group, actor, terms, census, 15);
    while (group.size() > 0) {
      ASSERT_LE(census.living(), bound_of(terms));
      if (terms.when_full != WhenFull::wait) {
        ASSERT_LE(actor.depth(), terms.capacity);
      }
      ASSERT_TRUE(simulation.step());
    }
    ASSERT_TRUE(eventually(system, [&] { return census.living() == 0; }));
  });
}

TEST(G06BoundedMemory, NoQueueGrowsBeyondItsCapacityOnRealThreads) {
  on_real_threads([](System& outer) {
    for (std::uint64_t seed = 1; seed <= 8; ++seed) {
      System system({.workers = outer.worker_count()});
      const Terms terms = terms_for(seed);
      const Supervisor supervisor(system, {.intensity = {.restarts = 1'000'000},
                                           .backoff = {.next = Duration(1000), .longest = Duration(5000)}});
      const Census census;
      const auto actor = system.spawn("slow", slow, {.capacity = terms.capacity, .when_full = terms.when_full},
                                      Duration{0}, std::ref(system));
      TaskGroup group(system);
      start(system, group, actor, terms, census, 300);
      // Messages are counted a moment longer than they stand in a queue: while they are moved out of one, on each
      // worker.
      // A sender that drops the oldest has taken up to as many as the mailbox holds out of it.
      const std::int64_t dropped = terms.when_full == WhenFull::drop_oldest ? terms.capacity : 0;
      const std::int64_t moving = system.worker_count() * (1 + dropped);
      while (group.size() > 0) {
        ASSERT_LE(census.living(), bound_of(terms) + moving);
        ASSERT_TRUE(wait(system, pause(Duration{0})));
      }
      ASSERT_TRUE(eventually(system, [&] { return census.living() == 0; }));
    }
  });
}

TEST(G06BoundedMemory, WhatIsKeptOfFailuresIsBounded) {
  SimulatedSystem simulation(1);
  System& system = simulation.system();
  const Supervisor supervisor(system, {.intensity = {.restarts = 1'000'000}, .backoff = {.next = Duration{0}}});
  const auto actor = system.spawn("crashing", [](Mailbox<int>& inbox) -> Task<> {
    while (co_await inbox.receive()) throw std::runtime_error("crash");
  });
  for (int i = 0; i < 500; ++i) {
    ASSERT_TRUE(actor.try_tell(int(i)));
    ASSERT_TRUE(simulation.run_until([&] { return actor.depth() == 0; }));
  }
  pass_time(system, std::chrono::seconds(2));
  EXPECT_EQ(supervisor.incident_count(), 500U);
  EXPECT_EQ(supervisor.incidents().size(), 64U);
}

}  // namespace
}  // namespace understudy::test
