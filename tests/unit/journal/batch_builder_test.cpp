#include "journal/batch_builder.hpp"

#include <string>

#include <gtest/gtest.h>

namespace understudy::journal {
namespace {

TEST(BatchBuilder, FinishedBatchIsHeaderAndRecords) {
  BatchBuilder batch;
  EXPECT_TRUE(batch.empty());
  ASSERT_TRUE(batch.add(RecordKind{3}, "one"));
  ASSERT_TRUE(batch.add(RecordKind{4}, ""));
  EXPECT_EQ(batch.count(), 2U);
  EXPECT_EQ(batch.bytes(), batch_layout::header_bytes + 5 + 3 + 5);

  BatchHeader header;
  header.first_lsn = 9;
  header.durable_lsn = 8;
  const BytesView bytes = batch.finish(header, 11);
  EXPECT_EQ(bytes.size(), batch.bytes());
  const auto decoded = decode_batch_header(
      std::span<const char, batch_layout::header_bytes>(bytes.data(), batch_layout::header_bytes), 11);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->count, 2U);
  EXPECT_EQ(decoded->body_bytes, 13U);
  EXPECT_EQ(decoded->first_lsn, 9U);
  EXPECT_EQ(decoded->durable_lsn, 8U);
  EXPECT_TRUE(is_whole(bytes.substr(batch_layout::header_bytes), 2));

  batch.clear();
  EXPECT_TRUE(batch.empty());
  EXPECT_EQ(batch.bytes(), batch_layout::header_bytes);
}

TEST(BatchBuilder, RefusesAPayloadThatIsTooLong) {
  BatchBuilder batch;
  const std::string one = "x";
  const auto added = batch.add(RecordKind{1}, BytesView(one.data(), payload_bytes_max + 1));  // never read
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error(), ErrorCode::invalid_argument);
  EXPECT_TRUE(batch.empty());
}

}  // namespace
}  // namespace understudy::journal
