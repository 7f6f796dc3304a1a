#include "journal/segment_writer.hpp"

#include "understudy/simulation/simulated_storage.hpp"

#include <cstdio>
#include <string>

#include <gtest/gtest.h>

namespace understudy::journal {
namespace {

std::string as_hex(BytesView bytes) {
  std::string hex;
  for (const char byte : bytes) {
    char digits[3];
    std::snprintf(digits, sizeof digits, "%02x", static_cast<unsigned>(static_cast<unsigned char>(byte)));
    hex += digits;
  }
  return hex;
}

// The worked example of docs/journal-format.md. It may never change: files like it are out there.
TEST(SegmentWriter, WritesTheDocumentedExampleByteForByte) {
  SimulatedDisk disk(1);
  const auto storage = disk.attach();
  SegmentHead head;
  for (std::size_t at = 0; at < head.store_id.size(); ++at) head.store_id[at] = static_cast<std::uint8_t>(at);
  head.number = 1;
  head.first_lsn = 1;
  auto writer = SegmentWriter::create(*storage, head);
  ASSERT_TRUE(writer);
  BatchBuilder batch;
  ASSERT_TRUE(batch.add(RecordKind{1}, "a=1"));
  ASSERT_TRUE(batch.add(RecordKind{2}, ""));
  ASSERT_TRUE(writer->append(batch, 1, 0));
  ASSERT_TRUE(writer->flush());
  batch.clear();
  ASSERT_TRUE(batch.add(RecordKind{1}, "b"));
  ASSERT_TRUE(writer->append(batch, 3, 2));

  const std::string expected =
      "55534a4f55524e4c0200000000000000000102030405060708090a0b0c0d0e0f"  // segment head
      "010000000000000001000000000000000000000000000000c929d57b64468666"
      "55534254020000000d0000000000000001000000000000000000000000000000"  // header of batch 1
      "c929d57b64468666c65229961afb23305e07df775eccc1b8"
      "0300000001613d31"                                                  // record LSN 1
      "0000000002"                                                        // record LSN 2
      "5553425401000000060000000000000003000000000000000200000000000000"  // header of batch 2
      "5e07df775eccc1b8b03ae9d6d8c1f3e7f67c2ba30d474b22"
      "010000000162";  // record LSN 3
  EXPECT_EQ(as_hex(disk.files().at("journal-0000000001.log")), expected);
  EXPECT_EQ(writer->bytes(), 195U);
}

TEST(SegmentWriter, HeadIsFlushedBeforeAnyBatch) {
  SimulatedDisk disk(1);
  const auto storage = disk.attach();
  SegmentHead head;
  head.number = 1;
  head.first_lsn = 1;
  ASSERT_TRUE(SegmentWriter::create(*storage, head));
  EXPECT_EQ(disk.counters().appends, 1U);
  EXPECT_EQ(disk.counters().flushes, 1U);
  disk.crash();
  EXPECT_EQ(disk.files().at("journal-0000000001.log").size(), head_layout::bytes);
}

TEST(SegmentWriter, NeverWritesIntoAnExistingFile) {
  SimulatedDisk disk(1);
  disk.place("journal-0000000001.log", "somebody's data");
  SegmentHead head;
  head.number = 1;
  const auto writer = SegmentWriter::create(*disk.attach(), head);
  ASSERT_FALSE(writer);
  EXPECT_EQ(writer.error(), ErrorCode::storage_failed);
  EXPECT_EQ(disk.files().at("journal-0000000001.log"), "somebody's data");
}

}  // namespace
}  // namespace understudy::journal
