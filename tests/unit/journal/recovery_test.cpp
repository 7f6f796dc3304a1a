// Start-up's decisions, one by one. That they cover every byte is shown in journal_damage_test.
#include "journal/recovery.hpp"

#include "journal/segment_name.hpp"
#include "journal/segment_writer.hpp"
#include "journal_fixture.hpp"

#include <array>
#include <string>

#include <gtest/gtest.h>

namespace understudy::journal_test {
namespace {

using journal::BatchBuilder;
using journal::SegmentHead;
using journal::SegmentWriter;

/// Three segments, each of one life, with the records "1" to "3", all flushed.
void write_three_segments(SimulatedDisk& disk) {
  for (const char* payload : {"1", "2", "3"}) {
    auto opened = open_journal(disk);
    ASSERT_TRUE(opened.good()) << opened.message();
    ASSERT_TRUE(write_flushed(*opened, {payload}));
  }
}

/// Opening must refuse with data_damaged, name all of `parts`, and leave every file as it is.
void expect_refusal(SimulatedDisk& disk, const std::vector<std::string>& parts) {
  const auto before = disk.files();
  const auto opened = open_journal(disk);
  ASSERT_FALSE(opened.good());
  EXPECT_EQ(opened.journal.error(), ErrorCode::data_damaged);
  for (const std::string& part : parts) {
    EXPECT_NE(opened.message().find(part), std::string::npos) << "'" << part << "' is not in: " << opened.message();
  }
  EXPECT_NE(opened.message().find("Nothing was changed; copy the directory aside"), std::string::npos);
  EXPECT_EQ(disk.files(), before);
}

/// A segment that holds one flushed record, made by hand.
void forge_segment(SimulatedDisk& disk, SegmentHead head, Lsn lsn) {
  const auto storage = disk.attach();
  auto writer = SegmentWriter::create(*storage, head);
  ASSERT_TRUE(writer);
  BatchBuilder batch;
  ASSERT_TRUE(batch.add(RecordKind{1}, "forged"));
  ASSERT_TRUE(writer->append(batch, lsn, lsn - 1));
  ASSERT_TRUE(writer->flush());
}

SegmentHead head_of(SimulatedDisk& disk, const std::string& name) {
  const Bytes content = disk.files().at(name);
  const auto head = journal::decode_segment_head(std::span<const char, 64>(content.data(), 64));
  EXPECT_TRUE(head);
  return *head;
}

TEST(Recovery, AMissingSegmentIsNamed) {
  SimulatedDisk disk(1);
  write_three_segments(disk);
  disk.take_away(second_segment);
  expect_refusal(disk, {"simulated/" + second_segment, "LSN 2", "missing, though there is " + third_segment});
}

TEST(Recovery, AMissingFirstSegmentIsNamed) {
  SimulatedDisk disk(1);
  write_three_segments(disk);
  disk.take_away(first_segment);
  expect_refusal(disk, {first_segment, "LSN 1", "missing"});
}

TEST(Recovery, ASegmentOfAnotherStoreIsRefused) {
  SimulatedDisk disk(1);
  write_three_segments(disk);
  SegmentHead head = head_of(disk, third_segment);
  head.store_id[0] ^= 1;
  disk.take_away(third_segment);
  forge_segment(disk, head, 3);
  expect_refusal(disk, {third_segment, "offset 16", "belongs to another store"});
}

TEST(Recovery, ANewerFormatIsToldFromDamage) {
  SimulatedDisk disk(1);
  write_three_segments(disk);
  SegmentHead head = head_of(disk, third_segment);
  head.version = journal::format_version + 1;
  std::array<char, journal::head_layout::bytes> bytes{};
  journal::encode(head, bytes);
  disk.place(third_segment, BytesView(bytes.data(), bytes.size()));
  expect_refusal(disk, {third_segment, "format version 3", "knows those up to 2 only", "newer program"});
}

TEST(Recovery, ASegmentUnderAnotherOnesNameIsRefused) {
  SimulatedDisk disk(1);
  write_three_segments(disk);
  disk.place(third_segment, disk.files().at(second_segment));
  expect_refusal(disk, {third_segment, "says that it is number 2"});
}

TEST(Recovery, AGapBetweenSegmentsIsRefused) {
  SimulatedDisk disk(1);
  write_three_segments(disk);
  SegmentHead head = head_of(disk, third_segment);
  head.first_lsn = 4;
  disk.take_away(third_segment);
  forge_segment(disk, head, 4);
  expect_refusal(disk, {third_segment, "LSN 3", "begins with LSN 4", "missing or repeated"});
}

TEST(Recovery, ASegmentThatDoesNotChainIsRefused) {
  SimulatedDisk disk(1);
  write_three_segments(disk);
  SegmentHead head = head_of(disk, third_segment);
  head.previous += 1;
  disk.take_away(third_segment);
  forge_segment(disk, head, 3);
  expect_refusal(disk, {third_segment, "doesn't follow on the one before it"});
}

TEST(Recovery, AGapBetweenBatchesIsRefused) {
  SimulatedDisk disk(1);
  SegmentHead head;
  head.number = 1;
  head.first_lsn = 1;
  forge_segment(disk, head, 2);
  expect_refusal(disk, {first_segment, "offset 64", "LSN 1", "begins with LSN 2"});
}

TEST(Recovery, DamageBeforeTheLastSegmentIsRot) {
  SimulatedDisk disk(1);
  write_three_segments(disk);
  const Bytes second = disk.files().at(second_segment);
  disk.place(second_segment, BytesView(second).substr(0, second.size() - 1));
  expect_refusal(disk, {second_segment, "offset 64", "LSN 2", "flushed before the next one was made"});
}

TEST(Recovery, ADamagedHeadWithBatchesAfterItIsRot) {
  SimulatedDisk disk(1);
  write_three_segments(disk);
  disk.flip_bit(third_segment, 20, 3);
  expect_refusal(disk, {third_segment, "offset 0", "LSN 3", "head fails its checksum"});
}

TEST(Recovery, ASegmentWhoseCreationWasNotFinishedIsRemoved) {
  for (const std::size_t size : {0U, 1U, 63U, 64U}) {
    SimulatedDisk disk(1);
    write_three_segments(disk);
    const std::string fourth = journal::segment_name(4);
    disk.place(fourth, std::string(size, '\0'));
    {
      auto opened = open_journal(disk);
      ASSERT_TRUE(opened.good()) << opened.message();
      EXPECT_EQ(payloads_of(opened.entries), (Payloads{"1", "2", "3"}));
      ASSERT_TRUE(opened.report().torn_tail);
      EXPECT_EQ(opened.report().torn_tail->file, fourth);
      EXPECT_EQ(opened.report().torn_tail->offset, 0U);
      EXPECT_EQ(opened.report().torn_tail->bytes_cut, size);
      EXPECT_EQ(opened.report().segments, 3U);
      EXPECT_FALSE(disk.files().contains(fourth));
      ASSERT_TRUE(write_flushed(*opened, {"4"}));
    }
    EXPECT_EQ(payloads_of(open_journal(disk).entries), (Payloads{"1", "2", "3", "4"}));
  }
}

TEST(Recovery, ASegmentWithoutABatchIsKeptAndChainedTo) {
  SimulatedDisk disk(1);
  write_three_segments(disk);
  const Bytes third = disk.files().at(third_segment);
  disk.place(third_segment, BytesView(third).substr(0, 64 + 10));
  {
    auto opened = open_journal(disk);
    ASSERT_TRUE(opened.good()) << opened.message();
    EXPECT_EQ(disk.files().at(third_segment).size(), 64U);
    EXPECT_EQ(opened->add(RecordKind{1}, "3 again"), 3U);
    ASSERT_TRUE(opened->commit());
  }
  auto reopened = open_journal(disk);
  ASSERT_TRUE(reopened.good()) << reopened.message();
  EXPECT_EQ(payloads_of(reopened.entries), (Payloads{"1", "2", "3 again"}));
}

TEST(Recovery, ATornTailIsCutAndReportedOnce) {
  SimulatedDisk disk(1);
  ASSERT_TRUE(write_flushed(*open_journal(disk), {"whole"}));
  const Bytes whole = disk.files().at(first_segment);
  disk.place(first_segment, whole + std::string(777, 'g'));
  {
    auto opened = open_journal(disk);
    ASSERT_TRUE(opened.good()) << opened.message();
    ASSERT_TRUE(opened.report().torn_tail);
    EXPECT_EQ(opened.report().torn_tail->file, first_segment);
    EXPECT_EQ(opened.report().torn_tail->offset, whole.size());
    EXPECT_EQ(opened.report().torn_tail->bytes_cut, 777U);
    EXPECT_NE(opened.report().torn_tail->reason.find("checksum"), std::string::npos);
    EXPECT_EQ(opened.report().bytes, whole.size());
  }
  EXPECT_EQ(disk.files().at(first_segment), whole);
  disk.crash();
  EXPECT_EQ(disk.files().at(first_segment), whole) << "the cut is flushed";
  EXPECT_FALSE(open_journal(disk).report().torn_tail);
}

TEST(Recovery, DamageBeforeADurableMarkIsRotAlsoInTheLastSegment) {
  SimulatedDisk disk(1);
  {
    auto opened = open_journal(disk);
    ASSERT_TRUE(write_flushed(*opened, {"1"}));
    ASSERT_TRUE(write(*opened, {"2"}));
  }
  disk.flip_bit(first_segment, 64 + 56 + 5, 0);
  expect_refusal(disk, {first_segment, "offset 64", "LSN 1", "had been flushed, as offset 126 proves"});
}

TEST(Recovery, AnUnflushedHoleBeforeALaterBatchIsATornTail) {
  SimulatedDisk disk(1);
  {
    auto opened = open_journal(disk);
    ASSERT_TRUE(write_flushed(*opened, {"1"}));
    ASSERT_TRUE(write(*opened, {"2"}));
    ASSERT_TRUE(write(*opened, {"3"}));
  }
  disk.flip_bit(first_segment, 126 + 56 + 5, 0);  // as if "3" had reached the disk, and "2" had not
  auto opened = open_journal(disk);
  ASSERT_TRUE(opened.good()) << opened.message();
  EXPECT_EQ(payloads_of(opened.entries), Payloads{"1"});
  EXPECT_EQ(opened.report().torn_tail->offset, 126U);
}

TEST(Recovery, AMarkProvesEvenWhereItsOwnBatchIsTorn) {
  SimulatedDisk disk(1);
  {
    auto opened = open_journal(disk);
    ASSERT_TRUE(write_flushed(*opened, {"1"}));
    ASSERT_TRUE(write(*opened, {std::string(5000, 'x')}));
  }
  const Bytes whole = disk.files().at(first_segment);
  disk.place(first_segment, BytesView(whole).substr(0, whole.size() - 3000));
  disk.flip_bit(first_segment, 64 + 10, 0);
  expect_refusal(disk, {"LSN 1", "had been flushed"});
}

TEST(Recovery, OtherFilesAreLeftAlone) {
  SimulatedDisk disk(1);
  disk.place("data.json", "{}");
  disk.place("journal-0000000001.log.bak", "x");
  ASSERT_TRUE(write_flushed(*open_journal(disk), {"1"}));
  EXPECT_EQ(payloads_of(open_journal(disk).entries), Payloads{"1"});
  EXPECT_EQ(disk.files().at("data.json"), "{}");
}

TEST(Recovery, AReadErrorIsNoReasonToCut) {
  SimulatedDisk disk(1);
  write_three_segments(disk);
  const auto before = disk.files();
  disk.set_faults({.read_fails_percent = 100});
  const auto opened = open_journal(disk);
  ASSERT_FALSE(opened.good());
  EXPECT_EQ(opened.journal.error(), ErrorCode::storage_failed);
  EXPECT_EQ(disk.files(), before);
}

}  // namespace
}  // namespace understudy::journal_test
