#include "journal/segment_reader.hpp"

#include "journal/segment_writer.hpp"
#include "understudy/simulation/simulated_storage.hpp"

#include <array>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace understudy::journal {
namespace {

const std::string file_name = "journal-0000000001.log";

/// A segment with these payloads, each in a batch of its own. Every batch but the first has a mark for those before it.
void write_segment(SimulatedDisk& disk, const std::vector<std::string>& payloads) {
  const auto storage = disk.attach();
  SegmentHead head;
  head.number = 1;
  head.first_lsn = 1;
  auto writer = SegmentWriter::create(*storage, head);
  ASSERT_TRUE(writer);
  Lsn lsn = 1;
  for (const std::string& payload : payloads) {
    BatchBuilder batch;
    ASSERT_TRUE(batch.add(RecordKind{1}, payload));
    ASSERT_TRUE(writer->append(batch, lsn, lsn - 1));
    ++lsn;
  }
  ASSERT_TRUE(writer->flush());
}

Result<SegmentReader> open_segment(SimulatedDisk& disk) {
  auto file = disk.attach()->open(file_name);
  if (!file) return std::unexpected(file.error());
  return SegmentReader::open(std::move(*file));
}

/// What is read, up to the end or the damage, which is given back.
std::optional<Damage> read_all(SegmentReader& reader, std::vector<std::string>& payloads) {
  const auto head = reader.read_head();
  if (!head || !*head) return Damage{0, "head"};
  while (true) {
    auto step = reader.next();
    if (!step) return Damage{0, std::string(step.error().message())};
    if (std::holds_alternative<EndOfSegment>(*step)) return std::nullopt;
    if (auto* damage = std::get_if<Damage>(&*step)) return *damage;
    const GoodBatch& batch = std::get<GoodBatch>(*step);
    EXPECT_TRUE(is_whole(batch.body, batch.header.count));
    EXPECT_TRUE(replay_records(batch.body, batch.header.first_lsn, [&](const Record& record) -> Result<void> {
      payloads.emplace_back(record.payload);
      return {};
    }));
  }
}

TEST(SegmentReader, ReadsBatchesOfEverySizeAroundItsBuffer) {
  std::vector<std::string> payloads{""};
  constexpr std::size_t chunk = 1U << 20U;
  for (const std::size_t size : {chunk - 200, chunk, 3 * chunk + 7, std::size_t{1}, chunk - 61, std::size_t{0}}) {
    payloads.emplace_back(size, static_cast<char>('a' + payloads.size()));
  }
  SimulatedDisk disk(1);
  write_segment(disk, payloads);
  auto reader = open_segment(disk);
  ASSERT_TRUE(reader);
  std::vector<std::string> read;
  EXPECT_FALSE(read_all(*reader, read));
  EXPECT_EQ(read, payloads);
}

TEST(SegmentReader, ReadsManySmallBatchesWithFewReads) {
  SimulatedDisk disk(1);
  write_segment(disk, std::vector<std::string>(10'000, "0123456789"));
  auto reader = open_segment(disk);
  ASSERT_TRUE(reader);
  std::vector<std::string> read;
  EXPECT_FALSE(read_all(*reader, read));
  EXPECT_EQ(read.size(), 10'000U);
  EXPECT_LE(disk.counters().reads, 3U);
}

TEST(SegmentReader, ALengthIsNotBelievedBeforeItFitsTheFile) {
  SimulatedDisk disk(1);
  write_segment(disk, {"first"});
  Bytes content = disk.files().at(file_name);
  const auto head = decode_segment_head(std::span<const char, head_layout::bytes>(content.data(), head_layout::bytes));
  ASSERT_TRUE(head);
  for (const std::uint64_t body_bytes : {std::uint64_t{1000}, std::uint64_t{batch_bytes_max}, ~std::uint64_t{0}}) {
    BatchHeader header;  // good checksums, impossible length
    header.count = 1;
    header.first_lsn = 2;
    header.body_bytes = body_bytes;
    std::array<char, batch_layout::header_bytes> bytes{};
    encode(header, batch_seed(head->checksum, content.size()), bytes);
    disk.place(file_name, content + std::string(bytes.data(), bytes.size()) + std::string(999, 'x'));
    auto reader = open_segment(disk);
    ASSERT_TRUE(reader);
    std::vector<std::string> read;
    const auto damage = read_all(*reader, read);
    ASSERT_TRUE(damage);
    EXPECT_EQ(damage->offset, content.size());
    EXPECT_EQ(read.size(), 1U);
  }
}

TEST(SegmentReader, FindsAMarkAfterDamageHoweverFarAway) {
  constexpr std::size_t far = 2'500'000;
  SimulatedDisk disk(1);
  write_segment(disk, {"first", std::string(far, 'U'), "third"});
  constexpr std::uint64_t second_at = 64 + 56 + 5 + 5;
  constexpr std::uint64_t third_at = second_at + 56 + 5 + far;
  disk.flip_bit(file_name, second_at + 20, 0);
  auto reader = open_segment(disk);
  ASSERT_TRUE(reader);
  std::vector<std::string> read;
  const auto damage = read_all(*reader, read);
  ASSERT_TRUE(damage);
  EXPECT_EQ(damage->offset, second_at);
  const auto proof = reader->find_durable_mark(damage->offset + 1, 2);
  ASSERT_TRUE(proof);
  EXPECT_EQ(*proof, third_at);
  const auto none = reader->find_durable_mark(damage->offset + 1, 3);
  ASSERT_TRUE(none);
  EXPECT_FALSE(*none) << "the third batch says that LSN 2 was flushed, no more";
}

TEST(SegmentReader, FindsAMarkAcrossTheEdgeOfItsWindow) {
  constexpr std::size_t chunk = 1U << 20U;
  constexpr std::uint64_t damaged_at = 64;
  for (std::uint64_t before = 0; before <= 60; before += 4) {
    // The next batch begins this many bytes before the window ends which begins one after the damage.
    const std::uint64_t next_at = damaged_at + 1 + chunk - before;
    SimulatedDisk disk(1);
    write_segment(disk, {std::string(next_at - damaged_at - 56 - 5, 'x'), "second"});
    disk.flip_bit(file_name, damaged_at, 0);
    auto reader = open_segment(disk);
    ASSERT_TRUE(reader);
    ASSERT_TRUE(*reader->read_head());
    const auto proof = reader->find_durable_mark(damaged_at + 1, 1);
    ASSERT_TRUE(proof);
    EXPECT_EQ(*proof, next_at) << before;
  }
}

TEST(SegmentReader, AReadErrorIsAnErrorAndNoDamage) {
  SimulatedDisk disk(1);
  write_segment(disk, {"first"});
  auto reader = open_segment(disk);
  ASSERT_TRUE(reader);
  disk.set_faults({.read_fails_percent = 100});
  const auto head = reader->read_head();
  ASSERT_FALSE(head);
  EXPECT_EQ(head.error(), ErrorCode::storage_failed);
}

}  // namespace
}  // namespace understudy::journal
