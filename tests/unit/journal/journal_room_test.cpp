// Room: what is reserved ahead in a segment, a disk that is full, and the journal's own limit.
#include "journal_fixture.hpp"
#include "support/wrapped_storage.hpp"

#include <string>

#include <gtest/gtest.h>

namespace understudy::journal_test {
namespace {

std::size_t zeros_at_end(const Bytes& content) {
  const std::size_t last = content.find_last_not_of('\0');
  return content.size() - (last == Bytes::npos ? 0 : last + 1);
}

TEST(JournalRoom, IsReservedAheadAndUsedUp) {
  SimulatedDisk disk(1);
  auto opened = open_journal(disk);
  ASSERT_TRUE(write_flushed(*opened, {"a"}));
  EXPECT_TRUE(opened->lacks_room());
  ASSERT_TRUE(opened->reserve_ahead());
  EXPECT_FALSE(opened->lacks_room());
  const std::size_t reserved_to = disk.files().at(first_segment).size();
  EXPECT_EQ(opened->usage().reserved_bytes, 1000U);
  const std::uint64_t appends = disk.counters().appends;
  ASSERT_TRUE(opened->reserve_ahead());
  EXPECT_EQ(disk.counters().appends, appends) << "there is enough";
  ASSERT_TRUE(write_flushed(*opened, {std::string(400, 'b')}));
  EXPECT_EQ(disk.files().at(first_segment).size(), reserved_to) << "written into the room";
  EXPECT_EQ(opened->usage().reserved_bytes + opened->usage().segment_bytes, reserved_to);
  ASSERT_TRUE(write_flushed(*opened, {std::string(2000, 'c')}));
  EXPECT_EQ(opened->usage().reserved_bytes, 0U) << "a batch may be larger than what is reserved";
}

/// A disk that counts what is allocated on it and not written.
class Allocating final : public WrappedStorage {
 public:
  Allocating(std::shared_ptr<Storage> storage, std::uint64_t& allocated)
      : WrappedStorage(std::move(storage)), allocated_(allocated) {}

 private:
  struct File final : WrappedFile {
    File(std::unique_ptr<StorageFile> opened, std::uint64_t& count)
        : WrappedFile(std::move(opened)), allocated(count) {}
    Result<void> allocate(std::uint64_t offset, std::uint64_t bytes) override {
      allocated += bytes;
      return WrappedFile::allocate(offset, bytes);
    }
    std::uint64_t& allocated;
  };
  std::unique_ptr<StorageFile> wrap(std::unique_ptr<StorageFile> file) override {
    return std::make_unique<File>(std::move(file), allocated_);
  }

  std::uint64_t& allocated_;
};

TEST(JournalRoom, IsWrittenForFlushesOfOneBatchAndOnlyAllocatedForThoseOfMany) {
  SimulatedDisk disk(1);
  std::uint64_t allocated = 0;
  auto opened = open_journal(std::make_shared<Allocating>(disk.attach(), allocated), 1 << 20);
  const std::string payload(700, 'p');
  for (int batch = 0; batch < 200; ++batch) {
    ASSERT_TRUE(write_flushed(*opened, {payload}));
    ASSERT_TRUE(opened->reserve_ahead());
  }
  EXPECT_EQ(allocated, 0U);
  for (int batch = 0; batch < 300; ++batch) {
    ASSERT_TRUE(write(*opened, {payload}));
    ASSERT_TRUE(opened->reserve_ahead());
    EXPECT_GE(opened->usage().reserved_bytes, 500U) << "there is as much in either case";
  }
  EXPECT_GT(allocated, 100'000U);
  ASSERT_TRUE(opened->flush());
  const std::uint64_t before = allocated;
  ASSERT_TRUE(write_flushed(*opened, {payload}));
  ASSERT_TRUE(opened->reserve_ahead());
  EXPECT_EQ(allocated, before) << "each is flushed again";
  disk.crash();
  const auto reopened = open_journal(disk);
  ASSERT_TRUE(reopened.good()) << reopened.message();
  EXPECT_EQ(reopened.entries.size(), 501U);
}

TEST(JournalRoom, IsNoTornTailAndIsCutOffAtTheNextStart) {
  SimulatedDisk disk(1);
  {
    auto opened = open_journal(disk);
    ASSERT_TRUE(write_flushed(*opened, {"a", "b"}));
    ASSERT_TRUE(opened->reserve_ahead());
  }
  ASSERT_GT(zeros_at_end(disk.files().at(first_segment)), 900U);
  const auto reopened = open_journal(disk);
  ASSERT_TRUE(reopened.good()) << reopened.message();
  EXPECT_FALSE(reopened.report().torn_tail);
  EXPECT_EQ(payloads_of(reopened.entries), (Payloads{"a", "b"}));
  EXPECT_LT(zeros_at_end(disk.files().at(first_segment)), 8U);
  EXPECT_EQ(reopened.report().bytes, disk.files().at(first_segment).size());
}

TEST(JournalRoom, IsGivenBackWhenASegmentEndsAndWhenTheJournalIsClosed) {
  SimulatedDisk disk(1);
  {
    auto opened = open_journal(disk, 1500);
    for (int index = 0; index < 8; ++index) {
      ASSERT_TRUE(write_flushed(*opened, {std::string(300, 'x')}));
      ASSERT_TRUE(opened->reserve_ahead());
      EXPECT_LE(disk.files().rbegin()->second.size(), 1500U) << "never past the segment's limit";
      EXPECT_FALSE(opened->lacks_room()) << "there can't be more in this segment";
    }
    ASSERT_TRUE(opened->close());
  }
  ASSERT_GT(disk.files().size(), 1U);
  for (const auto& [name, content] : disk.files()) EXPECT_LT(zeros_at_end(content), 8U) << name;
  EXPECT_EQ(open_journal(disk, 1500).entries.size(), 8U);
}

TEST(JournalRoom, ATornTailInItIsReportedWithoutTheZerosBehind) {
  SimulatedDisk disk(1);
  {
    auto opened = open_journal(disk);
    ASSERT_TRUE(write_flushed(*opened, {"kept"}));
    ASSERT_TRUE(opened->reserve_ahead());
  }
  Bytes content = disk.files().at(first_segment);
  const std::size_t end = content.size() - zeros_at_end(content);
  content.replace(end, 10, "unfinished");
  disk.place(first_segment, content);
  const auto reopened = open_journal(disk);
  ASSERT_TRUE(reopened.good()) << reopened.message();
  ASSERT_TRUE(reopened.report().torn_tail);
  EXPECT_EQ(reopened.report().torn_tail->offset, end);
  EXPECT_EQ(reopened.report().torn_tail->bytes_cut, 10U);
  EXPECT_EQ(disk.files().at(first_segment).size(), end);
}

TEST(JournalRoom, ZerosAreRotWhereNoRoomCanBe) {
  SimulatedDisk disk(1);
  for (const char* payload : {"1", "2"}) {
    auto opened = open_journal(disk);
    ASSERT_TRUE(write_flushed(*opened, {payload}));
  }
  const auto whole = disk.files();
  disk.place(first_segment, whole.at(first_segment) + Bytes(100, '\0'));
  auto opened = open_journal(disk);
  ASSERT_FALSE(opened.good()) << "a segment is cut to its batches before the next is made";
  EXPECT_EQ(opened.journal.error(), ErrorCode::data_damaged);

  put(disk, whole);
  {
    auto more = open_journal(disk);
    ASSERT_TRUE(write_flushed(*more, {"3"}));
    ASSERT_TRUE(write_flushed(*more, {"4"}));
    ASSERT_TRUE(write_flushed(*more, {"5"}));
    ASSERT_TRUE(more->reserve_ahead());
  }
  Bytes content = disk.files().at(third_segment);
  const std::size_t batch = 56 + 5 + 1;
  content.replace(64, batch, Bytes(batch, '\0'));
  disk.place(third_segment, content);
  opened = open_journal(disk);
  ASSERT_FALSE(opened.good()) << "a batch behind the zeros says that they stand where one had been flushed";
  EXPECT_EQ(opened.journal.error(), ErrorCode::data_damaged);
}

TEST(JournalRoom, AFullDiskIsKnownBeforeAnythingFails) {
  SimulatedDisk disk(1);
  auto opened = open_journal(disk);
  ASSERT_TRUE(write_flushed(*opened, {"a"}));
  ASSERT_TRUE(opened->reserve_ahead());
  disk.set_faults({.capacity_bytes = disk.files().at(first_segment).size() + 100});
  Payloads kept{"a"};
  Result<void> ahead;
  while (ahead) {
    kept.emplace_back(100, 'b');
    ASSERT_TRUE(write_flushed(*opened, {kept.back()})) << "there is still room";
    ahead = opened->reserve_ahead();
  }
  EXPECT_EQ(ahead.error(), ErrorCode::storage_full);
  EXPECT_GT(opened->usage().reserved_bytes, 200U) << "for what is under way";
  disk.set_faults({});
  EXPECT_TRUE(opened->reserve_ahead());
  kept.emplace_back("there is room again");
  ASSERT_TRUE(write_flushed(*opened, {kept.back()}));
  EXPECT_EQ(payloads_of(open_journal(disk.attach()).entries).size(), 0U) << "it is locked";
  disk.crash();
  EXPECT_EQ(payloads_of(open_journal(disk).entries), kept);
}

TEST(JournalRoom, ABatchThatFindsNoRoomIsNotWrittenAndTheJournalGoesOn) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SeededRandom random(seed);
    SimulatedDisk disk(seed);
    Payloads kept;
    {
      auto opened = open_journal(disk, 3000);
      bool was_full = false;
      for (int index = 0; index < 60; ++index) {
        const std::string payload(20 + random.below(800), static_cast<char>('a' + random.below(26)));
        disk.set_faults({.capacity_bytes = random.chance(40) ? 500 + random.below(6000) : UINT64_MAX});
        const Lsn before = opened->committed_lsn();
        const Result<void> written = write(*opened, {payload});
        if (written) {
          kept.push_back(payload);
        } else {
          ASSERT_EQ(written.error(), ErrorCode::storage_full) << written.error().message();
          EXPECT_EQ(opened->last_lsn(), before) << "its number is given out again";
          was_full = true;
        }
        if (random.chance(50)) {
          ASSERT_TRUE(opened->flush());
        }
        if (random.chance(50)) static_cast<void>(opened->reserve_ahead());
      }
      EXPECT_TRUE(was_full);
      disk.set_faults({.capacity_bytes = random.chance(50) ? 0U : UINT64_MAX});
      if (random.chance(50)) {
        ASSERT_TRUE(opened->close()) << "the closing mark may be left out";
      }
      disk.kill();
    }
    const auto reopened = open_journal(disk, 3000);
    ASSERT_TRUE(reopened.good()) << "seed " << seed << ": " << reopened.message();
    EXPECT_EQ(payloads_of(reopened.entries), kept) << "seed " << seed;
    EXPECT_FALSE(reopened.report().torn_tail) << "what found no room was taken back";
  }
}

TEST(JournalRoom, ItsOwnLimitIsKeptUntilASnapshotMakesRoom) {
  SimulatedDisk disk(1);
  SeededRandom random(1);
  auto opened = Journal::open(disk.attach(),
                              {.segment_bytes_max = 600, .reserved_bytes = 200, .bytes_max = 3000, .random = &random},
                              [](const Record&) -> Result<void> { return {}; });
  ASSERT_TRUE(opened);
  Journal& journal = **opened;
  Result<void> written;
  int count = 0;
  while (written) {
    written = write_flushed(journal, {std::string(100, 'x')});
    if (written) ++count;
    ASSERT_LT(count, 100);
  }
  EXPECT_EQ(written.error(), ErrorCode::storage_full);
  EXPECT_NE(written.error().message().find("may have 3000"), std::string_view::npos) << written.error().message();
  EXPECT_EQ(journal.reserve_ahead().error(), ErrorCode::storage_full);
  EXPECT_LE(journal.usage().segment_bytes, 3000U);

  auto snapshot = journal.begin_snapshot(journal.committed_lsn());
  ASSERT_TRUE(snapshot);
  ASSERT_TRUE((*snapshot)->add(RecordKind{1}, "all of it"));
  ASSERT_TRUE((*snapshot)->seal(journal.durable_lsn()));
  ASSERT_TRUE(journal.install_snapshot(**snapshot));
  EXPECT_TRUE(write_flushed(journal, {std::string(100, 'y')})) << "the segments before it went";
  EXPECT_TRUE(journal.reserve_ahead());
}

}  // namespace
}  // namespace understudy::journal_test
