// G4: an incarnation that held its thread, was replaced, and comes back in the middle of its work, writes no more to
// its journal.
#include "support/runtimes.hpp"
#include "understudy/journal/journal.hpp"
#include "understudy/simulation/simulated_storage.hpp"
#include "understudy/supervision/supervisor.hpp"

#include <atomic>
#include <memory>

#include <gtest/gtest.h>

namespace understudy::test {
namespace {

struct Do {
  Reply<std::uint32_t> reply;
};

TEST(G04OneLiveIncarnation, AReplacedOneWritesToNoJournal) {
  const auto free = std::make_shared<std::atomic<bool>>(false);
  const auto disk = std::make_shared<SimulatedDisk>(1);
  struct Written {
    std::atomic<bool> done{false};
    Result<Lsn> added = 0;
    Result<void> committed;
    Result<void> flushed;
  };
  const auto written = std::make_shared<Written>();
  {
    System system({.workers = 2});
    const Supervisor supervisor(system,
                                {.heartbeat = std::chrono::milliseconds(20), .cutoff = std::chrono::milliseconds(100)});
    const auto actor = system.spawn("writer", [=](Mailbox<Do>& inbox) -> Task<> {
      if (this_actor().incarnation > 1) {
        while (auto job = co_await inbox.receive()) job->reply(this_actor().incarnation);
        co_return;
      }
      auto journal = Journal::open(disk->attach(), {}, [](const Record&) { return Result<void>(); });
      while (auto job = co_await inbox.receive()) {
        EXPECT_TRUE((*journal)->add(RecordKind{1}, "before"));
        EXPECT_TRUE((*journal)->commit());
        EXPECT_TRUE((*journal)->flush());
        while (!free->load(std::memory_order_relaxed)) {
        }
        written->added = (*journal)->add(RecordKind{1}, "after");
        written->committed = (*journal)->commit();
        written->flushed = (*journal)->flush();
        written->done = true;
        co_await sleep(Duration{0});
      }
    });
    EXPECT_FALSE(wait(system, actor.ask<Do>()));
    EXPECT_EQ(wait(system, actor.ask<Do>()).value_or(0), 2U);
    *free = true;
    EXPECT_TRUE(eventually(system, [&] { return written->done.load() && system.abandoned().threads_now == 0; }));
  }
  EXPECT_EQ(written->added.error(), ErrorCode::cancelled);
  EXPECT_EQ(written->committed.error(), ErrorCode::cancelled);
  EXPECT_EQ(written->flushed.error(), ErrorCode::cancelled);
  int records = 0;
  ASSERT_TRUE(Journal::open(disk->attach(), {}, [&](const Record&) {
    ++records;
    return Result<void>();
  }));
  EXPECT_EQ(records, 1);
}

}  // namespace
}  // namespace understudy::test
