// The snapshotter: states handed over whole, states read by pieces, and failures.
#include "understudy/durable/snapshotter.hpp"

#include "unit/durable/notebook.hpp"

#include <gtest/gtest.h>

namespace understudy::test {
namespace {

TEST(Snapshotter, AStateThatIsHandedOverIsWhereTheNextLifeBegins) {
  SimulatedDisk disk(1);
  Lines all;
  {
    Life life(disk, 1, {.journal = {.segment_bytes_max = 1000}});
    for (int i = 0; i < 100; ++i) {
      all.push_back("line " + std::to_string(i));
      ASSERT_TRUE(life.write(all.back()));
    }
    const Result<SnapshotReport> saved = life.save();
    ASSERT_TRUE(saved) << saved.error().message();
    EXPECT_EQ(saved->covers, 100U);
    EXPECT_EQ(saved->records, 100U);
    EXPECT_EQ(life.journal->statistics().snapshots, 1U);
    EXPECT_FALSE(life.journal->statistics().snapshot_runs);
    EXPECT_FALSE(disk.files().contains("journal-0000000001.log"));
    all.emplace_back("later");
    ASSERT_TRUE(life.write("later"));
  }
  Life life(disk, 2);
  EXPECT_EQ(life.read(), all);
}

TEST(Snapshotter, ItIsFlushedBeforeItCounts) {
  SimulatedDisk disk(1);
  {
    Life life(disk, 1, {.durability = Durability::none});
    for (int i = 0; i < 10; ++i) ASSERT_TRUE(life.write("x", Durability::none));
    EXPECT_EQ(life.journal->statistics().durable_lsn, 0U);
    ASSERT_TRUE(life.save());
    EXPECT_EQ(life.journal->statistics().durable_lsn, 10U);
    disk.crash();
  }
  Life life(disk, 2);
  EXPECT_EQ(life.read().size(), 10U);
}

TEST(Snapshotter, OneOfNothingFails) {
  SimulatedDisk disk(1);
  Life life(disk, 1);
  EXPECT_EQ(life.save().error(), ErrorCode::invalid_argument);
}

TEST(Snapshotter, OneThatFailsIsGivenUpAndPutsOffTheNext) {
  SimulatedDisk disk(1);
  Life life(disk, 1, {.snapshot_after_bytes = 1});
  ASSERT_TRUE(life.write("x"));
  EXPECT_TRUE(life.journal->snapshot_is_due());
  disk.set_faults({.directory_flush_fails_percent = 100});
  EXPECT_EQ(life.save().error(), ErrorCode::storage_failed);
  disk.set_faults({});
  EXPECT_EQ(life.journal->statistics().failed_snapshots, 1U);
  EXPECT_FALSE(life.journal->snapshot_is_due());
  life.simulation.run_for(std::chrono::milliseconds(1100));
  EXPECT_TRUE(life.journal->snapshot_is_due());
  EXPECT_TRUE(life.save());
  EXPECT_TRUE(life.write("the journal goes on"));
  EXPECT_EQ(life.address.incarnation(), 1U);
}

TEST(Snapshotter, ByPiecesWantsAFunctionThatReadsThem) {
  SimulatedDisk disk(1);
  SimulatedSystem simulation(1);
  const auto journal = std::make_shared<SharedJournal>(DurableOptions{}, disk.attach(), simulation.system().clock());
  const auto idle = simulation.system().spawn("idle", [](Mailbox<JournalWriterMessage>& inbox) -> Task<> {
    while (auto message = co_await inbox.receive()) {
    }
  });
  const auto actor = simulation.system().spawn("snapshotter", snapshotter, {}, journal, idle, SnapshotterSetUp{});
  EXPECT_EQ(wait(simulation.system(), actor.ask<TakeSnapshot>()).error(), ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace understudy::test
