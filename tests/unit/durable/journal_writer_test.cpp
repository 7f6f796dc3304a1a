// The writer: group commit, what each durability costs, order, failures, the lock of a predecessor.
#include "understudy/durable/journal_writer.hpp"

#include "understudy/runtime/sleep.hpp"
#include "understudy/runtime/task_group.hpp"
#include "unit/durable/notebook.hpp"

#include <algorithm>

#include <gtest/gtest.h>

namespace understudy::test {
namespace {

using std::chrono::milliseconds;

Task<> write_line(Address<NotebookMessage> to, std::string line, int& good) {
  const Result<void> written = co_await to.ask<Write>(std::move(line), Durability::always);
  if (written) ++good;
}

TEST(JournalWriter, WhatWaitsIsFlushedAtOnce) {
  SimulatedDisk disk(1);
  Life life(disk, 1);
  ASSERT_TRUE(life.write("first"));
  const DiskCounters before = disk.counters();
  int good = 0;
  TaskGroup group(life.system());
  for (int i = 0; i < 60; ++i) group.spawn(write_line(life.address, std::to_string(i), good));
  life.simulation.run_until([&] { return good == 60; });
  EXPECT_EQ(good, 60);
  EXPECT_LT(disk.counters().flushes - before.flushes, 20U);
  EXPECT_EQ(life.journal->statistics().last_lsn, 61U);
  EXPECT_EQ(life.journal->statistics().durable_lsn, 61U);
}

TEST(JournalWriter, IntervalIsFlushedLaterAndOnce) {
  SimulatedDisk disk(1);
  Life life(disk, 1, {.flush_interval = milliseconds(300)});
  ASSERT_TRUE(life.write("first"));
  const std::uint64_t flushes = disk.counters().flushes;
  ASSERT_TRUE(life.write("a", Durability::interval));
  ASSERT_TRUE(life.write("b", Durability::interval));
  EXPECT_EQ(disk.counters().flushes, flushes);
  EXPECT_EQ(life.journal->statistics().durable_lsn, 1U);
  life.simulation.run_for(milliseconds(400));
  EXPECT_EQ(disk.counters().flushes, flushes + 1);
  EXPECT_EQ(life.journal->statistics().durable_lsn, 3U);
  life.simulation.run_for(std::chrono::seconds(5));
  EXPECT_EQ(disk.counters().flushes, flushes + 1) << "an idle journal is left alone";
}

TEST(JournalWriter, AFlushThatFailsBesideIsTheEndOfItsIncarnation) {
  SimulatedDisk disk(1);
  Life life(disk, 1, {.flush_interval = milliseconds(50)});
  ASSERT_TRUE(life.write("first"));
  ASSERT_TRUE(life.write("a", Durability::interval));
  disk.set_faults({.flush_fails_percent = 100});
  life.simulation.run_for(milliseconds(100));
  disk.set_faults({});
  ASSERT_TRUE(life.write("after"));
  EXPECT_GE(life.address.incarnation(), 2U);
  const Lines seen = life.read();
  EXPECT_TRUE(seen == (Lines{"first", "after"}) || seen == (Lines{"first", "a", "after"}));
  EXPECT_EQ(life.journal->statistics().durable_lsn, life.journal->statistics().last_lsn);
}

TEST(JournalWriter, AFlushIsNotForgottenThoughTheJournalHasEndedMeanwhile) {
  SimulatedDisk disk(1);
  Life life(disk, 1, {.flush_interval = milliseconds(50), .journal = {.reserved_bytes = 4000}});
  ASSERT_TRUE(life.write("a", Durability::interval));
  disk.set_faults({.append_fails_percent = 100});  // Room can't be made, which nobody waits for.
  life.simulation.run_for(milliseconds(200));
  disk.set_faults({});
  EXPECT_EQ(life.read(), Lines{"a"});
  EXPECT_GE(life.address.incarnation(), 2U);
  EXPECT_EQ(life.journal->statistics().durable_lsn, 1U);
}

TEST(JournalWriter, FlushesThatFollowOnOneAnotherLeaveTimeToMakeRoom) {
  SimulatedDisk disk(1);
  Life life(disk, 1, {.flush_interval = milliseconds(1), .journal = {.reserved_bytes = 4000}});
  for (int i = 0; i < 200; ++i) ASSERT_TRUE(life.write(std::string(100, 'x'), Durability::interval));
  life.simulation.run_for(milliseconds(200));
  EXPECT_EQ(life.journal->statistics().durable_lsn, 200U);
  EXPECT_EQ(life.address.incarnation(), 1U);
}

TEST(JournalWriter, NoneIsFlushedByNobody) {
  SimulatedDisk disk(1);
  Life life(disk, 1, {.flush_interval = milliseconds(10)});
  ASSERT_TRUE(life.write("first"));
  const std::uint64_t flushes = disk.counters().flushes;
  ASSERT_TRUE(life.write("a", Durability::none));
  life.simulation.run_for(std::chrono::seconds(5));
  EXPECT_EQ(disk.counters().flushes, flushes);
}

TEST(JournalWriter, OneThatAsksForMoreTakesTheOthersAlong) {
  SimulatedDisk disk(1);
  {
    Life life(disk, 1, {.durability = Durability::none});
    ASSERT_TRUE(life.write("a", Durability::none));
    ASSERT_TRUE(life.write("b", Durability::always));
    EXPECT_EQ(life.journal->statistics().durable_lsn, 2U);
    disk.crash();
  }
  Life life(disk, 2);
  EXPECT_EQ(life.read(), (Lines{"a", "b"}));
}

TEST(JournalWriter, AStopWritesWhatWaitsAndFlushesAll) {
  SimulatedDisk disk(1);
  {
    Life life(disk, 1);
    EXPECT_TRUE(life.read().empty());
    for (int i = 0; i < 10; ++i) EXPECT_TRUE(life.address.try_tell(Write{std::to_string(i), Durability::none, {}}));
    life.system().shutdown();
  }
  disk.crash();
  Life life(disk, 2);
  EXPECT_EQ(life.read().size(), 10U);
}

/// Hands the writer batches whose completions say that they were called.
struct Burst {
  std::size_t batches;
  Reply<void> reply;
};
Task<> burst_actor(Mailbox<Burst>& inbox, std::shared_ptr<SharedJournal> journal,
                   std::shared_ptr<std::vector<std::size_t>> called) {
  Result<OpenedJournal> opened = co_await open_journal(journal, [](const Record&) { return Result<void>(); });
  if (!opened) throw std::runtime_error("no journal");
  Recorder recorder(journal, opened->writer, {}, opened->found.last_lsn);
  while (auto burst = co_await inbox.receive()) {
    for (std::size_t i = 0; i < burst->batches; ++i) {
      recorder.add(i % 3 == 0 ? Durability::always : Durability::none, RecordKind{1}, "x");
      for (std::size_t part = 0; part < 2; ++part) {
        recorder.when_safe([called, number = i * 2 + part](const Result<void>&) { called->push_back(number); });
      }
      co_await recorder.send();
    }
    const Result<void> safe = co_await recorder.send_and_wait();
    burst->reply.complete(safe);
  }
}

TEST(JournalWriter, CompletionsComeInOrder) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    SimulatedDisk disk(seed);
    SimulatedSystem simulation(seed);
    const auto called = std::make_shared<std::vector<std::size_t>>();
    const auto journal = std::make_shared<SharedJournal>(DurableOptions{.writer_capacity = 3}, disk.attach(),
                                                         simulation.system().clock());
    const auto actor = simulation.system().spawn("burst", burst_actor, {}, journal, called);
    ASSERT_TRUE(wait(simulation.system(), actor.ask<Burst>(std::size_t{100})));
    EXPECT_EQ(called->size(), 200U);
    EXPECT_TRUE(std::ranges::is_sorted(*called));
  }
}

void fails_and_comes_back(const DiskFaults& faults) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    SimulatedDisk disk(seed);
    Life life(disk, seed);
    ASSERT_TRUE(life.write("kept"));
    disk.set_faults(faults);
    const Result<void> failed = life.write("lost");
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error(), ErrorCode::storage_failed);
    disk.set_faults({});
    ASSERT_TRUE(life.write("after"));
    EXPECT_GE(life.address.incarnation(), 2U);
    // What of the failed batch is on the disk shows when it is read back: memory and disk agree about it.
    const Lines seen = life.read();
    EXPECT_TRUE(seen == (Lines{"kept", "after"}) || seen == (Lines{"kept", "lost", "after"}));
    life.system().shutdown();
    Life next(disk, seed + 100);
    EXPECT_EQ(next.read(), seen);
  }
}

TEST(JournalWriter, AFailedWriteIsAnErrorAndTheEndOfItsIncarnation) {
  fails_and_comes_back({.append_fails_percent = 100});
}
TEST(JournalWriter, AFailedFlushIsAnErrorAndTheEndOfItsIncarnation) {
  fails_and_comes_back({.flush_fails_percent = 100});
}

TEST(JournalWriter, SaysWhenThereIsNoRoomAndWhenThereIsAgain) {
  SimulatedDisk disk(1);
  Life life(disk, 1, {.journal = {.reserved_bytes = 4000}});
  ASSERT_TRUE(life.write("first"));
  life.simulation.run_for(milliseconds(100));  // Room is reserved after the answer.
  std::uint64_t bytes = 0;
  for (const auto& [name, content] : disk.files()) bytes += content.size();
  disk.set_faults({.capacity_bytes = bytes});
  int written = 0;
  while (life.journal->room() && written < 100) {
    ASSERT_TRUE(life.write(std::string(100, 'x'))) << "what was accepted is written";
    ++written;
  }
  EXPECT_EQ(life.journal->room().error(), ErrorCode::storage_full);
  EXPECT_TRUE(life.journal->statistics().disk_full);
  EXPECT_FALSE(wait(life.system(), life.address.ask<HasRoom>()).value_or(true));
  disk.set_faults({});
  life.simulation.run_for(std::chrono::milliseconds(1100));
  EXPECT_TRUE(life.journal->room());
  EXPECT_EQ(life.address.incarnation(), 1U);
}

TEST(JournalWriter, AGroupThatFindsNoRoomFailsAndIsReadBackAsItWas) {
  SimulatedDisk disk(1);
  Life life(disk, 1, {.journal = {.reserved_bytes = 0}});
  ASSERT_TRUE(life.write("first"));
  std::uint64_t bytes = 0;
  for (const auto& [name, content] : disk.files()) bytes += content.size();
  disk.set_faults({.capacity_bytes = bytes + 10});
  EXPECT_EQ(life.write("second").error(), ErrorCode::storage_full);
  EXPECT_EQ(life.read(), Lines{"first"});
  EXPECT_EQ(life.journal->room().error(), ErrorCode::storage_full) << "the next incarnation knows";
  disk.set_faults({});
  life.simulation.run_for(std::chrono::milliseconds(1100));
  EXPECT_TRUE(life.journal->room());
  EXPECT_TRUE(life.write("third"));
  EXPECT_EQ(life.read(), (Lines{"first", "third"}));
  EXPECT_EQ(life.address.incarnation(), 2U);
}

TEST(JournalWriter, WaitsForAPredecessorOfItsProcess) {
  SimulatedDisk disk(1);
  const auto storage = disk.attach();
  auto lock = storage->lock();
  ASSERT_TRUE(lock);
  Life life(disk, 1);
  life.simulation.run_for(milliseconds(200));
  EXPECT_EQ(life.address.incarnation(), 1U);
  lock->reset();
  EXPECT_TRUE(life.write("mine"));
  EXPECT_EQ(life.address.incarnation(), 1U);
}

TEST(JournalWriter, DoesNotWaitForAnotherProcess) {
  SimulatedDisk disk(1);
  const auto storage = disk.attach(2);
  const auto lock = storage->lock();
  ASSERT_TRUE(lock);
  Life life(disk, 1);
  life.simulation.run_for(milliseconds(200));
  EXPECT_GE(life.supervisor.incident_count(), 1U);
}

}  // namespace
}  // namespace understudy::test
