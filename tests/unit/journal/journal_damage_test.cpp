// Every cut and every flipped bit of a small journal, one at a time: detected, never a wrong record, and no record that
// is known to be flushed is ever cut.
#include "journal_fixture.hpp"

#include <map>
#include <string>

#include <gtest/gtest.h>

namespace understudy::journal_test {
namespace {

const Payloads all{"one", "", std::string("\0\xFF", 2), std::string(40, 'v'), "five", "six", "seven"};

/// Two segments; the second has four batches, flushed each. `close` adds the closing mark.
std::map<std::string, Bytes> small_journal(bool close) {
  SimulatedDisk disk(1);
  {
    auto opened = open_journal(disk);
    EXPECT_TRUE(write_flushed(*opened, {all[0], all[1]}));
    EXPECT_TRUE(write_flushed(*opened, {all[2]}));
  }
  auto opened = open_journal(disk);
  EXPECT_TRUE(write_flushed(*opened, {all[3]}));
  EXPECT_TRUE(write_flushed(*opened, {all[4]}));
  EXPECT_TRUE(write_flushed(*opened, {all[5]}));
  EXPECT_TRUE(write_flushed(*opened, {all[6]}));
  if (close) {
    EXPECT_TRUE(opened->close());
  }
  return disk.files();
}

/// Opens a damaged copy. Good or refused, it must hold what can be asked of it; `least` is how many records must be
/// there when it opens. Whether it opened.
bool check_damaged(SimulatedDisk& disk, std::size_t least, const std::string& where) {
  const auto before = disk.files();
  {
    auto opened = open_journal(disk);
    EXPECT_TRUE(is_prefix(opened.entries, all)) << where;
    if (!opened.good()) {
      EXPECT_EQ(opened.journal.error(), ErrorCode::data_damaged) << where;
      EXPECT_EQ(disk.files(), before) << where << ": a refusal changes nothing";
      return false;
    }
    EXPECT_GE(opened.entries.size(), least) << where;
    EXPECT_TRUE(write_flushed(*opened, {"after"})) << where;
  }
  auto again = open_journal(disk);
  EXPECT_TRUE(again.good()) << where << ": " << again.message();
  EXPECT_FALSE(again.entries.empty()) << where;
  EXPECT_EQ(again.entries.back().payload, "after") << where;
  again.entries.pop_back();
  EXPECT_TRUE(is_prefix(again.entries, all)) << where;
  EXPECT_GE(again.entries.size(), least) << where;
  return true;
}

// Who has had it open knows more than the files do.
TEST(JournalDamage, WhatIsKnownToHaveBeenFlushedIsNeverTakenForAnUnfinishedWrite) {
  const auto files = small_journal(false);
  const Bytes& last = files.at(second_segment);
  Lsn flushed = 0;
  {
    SimulatedDisk whole(1);
    put(whole, files);
    flushed = open_journal(whole)->last_lsn();
  }
  for (std::size_t size = 0; size <= last.size(); ++size) {
    SimulatedDisk disk(size);
    put(disk, files);
    disk.place(second_segment, BytesView(last).substr(0, size));
    const auto before = disk.files();
    const auto opened =
        Journal::open(disk.attach(), {.durable_lsn = flushed}, [](const Record&) { return Result<void>(); });
    ASSERT_EQ(opened.has_value(), size == last.size()) << size;
    if (opened) continue;
    ASSERT_EQ(opened.error(), ErrorCode::data_damaged) << size;
    EXPECT_NE(opened.error().message().find("had been flushed"), std::string_view::npos) << opened.error().message();
    ASSERT_EQ(disk.files(), before) << size;
  }
}

// The last segment may end anywhere: that is what an unfinished write looks like.
TEST(JournalDamage, EveryCutOfTheLastSegmentLeavesWhatIsWhole) {
  const auto files = small_journal(false);
  const Bytes& last = files.at(second_segment);
  const std::vector<std::size_t> ends{64 + 56 + 45, 64 + 56 + 45 + 65, 64 + 56 + 45 + 65 + 64, last.size()};
  ASSERT_EQ(last.size(), ends[2] + 66);
  for (std::size_t size = 0; size <= last.size(); ++size) {
    SimulatedDisk disk(size);
    put(disk, files);
    disk.place(second_segment, BytesView(last).substr(0, size));
    std::size_t whole = 3;
    for (const std::size_t end : ends) whole += size >= end ? 1 : 0;
    auto opened = open_journal(disk);
    ASSERT_TRUE(opened.good()) << size << ": " << opened.message();
    EXPECT_EQ(opened.entries.size(), whole) << size;
    const bool clean = size == 64 || size == ends[0] || size == ends[1] || size == ends[2] || size == ends[3];
    EXPECT_EQ(opened.report().torn_tail.has_value(), !clean) << size;
    ASSERT_TRUE(opened->close());
    EXPECT_TRUE(check_damaged(disk, whole, "cut to " + std::to_string(size)));
  }
}

TEST(JournalDamage, EveryCutOfAnEarlierSegmentIsRefused) {
  const auto files = small_journal(false);
  const Bytes& first = files.at(first_segment);
  for (std::size_t size = 0; size < first.size(); ++size) {
    SimulatedDisk disk(size);
    put(disk, files);
    disk.place(first_segment, BytesView(first).substr(0, size));
    EXPECT_FALSE(check_damaged(disk, 0, "cut to " + std::to_string(size)));
  }
}

TEST(JournalDamage, EveryFlippedBitIsDetected) {
  const auto files = small_journal(false);
  const std::size_t last_batch_at = files.at(second_segment).size() - (56 + 5 + 5);
  for (const auto& [name, content] : files) {
    for (std::size_t bit = 0; bit < content.size() * 8; ++bit) {
      SimulatedDisk disk(bit);
      put(disk, files);
      disk.flip_bit(name, bit / 8, bit % 8);
      const std::string where = name + ", byte " + std::to_string(bit / 8) + ", bit " + std::to_string(bit % 8);
      const bool opened = check_damaged(disk, 6, where);
      // Only the last batch has no mark behind it: its damage looks like an unfinished write.
      EXPECT_EQ(opened, name == second_segment && bit / 8 >= last_batch_at) << where;
    }
  }
}

TEST(JournalDamage, AfterACleanShutdownEveryFlippedBitOfEveryRecordIsRot) {
  const auto files = small_journal(true);
  const std::size_t mark_at = files.at(second_segment).size() - 56;
  for (const auto& [name, content] : files) {
    for (std::size_t bit = 0; bit < content.size() * 8; ++bit) {
      SimulatedDisk disk(bit);
      put(disk, files);
      disk.flip_bit(name, bit / 8, bit % 8);
      const std::string where = name + ", byte " + std::to_string(bit / 8) + ", bit " + std::to_string(bit % 8);
      const bool opened = check_damaged(disk, 7, where);
      EXPECT_EQ(opened, name == second_segment && bit / 8 >= mark_at) << where;
    }
  }
}

TEST(JournalDamage, EveryZeroedSectorOfFlushedDataIsRot) {
  SimulatedDisk origin(1);
  {
    auto opened = open_journal(origin);
    for (int index = 0; index < 40; ++index) ASSERT_TRUE(write_flushed(*opened, {std::string(100, 'd')}));
    ASSERT_TRUE(opened->close());
  }
  const Bytes whole = origin.files().at(first_segment);
  const std::size_t mark_at = whole.size() - 56;
  for (std::size_t at = 0; at + 512 <= mark_at; at += 512) {
    SimulatedDisk disk(at);
    Bytes damaged = whole;
    damaged.replace(at, 512, 512, '\0');
    disk.place(first_segment, damaged);
    const auto opened = open_journal(disk);
    ASSERT_FALSE(opened.good()) << at;
    EXPECT_EQ(opened.journal.error(), ErrorCode::data_damaged) << at;
  }
}

}  // namespace
}  // namespace understudy::journal_test
