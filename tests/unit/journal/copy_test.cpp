// Copies of a journal: of one that rests, of one that is written meanwhile, and of one that is damaged.
#include "understudy/journal/copy.hpp"

#include "journal/segment_name.hpp"
#include "journal_fixture.hpp"

#include <functional>
#include <string>

#include <gtest/gtest.h>

namespace understudy::journal_test {
namespace {

Result<void> take_snapshot(Journal& journal, const std::string& payload) {
  auto snapshot = journal.begin_snapshot(journal.committed_lsn());
  if (!snapshot) return std::unexpected(snapshot.error());
  if (auto added = (*snapshot)->add(RecordKind{9}, payload); !added) return added;
  if (auto flushed = journal.flush(); !flushed) return flushed;
  if (auto sealed = (*snapshot)->seal(journal.durable_lsn()); !sealed) return sealed;
  return journal.install_snapshot(**snapshot);
}

/// A storage that another one is behind, and that lets a test do something before each listing, opening and reading.
class Watched final : public Storage {
 public:
  using Meddle = std::function<void(const std::string& what)>;
  Watched(std::shared_ptr<Storage> storage, Meddle meddle) : storage_(std::move(storage)), meddle_(std::move(meddle)) {}

  Result<std::vector<std::string>> list() override {
    auto names = storage_->list();
    meddle_("listed");
    return names;
  }
  Result<std::unique_ptr<StorageFile>> open(std::string_view name) override {
    auto file = storage_->open(name);
    if (!file) return file;
    meddle_("opened");
    return std::make_unique<File>(std::move(*file), *this);
  }
  Result<std::unique_ptr<DirectoryLock>> lock() override { return refuse(); }
  Result<std::optional<LockHolder>> lock_holder() override { return refuse(); }
  Result<std::unique_ptr<StorageFile>> create(std::string_view /*name*/) override { return refuse(); }
  Result<void> remove(std::string_view /*name*/) override { return refuse(); }
  Result<void> rename(std::string_view /*from*/, std::string_view /*to*/) override { return refuse(); }
  const std::string& describe() const noexcept override { return storage_->describe(); }

 private:
  static std::unexpected<Error> refuse() {
    ADD_FAILURE() << "a source is only read";
    return failure(ErrorCode::storage_failed, "a source is only read");
  }
  struct File final : StorageFile {
    File(std::unique_ptr<StorageFile> opened, Watched& storage) : file(std::move(opened)), watched(storage) {}
    Result<void> append(BytesView /*bytes*/) override { return refuse(); }
    Result<void> write_at(std::uint64_t /*offset*/, BytesView /*bytes*/) override { return refuse(); }
    Result<std::size_t> read_at(std::uint64_t offset, std::span<char> into) override {
      watched.meddle_("read");
      return file->read_at(offset, into);
    }
    Result<std::uint64_t> size() override { return file->size(); }
    Result<void> truncate(std::uint64_t /*bytes*/) override { return refuse(); }
    Result<void> flush() override { return refuse(); }
    Result<void> forget_cache() override { return refuse(); }
    const std::string& name() const noexcept override { return file->name(); }
    std::unique_ptr<StorageFile> file;
    Watched& watched;
  };

  std::shared_ptr<Storage> storage_;
  Meddle meddle_;
};

/// The copy that `target` holds opens, and gives `payloads`, the snapshot's first.
void expect_content(SimulatedDisk& target, const Payloads& payloads) {
  target.crash();  // Everything is flushed.
  const auto opened = open_journal(target);
  ASSERT_TRUE(opened.good()) << opened.message();
  EXPECT_EQ(payloads_of(opened.entries), payloads);
  EXPECT_FALSE(opened.report().torn_tail);
}

TEST(Copy, HoldsAllThatAJournalAtRestHolds) {
  SimulatedDisk source(1);
  {
    auto opened = open_journal(source);
    ASSERT_TRUE(write_flushed(*opened, {"a", "b"}));
    ASSERT_TRUE(take_snapshot(*opened, "ab"));
    ASSERT_TRUE(write_flushed(*opened, {"c"}));
    ASSERT_TRUE(opened->close());
  }
  ASSERT_TRUE(write_flushed(*open_journal(source), {"d", "e"}));
  const auto before = source.files();
  SimulatedDisk target(2);
  std::uint64_t progress = 0;
  std::uint64_t total = 0;
  const auto copied = copy_journal(*source.attach(), *target.attach(), {.on_progress = [&](const JournalProgress& now) {
    EXPECT_GE(now.bytes, progress);
    progress = now.bytes;
    total = now.bytes_total;
  }});
  ASSERT_TRUE(copied) << copied.error().message();
  EXPECT_EQ(source.files(), before);
  ASSERT_TRUE(copied->snapshot);
  EXPECT_EQ(copied->snapshot->covers, 2U);
  EXPECT_EQ(copied->records, 3U);
  EXPECT_EQ(copied->last_lsn, 5U);
  EXPECT_EQ(copied->segments, 2U);
  EXPECT_FALSE(copied->left_out);
  std::uint64_t bytes = 0;
  for (const auto& [name, content] : target.files()) bytes += content.size();
  EXPECT_EQ(copied->bytes, bytes);
  EXPECT_GT(progress, total / 2);
  expect_content(target, {"ab", "c", "d", "e"});
}

TEST(Copy, HoldsWhatWasWrittenThoughItWasNotFlushed) {
  SimulatedDisk source(1);
  auto opened = open_journal(source);
  ASSERT_TRUE(write_flushed(*opened, {"a"}));
  ASSERT_TRUE(write(*opened, {"b", std::string(100, '\0')}));
  ASSERT_TRUE(opened->add(RecordKind{1}, "not committed"));
  SimulatedDisk target(2);
  const auto copied = copy_journal(*source.attach(), *target.attach());
  ASSERT_TRUE(copied) << copied.error().message();
  expect_content(target, {"a", "b", std::string(100, '\0')});
  ASSERT_TRUE(write_flushed(*opened, {"d"})) << "the journal goes on";
}

TEST(Copy, LeavesAnUnfinishedWriteOut) {
  SimulatedDisk source(1);
  ASSERT_TRUE(write_flushed(*open_journal(source), {"a"}));
  Bytes whole = source.files().at(first_segment);
  whole.resize(whole.find_last_not_of('\0') + 1);
  source.place(first_segment, whole + "USBT half a batch");
  SimulatedDisk target(2);
  const auto copied = copy_journal(*source.attach(), *target.attach());
  ASSERT_TRUE(copied) << copied.error().message();
  ASSERT_TRUE(copied->left_out);
  EXPECT_EQ(copied->left_out->bytes_cut, 17U);
  expect_content(target, {"a"});
}

TEST(Copy, LeavesASegmentWithoutAHeadOut) {
  SimulatedDisk source(1);
  ASSERT_TRUE(write_flushed(*open_journal(source), {"a"}));
  source.place(second_segment, "USJOURNL");
  SimulatedDisk target(2);
  const auto copied = copy_journal(*source.attach(), *target.attach());
  ASSERT_TRUE(copied) << copied.error().message();
  EXPECT_FALSE(target.files().contains(second_segment));
  expect_content(target, {"a"});
}

// The last group of a running journal has no durable mark behind it; in the copy it has.
TEST(Copy, DamageToAnyBatchOfItIsFoundOut) {
  SimulatedDisk source(1);
  auto opened = open_journal(source);
  ASSERT_TRUE(write_flushed(*opened, {"a"}));
  ASSERT_TRUE(write_flushed(*opened, {"b"}));
  SimulatedDisk target(2);
  ASSERT_TRUE(copy_journal(*source.attach(), *target.attach()));
  const Bytes content = target.files().at(first_segment);
  constexpr std::size_t mark_bytes = 56;
  for (std::size_t bit = 0; bit < (content.size() - mark_bytes) * 8; ++bit) {
    SimulatedDisk damaged(bit);
    damaged.place(first_segment, content);
    damaged.flip_bit(first_segment, bit / 8, bit % 8);
    ASSERT_FALSE(open_journal(damaged).good()) << "bit " << bit;
  }
}

TEST(Copy, OfADamagedJournalThereIsNone) {
  SimulatedDisk source(1);
  {
    auto opened = open_journal(source);
    ASSERT_TRUE(write_flushed(*opened, {"a"}));
    ASSERT_TRUE(write_flushed(*opened, {"b"}));
  }
  source.flip_bit(first_segment, 64 + 56 + 5, 0);
  SimulatedDisk target(2);
  int starts_over = 0;
  const auto copied =
      copy_journal(*source.attach(), *target.attach(), {.on_start_over = [&](std::string_view) { ++starts_over; }});
  ASSERT_FALSE(copied);
  EXPECT_EQ(copied.error(), ErrorCode::data_damaged);
  EXPECT_NE(copied.error().message().find(first_segment), std::string_view::npos);
  EXPECT_EQ(starts_over, 0) << "what nobody changes is damaged for good";
}

TEST(Copy, NeedsAJournalAndAnEmptyPlace) {
  SimulatedDisk empty(1);
  SimulatedDisk target(2);
  EXPECT_EQ(copy_journal(*empty.attach(), *target.attach()).error(), ErrorCode::invalid_argument);
  SimulatedDisk source(3);
  ASSERT_TRUE(write_flushed(*open_journal(source), {"a"}));
  target.place("other", "x");
  EXPECT_EQ(copy_journal(*source.attach(), *target.attach()).error(), ErrorCode::invalid_argument);
  EXPECT_EQ(target.files().size(), 1U);
}

/// Writes, and every third time takes a snapshot, so that older files go.
struct Life {
  explicit Life(SimulatedDisk& disk) : opened(open_journal(disk, 300)) {}
  void go_on() {
    payloads.push_back(std::to_string(payloads.size()) + std::string(40, 'x'));
    ASSERT_TRUE(opened->reserve_ahead());
    ASSERT_TRUE(write_flushed(*opened, {payloads.back()}));
    if (payloads.size() % 3 != 0) return;
    std::string all;
    for (const std::string& payload : payloads) all += payload + "\n";
    ASSERT_TRUE(take_snapshot(*opened, all));
  }
  /// What a start should give of the first so many.
  [[nodiscard]] static std::string state_of(const Payloads& found) {
    std::string all;
    for (const std::string& payload : found) all += payload.ends_with('\n') ? payload : payload + "\n";
    return all;
  }
  Opened opened;
  Payloads payloads;
};

// At each step of a copy, in turn, the journal is written, and takes a snapshot.
TEST(Copy, WhateverHappensMeanwhileHoldsAllFromBefore) {
  int starts_over = 0;
  bool reached = true;
  for (int step = 1; reached; ++step) {
    for (int how_much : {1, 3, 20}) {
      SimulatedDisk source(1);
      Life life(source);
      for (int i = 0; i < 8; ++i) life.go_on();
      const std::string before = Life::state_of(life.payloads);
      int steps = 0;
      Watched watched(source.attach(), [&](const std::string&) {
        if (++steps != step) return;
        for (int i = 0; i < how_much; ++i) life.go_on();
      });
      SimulatedDisk target(2);
      const auto copied =
          copy_journal(watched, *target.attach(), {.on_start_over = [&](std::string_view) { ++starts_over; }});
      ASSERT_TRUE(copied) << "step " << step << ": " << copied.error().message();
      reached = steps >= step;
      const auto opened = open_journal(target);
      ASSERT_TRUE(opened.good()) << "step " << step << ": " << opened.message();
      const std::string found = Life::state_of(payloads_of(opened.entries));
      ASSERT_TRUE(found.starts_with(before)) << "step " << step;
      ASSERT_TRUE(Life::state_of(life.payloads).starts_with(found)) << "step " << step;
    }
  }
  EXPECT_GT(starts_over, 0);
}

TEST(Copy, GivesUpWhenTheJournalChangesEachTime) {
  SimulatedDisk source(1);
  Life life(source);
  for (int i = 0; i < 3; ++i) life.go_on();
  Watched watched(source.attach(), [&](const std::string& what) {
    if (what != "listed") return;
    for (int i = 0; i < 6; ++i) life.go_on();
  });
  SimulatedDisk target(2);
  std::string why;
  int starts_over = 0;
  const auto copied = copy_journal(watched, *target.attach(),
                                   {.on_start_over =
                                        [&](std::string_view reason) {
                                          why = reason;
                                          ++starts_over;
                                        },
                                    .attempts_max = 4});
  ASSERT_FALSE(copied);
  EXPECT_EQ(copied.error(), ErrorCode::storage_failed);
  EXPECT_EQ(starts_over, 3);
  EXPECT_NE(why.find("removed"), std::string::npos) << why;
}

TEST(Copy, FailsWithTheDiskThatItIsWrittenTo) {
  SimulatedDisk source(1);
  Life life(source);
  for (int i = 0; i < 8; ++i) life.go_on();
  int failed = 0;
  for (std::uint64_t nth = 1;; ++nth) {
    SimulatedDisk target(nth);
    target.lose_power_at(nth);
    const auto copied = copy_journal(*source.attach(), *target.attach());
    if (target.power_losses() == 0) {
      ASSERT_TRUE(copied);
      break;
    }
    ASSERT_FALSE(copied) << "change " << nth;
    EXPECT_EQ(copied.error(), ErrorCode::storage_failed);
    ++failed;
  }
  EXPECT_GT(failed, 5);
}

}  // namespace
}  // namespace understudy::journal_test
