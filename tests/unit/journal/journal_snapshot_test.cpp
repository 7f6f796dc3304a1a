// Snapshots of a journal: what start-up makes of them, when they count, and what goes when they do.
#include "journal/snapshot_name.hpp"
#include "journal_fixture.hpp"

#include <algorithm>
#include <string>

#include <gtest/gtest.h>

namespace understudy::journal_test {
namespace {

/// A snapshot of these records, sealed.
Result<std::unique_ptr<SnapshotWriter>> make_snapshot(Journal& journal, const Payloads& payloads) {
  auto snapshot = journal.begin_snapshot(journal.committed_lsn());
  if (!snapshot) return snapshot;
  for (const std::string& payload : payloads) {
    if (auto added = (*snapshot)->add(RecordKind{9}, payload); !added) return std::unexpected(added.error());
  }
  if (auto sealed = (*snapshot)->seal(journal.durable_lsn()); !sealed) return std::unexpected(sealed.error());
  return snapshot;
}

Result<void> take_snapshot(Journal& journal, const Payloads& payloads) {
  auto snapshot = make_snapshot(journal, payloads);
  if (!snapshot) return std::unexpected(snapshot.error());
  return journal.install_snapshot(**snapshot);
}

bool has_file(SimulatedDisk& disk, const std::string& name) { return disk.files().contains(name); }

bool has_unfinished(SimulatedDisk& disk) {
  return std::ranges::any_of(disk.files(), [](const auto& file) { return file.first.ends_with(".new"); });
}

TEST(JournalSnapshot, StartUpBeginsWithItsRecords) {
  SimulatedDisk disk(1);
  {
    auto opened = open_journal(disk);
    ASSERT_TRUE(write_flushed(*opened, {"a", "b", "c"}));
    ASSERT_TRUE(take_snapshot(*opened, {"abc", ""}));
    ASSERT_TRUE(write_flushed(*opened, {"d"}));
  }
  const auto opened = open_journal(disk);
  ASSERT_TRUE(opened.good()) << opened.message();
  const std::vector<Entry> expected{{3, 9, "abc"}, {3, 9, ""}, {4, 1, "d"}};
  EXPECT_EQ(opened.entries, expected);
  const RecoveryReport& report = opened.report();
  EXPECT_EQ(report.records, 1U);
  EXPECT_EQ(report.first_lsn, 4U);
  EXPECT_EQ(report.last_lsn, 4U);
  ASSERT_TRUE(report.snapshot);
  EXPECT_EQ(report.snapshot->file, journal::snapshot_name(3));
  EXPECT_EQ(report.snapshot->covers, 3U);
  EXPECT_EQ(report.snapshot->end_lsn, 3U);
  EXPECT_EQ(report.snapshot->records, 2U);
  EXPECT_EQ(report.snapshot->bytes, disk.files().at(journal::snapshot_name(3)).size());
}

TEST(JournalSnapshot, SegmentsThatItCoversGo) {
  SimulatedDisk disk(1);
  auto opened = open_journal(disk);
  ASSERT_TRUE(write_flushed(*opened, {"a"}));
  auto snapshot = make_snapshot(*opened, {"a"});
  ASSERT_TRUE(snapshot);
  ASSERT_TRUE(write_flushed(*opened, {"b"}));  // In a segment of its own: the snapshot has begun.
  EXPECT_TRUE(has_file(disk, first_segment));
  ASSERT_TRUE(opened->install_snapshot(**snapshot));
  EXPECT_FALSE(has_file(disk, first_segment));
  EXPECT_TRUE(has_file(disk, second_segment));
  const JournalUsage usage = opened->usage();
  EXPECT_EQ(usage.segments, 1U);
  EXPECT_EQ(usage.segment_bytes, disk.files().at(second_segment).size());
  EXPECT_EQ(usage.snapshot_bytes, disk.files().at(journal::snapshot_name(1)).size());
}

TEST(JournalSnapshot, TheLastSegmentGoesOnceThereIsAnother) {
  SimulatedDisk disk(1);
  {
    auto opened = open_journal(disk);
    ASSERT_TRUE(write_flushed(*opened, {"a"}));
    ASSERT_TRUE(take_snapshot(*opened, {"a"}));
    EXPECT_TRUE(has_file(disk, first_segment));
    ASSERT_TRUE(write_flushed(*opened, {"b"}));
    EXPECT_FALSE(has_file(disk, first_segment));
    ASSERT_TRUE(opened->close());
  }
  const auto opened = open_journal(disk);
  ASSERT_TRUE(opened.good()) << opened.message();
  EXPECT_EQ(payloads_of(opened.entries), (Payloads{"a", "b"}));
}

// The closing mark stands behind the link, at the same LSN.
TEST(JournalSnapshot, ACleanShutdownAfterItLeavesTheLinkToBeFound) {
  SimulatedDisk disk(1);
  {
    auto opened = open_journal(disk);
    ASSERT_TRUE(write_flushed(*opened, {"a"}));
    ASSERT_TRUE(take_snapshot(*opened, {"a"}));
    ASSERT_TRUE(opened->close());
  }
  {
    auto opened = open_journal(disk);
    ASSERT_TRUE(opened.good()) << opened.message();
    ASSERT_TRUE(write_flushed(*opened, {"b"}));
  }
  const auto opened = open_journal(disk);
  ASSERT_TRUE(opened.good()) << opened.message();
  EXPECT_EQ(payloads_of(opened.entries), (Payloads{"a", "b"}));
}

TEST(JournalSnapshot, TheNextOneTakesItsPlace) {
  SimulatedDisk disk(1);
  {
    auto opened = open_journal(disk);
    ASSERT_TRUE(write_flushed(*opened, {"a"}));
    ASSERT_TRUE(take_snapshot(*opened, {"first"}));
    ASSERT_TRUE(write_flushed(*opened, {"b"}));
    ASSERT_TRUE(take_snapshot(*opened, {"second"}));
    EXPECT_EQ(opened->snapshot()->covers, 2U);
  }
  EXPECT_FALSE(has_file(disk, journal::snapshot_name(1)));
  const auto opened = open_journal(disk);
  ASSERT_TRUE(opened.good()) << opened.message();
  EXPECT_EQ(payloads_of(opened.entries), Payloads{"second"});
  EXPECT_EQ(opened.report().last_lsn, 2U);
}

TEST(JournalSnapshot, ARecordInTheMiddleOfABatchCanBeTheLastOneCovered) {
  SimulatedDisk disk(1);
  {
    auto opened = open_journal(disk);
    ASSERT_TRUE(write_flushed(*opened, {"a", "b", "c"}));
    auto snapshot = opened->begin_snapshot(2);
    ASSERT_TRUE(snapshot);
    ASSERT_TRUE((*snapshot)->add(RecordKind{9}, "ab"));
    ASSERT_TRUE((*snapshot)->seal(3));
    ASSERT_TRUE(opened->install_snapshot(**snapshot));
  }
  const auto opened = open_journal(disk);
  ASSERT_TRUE(opened.good()) << opened.message();
  EXPECT_EQ(payloads_of(opened.entries), (Payloads{"ab", "c"}));
}

TEST(JournalSnapshot, WhatIsNotInstalledDoesNotCount) {
  SimulatedDisk disk(1);
  {
    auto opened = open_journal(disk);
    ASSERT_TRUE(write_flushed(*opened, {"a"}));
    auto snapshot = make_snapshot(*opened, {"never"});
    ASSERT_TRUE(snapshot);
    EXPECT_TRUE(has_unfinished(disk));
  }
  const auto opened = open_journal(disk);
  ASSERT_TRUE(opened.good()) << opened.message();
  EXPECT_EQ(payloads_of(opened.entries), Payloads{"a"});
  EXPECT_FALSE(has_unfinished(disk)) << "the next start removes it";
}

TEST(JournalSnapshot, BeginningAnotherGivesUpTheOneBefore) {
  SimulatedDisk disk(1);
  auto opened = open_journal(disk);
  ASSERT_TRUE(write_flushed(*opened, {"a"}));
  auto before = make_snapshot(*opened, {"before"});
  ASSERT_TRUE(before);
  auto snapshot = opened->begin_snapshot(1);  // Of the same name.
  ASSERT_TRUE(snapshot);
  const auto refused = opened->install_snapshot(**before);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), ErrorCode::invalid_argument);
  ASSERT_TRUE((*snapshot)->seal(1));
  EXPECT_TRUE(opened->install_snapshot(**snapshot));
}

TEST(JournalSnapshot, WrongUseIsRefusedWithTheReason) {
  SimulatedDisk disk(1);
  auto opened = open_journal(disk);
  const auto expect = [](const auto& result, const std::string& part) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error(), ErrorCode::invalid_argument);
    EXPECT_NE(std::string(result.error().message()).find(part), std::string::npos) << result.error().message();
  };
  expect(opened->begin_snapshot(0), "nothing yet");
  ASSERT_TRUE(write_flushed(*opened, {"a"}));
  expect(opened->begin_snapshot(2), "can't cover LSN 2");
  {
    auto snapshot = opened->begin_snapshot(1);
    ASSERT_TRUE(snapshot);
    expect((*snapshot)->seal(0), "can't have ended at LSN 0");
    expect(opened->install_snapshot(**snapshot), "sealed");
  }
  ASSERT_TRUE(write(*opened, {"b"}));
  {
    auto snapshot = opened->begin_snapshot(1);
    ASSERT_TRUE(snapshot);
    ASSERT_TRUE((*snapshot)->seal(2));
    expect(opened->install_snapshot(**snapshot), "durable up to 1");
  }
  EXPECT_TRUE(write_flushed(*opened, {"c"})) << "the journal goes on";
}

TEST(JournalSnapshot, LargeSmallAndRandomRecordsComeBack) {
  SeededRandom random(5);
  Payloads payloads{"", std::string(3'000'000, 'x')};
  std::string noise(700'000, '\0');
  for (char& each : noise) each = static_cast<char>(random.next() & 0xFFU);
  payloads.push_back(noise);
  for (int index = 0; index < 20'000; ++index) payloads.push_back("key:" + std::to_string(index));
  SimulatedDisk disk(1);
  {
    auto opened = open_journal(disk);
    ASSERT_TRUE(write_flushed(*opened, {"a"}));
    ASSERT_TRUE(take_snapshot(*opened, payloads));
    // Compressed: of the three million equal bytes next to nothing is left, of the noise all.
    EXPECT_LT(opened->snapshot()->bytes, 900'000U);
    EXPECT_GT(opened->snapshot()->bytes, 700'000U);
  }
  const auto opened = open_journal(disk);
  ASSERT_TRUE(opened.good()) << opened.message();
  EXPECT_EQ(payloads_of(opened.entries), payloads);
}

TEST(JournalSnapshot, AFailingDiskFailsItAloneAndTheJournalGoesOn) {
  SimulatedDisk disk(1);
  auto opened = open_journal(disk);
  ASSERT_TRUE(write_flushed(*opened, {"a"}));
  auto snapshot = opened->begin_snapshot(1);
  ASSERT_TRUE(snapshot);
  ASSERT_TRUE((*snapshot)->add(RecordKind{9}, "a"));
  disk.set_faults({.flush_fails_percent = 100});
  const auto sealed = (*snapshot)->seal(1);
  ASSERT_FALSE(sealed);
  EXPECT_EQ(sealed.error(), ErrorCode::storage_failed);
  EXPECT_FALSE((*snapshot)->add(RecordKind{9}, "b"));
  disk.set_faults({});
  EXPECT_FALSE(opened->install_snapshot(**snapshot));
  EXPECT_TRUE(write_flushed(*opened, {"b"}));
  EXPECT_TRUE(take_snapshot(*opened, {"ab"}));
}

TEST(JournalSnapshot, WithoutTheSegmentsThatFollowItIsRefused) {
  SimulatedDisk disk(1);
  {
    auto opened = open_journal(disk);
    ASSERT_TRUE(write_flushed(*opened, {"a", "b"}));
    ASSERT_TRUE(take_snapshot(*opened, {"ab"}));
  }
  const auto whole = disk.files();
  disk.take_away(first_segment);
  const auto opened = open_journal(disk);
  ASSERT_FALSE(opened.good());
  EXPECT_EQ(opened.journal.error(), ErrorCode::data_damaged);
  EXPECT_NE(opened.message().find("the journal ends before that"), std::string::npos) << opened.message();
}

TEST(JournalSnapshot, BesideTheSegmentsOfAnotherHistoryItIsRefused) {
  SimulatedDisk disk(1);
  {
    auto opened = open_journal(disk);
    ASSERT_TRUE(write_flushed(*opened, {"a", "b"}));
    ASSERT_TRUE(take_snapshot(*opened, {"ab"}));
  }
  SimulatedDisk other(1);  // The same store id, and as many records: others.
  {
    auto opened = open_journal(other);
    ASSERT_TRUE(write_flushed(*opened, {"x", "y"}));
  }
  disk.place(first_segment, other.files().at(first_segment));
  const auto opened = open_journal(disk);
  ASSERT_FALSE(opened.good());
  EXPECT_EQ(opened.journal.error(), ErrorCode::data_damaged);
  EXPECT_NE(opened.message().find("don't follow on the snapshot"), std::string::npos) << opened.message();
}

TEST(JournalSnapshot, DamageThatItProvesToHaveBeenFlushedIsNeverCut) {
  SimulatedDisk disk(1);
  {
    auto opened = open_journal(disk);
    ASSERT_TRUE(write_flushed(*opened, {"a", "b"}));
    ASSERT_TRUE(take_snapshot(*opened, {"ab"}));
  }
  // The last batch has no mark behind it: without the snapshot it would look like an unfinished write.
  const std::size_t size = disk.files().at(first_segment).size();
  disk.flip_bit(first_segment, size - 1, 0);
  const auto opened = open_journal(disk);
  ASSERT_FALSE(opened.good());
  EXPECT_EQ(opened.journal.error(), ErrorCode::data_damaged);
  EXPECT_NE(opened.message().find("as " + journal::snapshot_name(2) + " proves"), std::string::npos)
      << opened.message();
}

/// A snapshot of several blocks and the segment behind it.
std::map<std::string, Bytes> small_store() {
  SimulatedDisk disk(1);
  auto opened = open_journal(disk);
  EXPECT_TRUE(write_flushed(*opened, {"a", "b"}));
  EXPECT_TRUE(take_snapshot(*opened, {"one", std::string(40, 'v'), ""}));
  EXPECT_TRUE(write_flushed(*opened, {"c"}));
  return disk.files();
}

void expect_refused_unchanged(SimulatedDisk& disk, const std::string& where) {
  const auto before = disk.files();
  const auto opened = open_journal(disk);
  ASSERT_FALSE(opened.good()) << where;
  EXPECT_EQ(opened.journal.error(), ErrorCode::data_damaged) << where;
  EXPECT_EQ(disk.files(), before) << where;
}

TEST(JournalSnapshot, EveryFlippedBitOfItIsDetected) {
  const auto files = small_store();
  const Bytes& content = files.at(journal::snapshot_name(2));
  for (std::size_t bit = 0; bit < content.size() * 8; ++bit) {
    SimulatedDisk disk(bit);
    put(disk, files);
    disk.flip_bit(journal::snapshot_name(2), bit / 8, bit % 8);
    expect_refused_unchanged(disk, "byte " + std::to_string(bit / 8) + ", bit " + std::to_string(bit % 8));
    if (HasFatalFailure()) return;
  }
}

TEST(JournalSnapshot, EveryCutOfItAndEveryByteMoreIsDetected) {
  const auto files = small_store();
  const Bytes& content = files.at(journal::snapshot_name(2));
  for (std::size_t size = 0; size < content.size(); ++size) {
    SimulatedDisk disk(size);
    put(disk, files);
    disk.place(journal::snapshot_name(2), BytesView(content).substr(0, size));
    expect_refused_unchanged(disk, "cut to " + std::to_string(size));
    if (HasFatalFailure()) return;
  }
  SimulatedDisk disk(0);
  put(disk, files);
  disk.place(journal::snapshot_name(2), content + "x");
  expect_refused_unchanged(disk, "a byte more");
}

}  // namespace
}  // namespace understudy::journal_test
