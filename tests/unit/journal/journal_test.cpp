#include "understudy/journal/journal.hpp"

#include "journal_fixture.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace understudy::journal_test {
namespace {

std::vector<Result<void>> call_everything(Journal& journal) {
  Result<void> added;
  if (auto lsn = journal.add(RecordKind{1}, "x"); !lsn) added = std::unexpected(lsn.error());
  return {added, journal.commit(), journal.flush(), journal.close()};
}

TEST(Journal, AnEmptyDirectoryIsAFreshStart) {
  SimulatedDisk disk(1);
  auto opened = open_journal(disk);
  ASSERT_TRUE(opened.good()) << opened.message();
  EXPECT_EQ(opened.report().records, 0U);
  EXPECT_EQ(opened.report().segments, 0U);
  EXPECT_EQ(opened.report().first_lsn, 0U);
  EXPECT_FALSE(opened.report().torn_tail);
  EXPECT_EQ(opened->last_lsn(), 0U);
  EXPECT_TRUE(disk.files().empty()) << "nothing is made before there is something to write";
}

TEST(Journal, GivesBackWhatItWasGiven) {
  SimulatedDisk disk(1);
  {
    auto opened = open_journal(disk);
    ASSERT_TRUE(opened.good());
    EXPECT_EQ(opened->add(RecordKind{0}, ""), 1U);
    EXPECT_EQ(opened->add(RecordKind{255}, std::string("\0\xFF key", 6)), 2U);
    ASSERT_TRUE(opened->commit());
    EXPECT_EQ(opened->add(RecordKind{7}, std::string(100'000, 'x')), 3U);
    ASSERT_TRUE(opened->commit());
    ASSERT_TRUE(opened->flush());
  }
  auto reopened = open_journal(disk);
  ASSERT_TRUE(reopened.good()) << reopened.message();
  const std::vector<Entry> expected{
      {1, 0, ""}, {2, 255, std::string("\0\xFF key", 6)}, {3, 7, std::string(100'000, 'x')}};
  EXPECT_EQ(reopened.entries, expected);
  EXPECT_EQ(reopened.report().records, 3U);
  EXPECT_EQ(reopened.report().first_lsn, 1U);
  EXPECT_EQ(reopened.report().last_lsn, 3U);
  EXPECT_EQ(reopened.report().segments, 1U);
  EXPECT_EQ(reopened.report().bytes, disk.files().at(first_segment).size());
  EXPECT_EQ(reopened->last_lsn(), 3U);
  EXPECT_EQ(reopened->durable_lsn(), 3U);
}

TEST(Journal, TellsAddedCommittedAndDurableApart) {
  SimulatedDisk disk(1);
  auto opened = open_journal(disk);
  ASSERT_TRUE(opened->add(RecordKind{1}, "a"));
  EXPECT_EQ(opened->last_lsn(), 1U);
  EXPECT_EQ(opened->committed_lsn(), 0U);
  EXPECT_GT(opened->open_batch_bytes(), 0U);
  ASSERT_TRUE(opened->flush()) << "flushes what is committed, and nothing is";
  EXPECT_EQ(opened->durable_lsn(), 0U);
  ASSERT_TRUE(opened->commit());
  EXPECT_EQ(opened->committed_lsn(), 1U);
  EXPECT_EQ(opened->durable_lsn(), 0U);
  EXPECT_EQ(opened->open_batch_bytes(), 0U);
  ASSERT_TRUE(opened->flush());
  EXPECT_EQ(opened->durable_lsn(), 1U);
}

TEST(Journal, IsFlushedInHalvesBesideItsCommits) {
  SimulatedDisk disk(1);
  auto opened = open_journal(disk);
  ASSERT_TRUE(write(*opened, {"a"}));
  ASSERT_TRUE(opened->reserve_ahead());
  const JournalFlush flush = opened->begin_flush().value();
  ASSERT_NE(flush.file, nullptr);
  EXPECT_EQ(opened->begin_flush()->file, nullptr) << "one at a time";
  ASSERT_TRUE(opened->has_room_ready(50));
  ASSERT_TRUE(write(*opened, {"b"}));
  EXPECT_EQ(opened->durable_lsn(), 0U);
  ASSERT_TRUE(opened->end_flush(flush, flush.file->flush()));
  EXPECT_EQ(opened->durable_lsn(), 1U) << "nothing is known of what came after it began";
  EXPECT_EQ(opened->committed_lsn(), 2U);
  ASSERT_TRUE(opened->flush());
  EXPECT_EQ(opened->durable_lsn(), 2U);
  EXPECT_EQ(opened->begin_flush()->file, nullptr) << "all is on the disk";

  ASSERT_TRUE(write(*opened, {"c"}));
  const JournalFlush failing = opened->begin_flush().value();
  const auto ended = opened->end_flush(failing, failure(ErrorCode::storage_failed, "no disk"));
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error(), ErrorCode::storage_failed);
  EXPECT_FALSE(write(*opened, {"d"})) << "the journal has ended";
  EXPECT_FALSE(opened->begin_flush());
  EXPECT_EQ(opened->durable_lsn(), 2U);
}

TEST(Journal, ABatchIsOneWriteAndOneFlush) {
  SimulatedDisk disk(1);
  auto opened = open_journal(disk);
  ASSERT_TRUE(write_flushed(*opened, {"the segment is begun"}));
  const DiskCounters before = disk.counters();
  for (int index = 0; index < 1000; ++index) ASSERT_TRUE(opened->add(RecordKind{1}, "value"));
  ASSERT_TRUE(opened->commit());
  ASSERT_TRUE(opened->flush());
  ASSERT_TRUE(opened->commit()) << "nothing to do";
  ASSERT_TRUE(opened->flush()) << "nothing to do";
  EXPECT_EQ(disk.counters().appends - before.appends, 1U);
  EXPECT_EQ(disk.counters().flushes - before.flushes, 1U);
  EXPECT_EQ(disk.counters().appended_bytes - before.appended_bytes, 56U + 1000 * (5 + 5));
}

TEST(Journal, GoesOnInANewSegmentAfterEachStart) {
  SimulatedDisk disk(1);
  Payloads written;
  for (int life = 0; life < 4; ++life) {
    auto opened = open_journal(disk);
    ASSERT_TRUE(opened.good()) << opened.message();
    EXPECT_EQ(payloads_of(opened.entries), written);
    EXPECT_EQ(opened->add(RecordKind{1}, "life"), written.size() + 1);
    ASSERT_TRUE(opened->commit());
    written.emplace_back("life");
  }
  EXPECT_EQ(disk.files().size(), 4U);
}

TEST(Journal, StartsThatWriteNothingLeaveNoFiles) {
  SimulatedDisk disk(1);
  for (int life = 0; life < 3; ++life) ASSERT_TRUE(open_journal(disk)->close());
  EXPECT_TRUE(disk.files().empty());
}

TEST(Journal, RollsToANewSegmentWhenOneIsFull) {
  SimulatedDisk disk(1);
  Payloads written;
  {
    auto opened = open_journal(disk, 300);
    for (int index = 0; index < 50; ++index) {
      written.push_back("value " + std::to_string(index));
      ASSERT_TRUE(write(*opened, {written.back()}));
    }
    written.emplace_back(1000, 'L');
    ASSERT_TRUE(write(*opened, {written.back()})) << "longer than a segment: gets one of its own";
    written.emplace_back("after it");
    ASSERT_TRUE(write(*opened, {written.back()}));
  }
  const auto files = disk.files();
  EXPECT_GT(files.size(), 10U);
  std::size_t too_long = 0;
  for (const auto& [name, content] : files) too_long += content.size() > 300 ? 1 : 0;
  EXPECT_EQ(too_long, 1U);
  disk.kill();
  auto reopened = open_journal(disk, 300);
  ASSERT_TRUE(reopened.good()) << reopened.message();
  EXPECT_EQ(payloads_of(reopened.entries), written);
  EXPECT_EQ(reopened.report().segments, files.size());
}

TEST(Journal, ASegmentIsFlushedBeforeTheNextBegins) {
  SimulatedDisk disk(1);
  auto opened = open_journal(disk, 300);
  while (disk.files().size() < 2) ASSERT_TRUE(write(*opened, {"never flushed by the caller"}));
  EXPECT_EQ(opened->durable_lsn(), opened->committed_lsn() - 1);
}

TEST(Journal, WhatIsNotCommittedIsGone) {
  SimulatedDisk disk(1);
  {
    auto opened = open_journal(disk);
    ASSERT_TRUE(write(*opened, {"kept"}));
    ASSERT_TRUE(opened->add(RecordKind{1}, "never committed"));
  }
  EXPECT_EQ(payloads_of(open_journal(disk).entries), Payloads{"kept"});
}

TEST(Journal, ARecordThatIsTooLongChangesNothing) {
  SimulatedDisk disk(1);
  auto opened = open_journal(disk);
  const std::string one = "x";
  const auto added = opened->add(RecordKind{1}, BytesView(one.data(), payload_bytes_max + 1));
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error(), ErrorCode::invalid_argument);
  ASSERT_TRUE(write(*opened, {"goes on"}));
}

TEST(Journal, ASegmentSizeOfNothingIsRefused) {
  SimulatedDisk disk(1);
  const auto opened = open_journal(disk, 0);
  ASSERT_FALSE(opened.good());
  EXPECT_EQ(opened.journal.error(), ErrorCode::invalid_argument);
}

TEST(Journal, AnErrorOfApplyIsWhatOpenReturns) {
  SimulatedDisk disk(1);
  ASSERT_TRUE(write_flushed(*open_journal(disk), {"a", "b"}));
  const auto refuse = [](const Record&) -> Result<void> {
    return failure(ErrorCode::invalid_argument, "unknown kind");
  };
  const auto opened = Journal::open(disk.attach(), {}, refuse);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().message(), "unknown kind");
  EXPECT_TRUE(open_journal(disk).good()) << "the lock was let go of, and nothing changed";
}

TEST(Journal, ASecondUserIsTurnedAway) {
  SimulatedDisk disk(1);
  auto opened = open_journal(disk);
  ASSERT_TRUE(opened.good());
  const auto same = open_journal(disk.attach(1));
  ASSERT_FALSE(same.good());
  EXPECT_EQ(same.journal.error(), ErrorCode::directory_locked);
  const auto other = open_journal(disk.attach(2));
  ASSERT_FALSE(other.good());
  EXPECT_NE(other.message().find("process 1 on host"), std::string::npos) << other.message();
  EXPECT_TRUE((*disk.attach(1)->lock_holder())->held_by_this_process);
  EXPECT_FALSE((*disk.attach(2)->lock_holder())->held_by_this_process);
  ASSERT_TRUE(opened->close());
  EXPECT_TRUE(open_journal(disk.attach(2)).good());
}

TEST(Journal, AClosedJournalTakesNothingMore) {
  SimulatedDisk disk(1);
  auto opened = open_journal(disk);
  ASSERT_TRUE(opened->add(RecordKind{1}, "committed by close"));
  ASSERT_TRUE(opened->close());
  for (const Result<void>& result : call_everything(*opened)) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error(), ErrorCode::storage_failed);
  }
  disk.crash();
  EXPECT_EQ(payloads_of(open_journal(disk).entries), Payloads{"committed by close"});
}

TEST(Journal, AFailedFlushEndsItForGood) {
  SimulatedDisk disk(1);
  auto opened = open_journal(disk);
  ASSERT_TRUE(write_flushed(*opened, {"safe"}));
  ASSERT_TRUE(write(*opened, {"flush fails"}));
  disk.set_faults({.flush_fails_percent = 100});
  const auto failed = opened->flush();
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error(), ErrorCode::storage_failed);
  EXPECT_EQ(opened->durable_lsn(), 1U);
  disk.set_faults({});
  const DiskCounters before = disk.counters();
  for (const Result<void>& result : call_everything(*opened)) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error(), ErrorCode::storage_failed);
    EXPECT_NE(result.error().message().find("must be opened again"), std::string_view::npos);
  }
  EXPECT_EQ(disk.counters().changes(), before.changes()) << "nothing is retried";
  EXPECT_TRUE(open_journal(disk).good()) << "close let go of the lock";
}

// Linux shows the bytes of a failed flush until the page is dropped, and then what the disk has: believing the first
// would acknowledge, after the restart, what the next power loss takes back.
TEST(Journal, WhatAFailedFlushLostIsNotBelievedAfterARestart) {
  int lost = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    SimulatedDisk disk(seed);
    {
      auto opened = open_journal(disk);
      ASSERT_TRUE(write_flushed(*opened, {"safe"}));
      ASSERT_TRUE(write(*opened, {std::string(3000, 'x')}));
      disk.set_faults({.flush_fails_percent = 100});
      ASSERT_FALSE(opened->flush());
      disk.set_faults({});
    }
    Payloads shown;
    {
      auto reopened = open_journal(disk);
      ASSERT_TRUE(reopened.good()) << reopened.message();
      shown = payloads_of(reopened.entries);
      lost += shown.size() == 1 ? 1 : 0;
      ASSERT_TRUE(write_flushed(*reopened, {"goes on"}));
      shown.emplace_back("goes on");
    }
    disk.crash();
    auto last = open_journal(disk);
    ASSERT_TRUE(last.good()) << "seed " << seed << ": " << last.message();
    EXPECT_EQ(payloads_of(last.entries), shown) << "seed " << seed;
  }
  EXPECT_GT(lost, 10);
}

TEST(Journal, AJournalStoredInAJournalIsOnlyAValue) {
  SimulatedDisk disk(1);
  ASSERT_TRUE(write_flushed(*open_journal(disk), {"a", "b"}));
  const Bytes copy = disk.files().at(first_segment);
  Payloads written{"a", "b"};
  {
    auto opened = open_journal(disk);
    ASSERT_TRUE(write_flushed(*opened, {"flushed"}));
    ASSERT_TRUE(write(*opened, {copy}));
  }
  const Bytes whole = disk.files().at(second_segment);
  disk.place(second_segment, BytesView(whole).substr(0, whole.size() - 1));
  auto opened = open_journal(disk);
  ASSERT_TRUE(opened.good()) << "batches inside the torn value prove nothing: " << opened.message();
  EXPECT_EQ(payloads_of(opened.entries), (Payloads{"a", "b", "flushed"}));
}

}  // namespace
}  // namespace understudy::journal_test
