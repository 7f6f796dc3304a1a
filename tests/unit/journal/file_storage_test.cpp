#include "journal/file_storage.hpp"

#include "journal_fixture.hpp"

#include <array>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>

#include <sys/resource.h>
#include <sys/stat.h>

#include <gtest/gtest.h>

namespace understudy::journal_test {
namespace {

class FileStorage : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "understudy-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::shared_ptr<Storage> open_in(const std::string& name) {
    auto storage = open_file_storage(folder_ / name);
    EXPECT_TRUE(storage) << storage.error().message();
    return storage ? *storage : nullptr;
  }

  std::filesystem::path folder_;
};

std::string content_of(StorageFile& file) {
  std::string content(static_cast<std::size_t>(file.size().value_or(0)), '\0');
  EXPECT_EQ(file.read_at(0, content), content.size());
  return content;
}

/// While it lives no file of this process may be longer.
class LimitOnFiles {
 public:
  explicit LimitOnFiles(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    EXPECT_EQ(::getrlimit(RLIMIT_FSIZE, &before_), 0);
    const struct rlimit limited{bytes, before_.rlim_max};
    EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &limited), 0);
  }
  LimitOnFiles(const LimitOnFiles&) = delete;
  LimitOnFiles& operator=(const LimitOnFiles&) = delete;
  ~LimitOnFiles() {
    EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &before_), 0);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  struct rlimit before_{};
  sighandler_t handler_;
};

TEST_F(FileStorage, MakesItsDirectoryWithParentsForThisUserOnly) {
  const auto storage = open_in("a/b/c/");
  ASSERT_TRUE(storage);
  for (const char* name : {"a", "a/b", "a/b/c"}) {
    struct stat status{};
    ASSERT_EQ(::stat((folder_ / name).c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0700U) << name;
  }
  EXPECT_EQ(storage->describe(), folder_ / "a/b/c");
  EXPECT_EQ(storage->list(), std::vector<std::string>{});
}

TEST_F(FileStorage, AppendsReadsCutsAndFlushes) {
  const auto storage = open_in("d");
  auto file = storage->create("one");
  ASSERT_TRUE(file) << file.error().message();
  EXPECT_EQ((*file)->name(), "one");
  ASSERT_TRUE((*file)->append("hello "));
  ASSERT_TRUE((*file)->append(std::string("\0world", 6)));
  ASSERT_TRUE((*file)->append(""));
  ASSERT_TRUE((*file)->flush());
  ASSERT_TRUE((*file)->forget_cache());
  EXPECT_EQ((*file)->size(), 12U);
  EXPECT_EQ(content_of(**file), std::string("hello \0world", 12));

  std::array<char, 8> part{};
  EXPECT_EQ((*file)->read_at(7, part), 5U) << "less than asked for, at the end";
  EXPECT_EQ(std::string(part.data(), 5), "world");
  EXPECT_EQ((*file)->read_at(12, part), 0U);
  EXPECT_EQ((*file)->read_at(1000, part), 0U);

  ASSERT_TRUE((*file)->truncate(5));
  ASSERT_TRUE((*file)->append("!"));
  auto again = storage->open("one");
  ASSERT_TRUE(again);
  EXPECT_EQ(content_of(**again), "hello!");
  const auto grown = (*again)->truncate(100);
  ASSERT_FALSE(grown);
  EXPECT_EQ(grown.error(), ErrorCode::invalid_argument);
}

TEST_F(FileStorage, AddsZerosThatAreWrittenAndZerosThatAreNot) {
  const auto storage = open_in("d");
  auto file = storage->create("room");
  ASSERT_TRUE(file);
  ASSERT_TRUE((*file)->append("a"));
  ASSERT_TRUE((*file)->write_zeros(1, 150'000));
  EXPECT_EQ((*file)->size(), 150'001U);
  ASSERT_TRUE((*file)->allocate(150'001, 70'000));
  ASSERT_TRUE((*file)->write_at(150'000, "bc"));
  ASSERT_TRUE((*file)->flush());
  EXPECT_EQ(content_of(**storage->open("room")), "a" + std::string(149'999, '\0') + "bc" + std::string(69'999, '\0'));
  const LimitOnFiles limit(230'000);
  const auto too_much = (*file)->allocate(220'001, 10'000);
  ASSERT_FALSE(too_much);
  EXPECT_EQ(too_much.error(), ErrorCode::storage_full);
  EXPECT_EQ(too_much.error().message(), "cannot find room for " + (folder_ / "d/room").native() + ": File too large");
  EXPECT_EQ((*file)->size(), 220'001U);
}

TEST_F(FileStorage, ListsRenamesAndRemoves) {
  const auto storage = open_in("d");
  ASSERT_TRUE(storage->create("b"));
  ASSERT_TRUE(storage->create("a"));
  std::filesystem::create_directory(folder_ / "d" / "folder");
  const auto lock = storage->lock();
  ASSERT_TRUE(lock);
  EXPECT_EQ(storage->list(), (std::vector<std::string>{"a", "b"}));
  ASSERT_TRUE(storage->rename("a", "c"));
  EXPECT_EQ(storage->list(), (std::vector<std::string>{"b", "c"}));
  ASSERT_TRUE(storage->remove("b"));
  EXPECT_EQ(storage->list(), std::vector<std::string>{"c"});
}

TEST_F(FileStorage, GivesARemovedFileOpenStill) {
  const auto storage = open_in("d");
  ASSERT_TRUE((*storage->create("a"))->append("content"));
  const auto removed = storage->remove_open("a");
  ASSERT_TRUE(removed) << removed.error().message();
  EXPECT_EQ(storage->list(), std::vector<std::string>{});
  ASSERT_NE(*removed, nullptr);
  EXPECT_EQ(content_of(**removed), "content");
  // The name is free.
  auto again = storage->create("a");
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ(content_of(**again), "");
  EXPECT_FALSE(storage->remove_open("gone"));
}

TEST_F(FileStorage, RemovesWhatItCannotOpen) {
  const auto storage = open_in("d");
  ASSERT_TRUE(storage->create("a"));
  struct rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const struct rlimit none{0, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const auto removed = storage->remove_open("a");
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  ASSERT_TRUE(removed) << removed.error().message();
  EXPECT_EQ(*removed, nullptr);
  EXPECT_EQ(storage->list(), std::vector<std::string>{});
}

TEST_F(FileStorage, NamesFileOperationAndReasonInItsErrors) {
  const auto storage = open_in("d");
  ASSERT_TRUE(storage->create("here"));
  const std::string path = (folder_ / "d").native();
  const auto expect = [&](const auto& result, const std::string& message) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error(), ErrorCode::storage_failed);
    EXPECT_EQ(result.error().message(), message);
  };
  expect(storage->create("here"), "cannot create " + path + "/here: File exists");
  expect(storage->open("gone"), "cannot open " + path + "/gone: No such file or directory");
  expect(storage->remove("gone"), "cannot remove " + path + "/gone: No such file or directory");
  expect(storage->rename("gone", "x"), "cannot rename " + path + "/gone: No such file or directory");
}

TEST_F(FileStorage, TakesPlainNamesOnly) {
  const auto storage = open_in("d");
  for (const std::string& name : {std::string(), std::string("."), std::string(".."), std::string("../x"),
                                  std::string("LOCK"), std::string("a\0b", 3)}) {
    const auto created = storage->create(name);
    ASSERT_FALSE(created) << name;
    EXPECT_EQ(created.error(), ErrorCode::invalid_argument) << name;
  }
}

TEST_F(FileStorage, APathThroughAFileIsAClearError) {
  std::ofstream(folder_ / "file") << "x";
  const auto storage = open_file_storage(folder_ / "file" / "d");
  ASSERT_FALSE(storage);
  EXPECT_EQ(storage.error(), ErrorCode::storage_failed);
  EXPECT_EQ(storage.error().message(), "cannot make the directory " + (folder_ / "file").native() + ": File exists");
}

TEST_F(FileStorage, ADirectoryThatCannotBeWrittenIsAClearError) {
  // A place where not even root may make files or folders.
  const auto made = open_file_storage("/proc/understudy");
  ASSERT_FALSE(made);
  EXPECT_TRUE(made.error().message().starts_with("cannot make the directory /proc/understudy: "))
      << made.error().message();
  const auto storage = open_file_storage("/proc");
  ASSERT_TRUE(storage);
  const auto lock = (*storage)->lock();
  ASSERT_FALSE(lock);
  EXPECT_EQ(lock.error(), ErrorCode::storage_failed);
  EXPECT_TRUE(lock.error().message().starts_with("cannot write in /proc: ")) << lock.error().message();
}

TEST_F(FileStorage, FinishesShortWritesAndReportsTheOneThatFails) {
  const auto storage = open_in("d");
  auto file = storage->create("limited");
  ASSERT_TRUE(file);
  // With a limit on a file's size the system writes what fits (a short write) and fails the next try.
  const LimitOnFiles limit(1000);
  EXPECT_EQ(storage->file_bytes_max(), 1000U);
  const auto written = (*file)->append(std::string(1500, 'x'));
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error(), ErrorCode::storage_full);
  EXPECT_EQ(written.error().message(), "cannot write to " + (folder_ / "d/limited").native() + ": File too large");
  EXPECT_EQ((*file)->size(), 1000U);
}

TEST_F(FileStorage, WhereFilesMayNotGrowTheJournalEndsItsSegmentsEarlier) {
  const auto storage = open_in("store");
  EXPECT_GT(storage->file_bytes_max(), 5000U);
  Payloads kept;
  {
    auto opened = open_journal(storage);
    const auto keep = [&](std::size_t bytes) {
      const std::string payload(bytes, static_cast<char>('a' + kept.size()));
      const Result<void> written = write_flushed(*opened, {payload});
      if (written) kept.push_back(payload);
      return written;
    };
    {
      const LimitOnFiles limit(2000);
      for (int index = 0; index < 10; ++index) {
        ASSERT_TRUE(keep(400));
        ASSERT_TRUE(opened->reserve_ahead());
      }
      EXPECT_EQ(opened->usage().segments, 3U) << "four batches fit in each";
      const Result<void> too_long = keep(3000);
      ASSERT_FALSE(too_long);
      EXPECT_EQ(too_long.error(), ErrorCode::storage_full);
      EXPECT_TRUE(keep(100)) << "the journal goes on";
    }
    ASSERT_TRUE(keep(1500)) << "the limit is taken back, and the last segment ends where it was to end";
    ASSERT_TRUE(keep(1500));
    ASSERT_TRUE(keep(1500));
    {
      const LimitOnFiles limit(2000);
      EXPECT_FALSE(keep(300)) << "its segment is longer than that already";
      EXPECT_TRUE(opened->reserve_ahead());
      EXPECT_TRUE(keep(300)) << "and is ended";
    }
  }
  EXPECT_EQ(payloads_of(open_journal(open_in("store")).entries), kept);
}

TEST_F(FileStorage, CarriesAJournalThroughLivesAndATornTail) {
  Payloads written;
  for (int life = 0; life < 3; ++life) {
    auto opened = open_journal(open_in("store"), 5000);
    ASSERT_TRUE(opened.good()) << opened.message();
    EXPECT_EQ(payloads_of(opened.entries), written);
    for (int index = 0; index < 20; ++index) {
      written.push_back("life " + std::to_string(life) + std::string(500, static_cast<char>(index)));
      ASSERT_TRUE(write(*opened, {written.back()}));
    }
    ASSERT_TRUE(opened->flush());
  }
  const auto names = open_in("store")->list();
  ASSERT_TRUE(names);
  EXPECT_GT(names->size(), 6U);
  std::ofstream(folder_ / "store" / names->back(), std::ios::app) << "an unfinished write";
  auto opened = open_journal(open_in("store"), 5000);
  ASSERT_TRUE(opened.good()) << opened.message();
  EXPECT_EQ(payloads_of(opened.entries), written);
  ASSERT_TRUE(opened.report().torn_tail);
  EXPECT_EQ(opened.report().torn_tail->bytes_cut, 19U);
}

}  // namespace
}  // namespace understudy::journal_test
