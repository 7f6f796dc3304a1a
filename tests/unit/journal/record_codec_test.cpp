#include "journal/record_codec.hpp"

#include <array>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace understudy::journal {
namespace {

using HeadBytes = std::array<char, head_layout::bytes>;
using HeaderBytes = std::array<char, batch_layout::header_bytes>;

SegmentHead some_head() {
  SegmentHead head;
  for (std::size_t at = 0; at < head.store_id.size(); ++at) head.store_id[at] = static_cast<std::uint8_t>(at * 17);
  head.number = 0x0102030405060708;
  head.first_lsn = 0xF1F2F3F4F5F6F7F8;
  head.previous = 0xFFFFFFFFFFFFFFFF;
  return head;
}

BatchHeader some_header() {
  BatchHeader header;
  header.count = 0x80000001;
  header.body_bytes = 0x0102030405060708;
  header.first_lsn = 0x8000000000000001;
  header.durable_lsn = 77;
  header.previous = 0x1122334455667788;
  header.body_checksum = 0x8877665544332211;
  return header;
}

TEST(RecordCodec, SegmentHeadGoesThereAndBack) {
  SegmentHead head = some_head();
  HeadBytes bytes{};
  encode(head, bytes);
  const auto decoded = decode_segment_head(bytes);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->version, format_version);
  EXPECT_EQ(decoded->store_id, head.store_id);
  EXPECT_EQ(decoded->number, head.number);
  EXPECT_EQ(decoded->first_lsn, head.first_lsn);
  EXPECT_EQ(decoded->previous, head.previous);
  EXPECT_EQ(decoded->checksum, head.checksum);
}

TEST(RecordCodec, BatchHeaderGoesThereAndBack) {
  BatchHeader header = some_header();
  HeaderBytes bytes{};
  encode(header, 5, bytes);
  const auto decoded = decode_batch_header(bytes, 5);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->count, header.count);
  EXPECT_EQ(decoded->body_bytes, header.body_bytes);
  EXPECT_EQ(decoded->first_lsn, header.first_lsn);
  EXPECT_EQ(decoded->durable_lsn, header.durable_lsn);
  EXPECT_EQ(decoded->previous, header.previous);
  EXPECT_EQ(decoded->body_checksum, header.body_checksum);
  EXPECT_EQ(decoded->checksum, header.checksum);
}

TEST(RecordCodec, EveryFlippedBitIsNoticed) {
  SegmentHead head = some_head();
  HeadBytes head_bytes{};
  encode(head, head_bytes);
  for (std::size_t bit = 0; bit < head_bytes.size() * 8; ++bit) {
    HeadBytes flipped = head_bytes;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(decode_segment_head(flipped)) << bit;
  }
  BatchHeader header = some_header();
  HeaderBytes header_bytes{};
  encode(header, 5, header_bytes);
  for (std::size_t bit = 0; bit < header_bytes.size() * 8; ++bit) {
    HeaderBytes flipped = header_bytes;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(decode_batch_header(flipped, 5)) << bit;
  }
}

TEST(RecordCodec, BatchHeaderCountsOnlyAtItsPlace) {
  BatchHeader header = some_header();
  HeaderBytes bytes{};
  encode(header, batch_seed(1000, 64), bytes);
  EXPECT_TRUE(decode_batch_header(bytes, batch_seed(1000, 64)));
  EXPECT_FALSE(decode_batch_header(bytes, batch_seed(1000, 65)));
  EXPECT_FALSE(decode_batch_header(bytes, batch_seed(1001, 64)));
}

TEST(RecordCodec, RecordsGoThereAndBack) {
  const std::vector<std::string> payloads{"", std::string("\0\xFF\n", 3), std::string(70'000, 'x')};
  Bytes body;
  for (std::size_t index = 0; index < payloads.size(); ++index) {
    append_record(body, static_cast<RecordKind>(250 + index), payloads[index]);
  }
  ASSERT_TRUE(is_whole(body, 3));
  std::size_t seen = 0;
  const auto replayed = replay_records(body, 40, [&](const Record& record) -> Result<void> {
    EXPECT_EQ(record.lsn, 40 + seen);
    EXPECT_EQ(record.kind, static_cast<RecordKind>(250 + seen));
    EXPECT_EQ(record.payload, payloads[seen]);
    ++seen;
    return {};
  });
  EXPECT_TRUE(replayed);
  EXPECT_EQ(seen, 3U);
}

TEST(RecordCodec, ReplayEndsWithTheFirstError) {
  Bytes body;
  for (int index = 0; index < 3; ++index) append_record(body, RecordKind{1}, "x");
  int seen = 0;
  const auto replayed = replay_records(body, 1, [&](const Record&) -> Result<void> {
    if (++seen == 2) return failure(ErrorCode::cancelled);
    return {};
  });
  ASSERT_FALSE(replayed);
  EXPECT_EQ(replayed.error(), ErrorCode::cancelled);
  EXPECT_EQ(seen, 2);
}

TEST(RecordCodec, ABodyThatIsNotItsRecordsIsNotWhole) {
  Bytes body;
  append_record(body, RecordKind{1}, "abc");
  append_record(body, RecordKind{1}, "");
  EXPECT_TRUE(is_whole(body, 2));
  EXPECT_FALSE(is_whole(body, 1));
  EXPECT_FALSE(is_whole(body, 3));
  EXPECT_FALSE(is_whole(body, 0xFFFFFFFF));
  for (std::size_t size = 0; size < body.size(); ++size) EXPECT_FALSE(is_whole(BytesView(body).substr(0, size), 2));
  EXPECT_FALSE(is_whole(std::string("\xFF\xFF\xFF\xFF\x01", 5), 1)) << "a length that nothing can have";
  EXPECT_TRUE(is_whole("", 0));
}

}  // namespace
}  // namespace understudy::journal
