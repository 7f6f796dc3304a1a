// Reading what is left of a damaged journal: every whole record, every gap, and no change.
#include "understudy/journal/scan.hpp"

#include "journal/snapshot_name.hpp"
#include "journal_fixture.hpp"

#include <algorithm>
#include <string>

#include <gtest/gtest.h>

namespace understudy::journal_test {
namespace {

struct Collected final : JournalScan {
  Result<void> on_record(const ScannedFile& file, std::uint64_t /*offset*/, const Record& record) override {
    (file.is_snapshot ? snapshot : entries)
        .push_back({record.lsn, static_cast<unsigned>(record.kind), Bytes(record.payload)});
    return {};
  }
  void on_damage(const ScannedDamage& damage) override { damages.push_back(damage); }
  void on_file(const ScannedFile& file) override { files.push_back(file); }

  std::vector<Entry> snapshot;
  std::vector<Entry> entries;
  std::vector<ScannedDamage> damages;
  std::vector<ScannedFile> files;
};

Collected scan(SimulatedDisk& disk) {
  Collected collected;
  const auto before = disk.files();
  const auto read = scan_journal(*disk.attach(), collected);
  EXPECT_TRUE(read) << (read ? "" : read.error().message());
  EXPECT_EQ(disk.files(), before);
  return collected;
}

const Payloads tail{"c", "d", std::string(30, 'e'), "f"};

/// A snapshot that covers two records, a segment with two more batches, another with two.
std::map<std::string, Bytes> whole_journal() {
  SimulatedDisk disk(1);
  {
    auto opened = open_journal(disk);
    EXPECT_TRUE(write_flushed(*opened, {"a", "b"}));
    auto snapshot = opened->begin_snapshot(2);
    EXPECT_TRUE(snapshot && (*snapshot)->add(RecordKind{9}, "ab"));
    EXPECT_TRUE((*snapshot)->seal(2));
    EXPECT_TRUE(write_flushed(*opened, {tail[0]}));
    EXPECT_TRUE(opened->install_snapshot(**snapshot));
    EXPECT_TRUE(write_flushed(*opened, {tail[1]}));
  }
  auto opened = open_journal(disk);
  EXPECT_TRUE(write_flushed(*opened, {tail[2]}));
  EXPECT_TRUE(write_flushed(*opened, {tail[3]}));
  return disk.files();
}

TEST(Scan, AWholeJournalIsGivenAsItIs) {
  SimulatedDisk disk(1);
  put(disk, whole_journal());
  const Collected found = scan(disk);
  EXPECT_TRUE(found.damages.empty());
  EXPECT_EQ(payloads_of(found.snapshot), Payloads{"ab"});
  EXPECT_EQ(payloads_of(found.entries), tail);
  ASSERT_EQ(found.files.size(), 3U);
  EXPECT_TRUE(found.files[0].is_snapshot);
  EXPECT_EQ(found.files[1].first_lsn, 3U);
  EXPECT_EQ(found.files[2].last_lsn, 6U);
}

TEST(Scan, AnEmptyDirectoryHoldsNothing) {
  SimulatedDisk disk(1);
  const Collected found = scan(disk);
  EXPECT_TRUE(found.files.empty() && found.damages.empty());
}

TEST(Scan, AMissingSegmentIsAGap) {
  SimulatedDisk disk(1);
  for (const char* payload : {"1", "2", "3"}) {
    auto opened = open_journal(disk);
    ASSERT_TRUE(write_flushed(*opened, {payload}));
  }
  disk.take_away(second_segment);
  const Collected found = scan(disk);
  EXPECT_EQ(payloads_of(found.entries), (Payloads{"1", "3"}));
  ASSERT_FALSE(found.damages.empty());
  EXPECT_NE(found.damages.front().what.find("missing"), std::string::npos);
}

// Whatever one bit damages, at most one batch or block is lost by it, and it is never silent.
TEST(Scan, EveryFlippedBitCostsAtMostWhatItIsIn) {
  const auto files = whole_journal();
  for (const auto& [name, content] : files) {
    for (std::size_t bit = 0; bit < content.size() * 8; ++bit) {
      SimulatedDisk disk(bit);
      put(disk, files);
      disk.flip_bit(name, bit / 8, bit % 8);
      const Collected found = scan(disk);
      const std::string where = name + ", byte " + std::to_string(bit / 8) + ", bit " + std::to_string(bit % 8);
      ASSERT_FALSE(found.damages.empty()) << where;
      ASSERT_TRUE(std::ranges::all_of(found.damages, [&](const auto& each) { return each.file == name; })) << where;
      ASSERT_LE(found.snapshot.size(), 1U) << where;
      for (const Entry& entry : found.entries) ASSERT_EQ(entry.payload, tail.at(entry.lsn - 3)) << where;
      const std::size_t lost = 1 - found.snapshot.size() + tail.size() - found.entries.size();
      // The head's own checksum is what everything else in the file is bound to.
      const bool in_head_checksum = bit / 8 >= 56 && bit / 8 < 64;
      ASSERT_LE(lost, in_head_checksum ? 2U : 1U) << where;
    }
  }
}

TEST(Scan, EveryCutKeepsWhatIsBeforeIt) {
  const auto files = whole_journal();
  for (const auto& [name, content] : files) {
    std::size_t least = 0;
    for (std::size_t size = 0; size < content.size(); ++size) {
      SimulatedDisk disk(size);
      put(disk, files);
      disk.place(name, BytesView(content).substr(0, size));
      const Collected found = scan(disk);
      const std::size_t whole = found.snapshot.size() + found.entries.size();
      ASSERT_GE(whole, least) << name << " cut to " << size;
      least = whole;
    }
  }
}

TEST(Scan, ExamineFindsWhatOpenFindsAndChangesNothing) {
  SimulatedDisk disk(1);
  put(disk, whole_journal());
  Bytes torn = disk.files().at(third_segment);
  disk.place(third_segment, torn.substr(0, torn.size() - 1));
  const auto before = disk.files();
  std::size_t records = 0;
  const auto examined = examine_journal(*disk.attach(), [&](const Record& /*record*/) {
    ++records;
    return Result<void>{};
  });
  ASSERT_TRUE(examined) << examined.error().message();
  EXPECT_EQ(disk.files(), before);
  EXPECT_EQ(records, 4U);
  ASSERT_TRUE(examined->torn_tail);
  const auto opened = open_journal(disk);
  ASSERT_TRUE(opened.good());
  EXPECT_EQ(opened.report().torn_tail->bytes_cut, examined->torn_tail->bytes_cut);
  EXPECT_EQ(opened.report().last_lsn, examined->last_lsn);
}

}  // namespace
}  // namespace understudy::journal_test
