// G8: a message that comes too late is not started, and neither is one whose asker has gone. Attacked by deadlines and
// kills that race with a slow actor, and compared to the nanosecond of virtual time.
#include "support/runtimes.hpp"
#include "understudy/runtime/task_group.hpp"
#include "understudy/supervision/supervisor.hpp"

#include <atomic>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

namespace understudy::test {
namespace {

struct Record {
  TimePoint deadline = TimePoint::max();  // Written by the asker before it asks.
  std::atomic<bool> gone{false};          // Its asker has been destroyed.
  std::atomic<int> started{0};
  std::atomic<int> late{0};
};
using Records = std::vector<Record>;

struct Message {
  std::uint64_t number;
  Reply<void> reply;
};

Task<> slow(Mailbox<Message>& inbox, std::shared_ptr<Records> records, System& system, Duration slack) {
  while (auto message = co_await inbox.receive()) {
    Record& record = (*records)[message->number];
    ++record.started;
    const TimePoint now = system.clock().now();
    if (record.deadline != TimePoint::max() && now > record.deadline + slack) ++record.late;
    if (record.gone.load()) ++record.late;
    co_await sleep(Duration(system.random_number() % 6000));
    message->reply();
  }
}

Task<> asker(Address<Message> to, std::shared_ptr<Records> records, System& system, std::uint64_t number,
             Duration limit) {
  Record& record = (*records)[number];
  if (limit == Duration::max()) {
    const Result<void> got = co_await to.ask<Message>(number);
    EXPECT_TRUE(got);
    co_return;
  }
  record.deadline = system.clock().now() + limit;
  const Result<void> got = co_await to.ask<Message>(number).within(limit);
  if (!got) {
    EXPECT_EQ(got.error(), ErrorCode::timeout);
    EXPECT_GE(system.clock().now(), record.deadline);
  }
}

void attack(System& system, std::uint64_t seed, std::uint64_t count, Duration slack) {
  SeededRandom random(seed);
  const auto records = std::make_shared<Records>(count);
  const auto actor = system.spawn("slow", slow, {.capacity = 2}, records, std::ref(system), slack);
  std::vector<std::unique_ptr<TaskGroup>> groups;
  std::vector<bool> certain(count);
  for (std::uint64_t i = 0; i < count; ++i) {
    groups.push_back(std::make_unique<TaskGroup>(system));
    certain[i] = random.chance(30);
    const Duration limit = certain[i] ? Duration::max() : Duration(random.below(count * 4000));
    groups.back()->spawn(asker(actor, records, system, i, limit));
  }
  for (std::uint64_t i = 0; i < count; ++i) {
    if (certain[i] || random.chance(50)) continue;
    ASSERT_TRUE(wait(system, pause(Duration(random.below(6000)))));
    groups[i]->cancel();
    ASSERT_TRUE(wait(system, groups[i]->join()));
    (*records)[i].gone = true;
  }
  for (const auto& group : groups) ASSERT_TRUE(wait(system, group->join()));
  actor.stop();
  ASSERT_TRUE(eventually(system, [&] { return actor.stopped(); }));
  for (std::uint64_t i = 0; i < count; ++i) {
    EXPECT_EQ((*records)[i].late.load(), 0) << "request " << i;
    EXPECT_LE((*records)[i].started.load(), 1) << "request " << i;
    if (certain[i]) {
      EXPECT_EQ((*records)[i].started.load(), 1) << "request " << i;
    }
  }
}

TEST(G08Deadlines, LateRequestsAreNotStartedInSimulation) {
  for_each_seed(500,
                [](SimulatedSystem& simulation) { attack(simulation.system(), simulation.seed(), 30, Duration{0}); });
}

TEST(G08Deadlines, LateRequestsAreNotStartedOnRealThreads) {
  on_real_threads([](System& outer) {
    for (std::uint64_t round = 1; round <= 10; ++round) {
      System system({.workers = outer.worker_count()});
      // The timer itself may be late on a busy machine.
      attack(system, round, 100, std::chrono::milliseconds(200));
    }
  });
}

TEST(G08Deadlines, NoTimeAtAllIsATimeout) {
  on_every_runtime([](System& system) {
    const auto records = std::make_shared<Records>(10);
    const auto busy = system.spawn("busy", [](Mailbox<Message>& inbox) -> Task<> {
      co_await sleep(std::chrono::milliseconds(2));
      while (auto message = co_await inbox.receive()) message->reply();
    });
    for (const Duration limit : {Duration(0), Duration(-1), Duration::min(), Duration(1)}) {
      EXPECT_EQ(wait(system, busy.ask<Message>(0U).within(limit)).error(), ErrorCode::timeout);
    }
    EXPECT_TRUE(wait(system, busy.ask<Message>(0U).within(Duration::max())));
  });
}

}  // namespace
}  // namespace understudy::test
