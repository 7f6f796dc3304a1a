// Attacks: an error keeps its code and its sentence wherever it is copied or moved, on any thread.
#include "understudy/base/error.hpp"

#include <set>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace understudy {
namespace {

TEST(Error, EachCodeHasANameAndASentence) {
  std::set<std::string_view> names;
  std::set<std::string> sentences;
  for (std::size_t i = 0; i < error_code_count; ++i) {
    const auto code = static_cast<ErrorCode>(i);
    const Error error(code);
    EXPECT_EQ(error, code);
    EXPECT_FALSE(error.message().empty());
    names.insert(name_of(code));
    sentences.insert(std::string(error.message()));
  }
  EXPECT_EQ(names.size(), error_code_count);
  EXPECT_EQ(sentences.size(), error_code_count);
  EXPECT_EQ(name_of(ErrorCode::mailbox_full), "mailbox_full");
}

TEST(Error, KeepsItsSentence) {
  Error first(ErrorCode::data_damaged, "at offset 7");
  Error second = first;
  Error third = std::move(first);
  EXPECT_EQ(third.message(), "at offset 7");
  EXPECT_EQ(first, ErrorCode::data_damaged)
      << "moved from, but never without a code";  // NOLINT(bugprone-use-after-move)
  EXPECT_FALSE(first.message().empty());
  const Error& alias = second;
  second = alias;
  EXPECT_EQ(second.message(), "at offset 7");
  second = Error(ErrorCode::timeout);
  EXPECT_EQ(second, ErrorCode::timeout);
  EXPECT_EQ(third.message(), "at offset 7");
  third = std::move(second);
  EXPECT_EQ(third, ErrorCode::timeout);
  EXPECT_EQ(Error(ErrorCode::timeout, "").message(), "");
}

TEST(Error, MayBeCopiedOnManyThreads) {
  const Error shared(ErrorCode::cancelled, std::string(1000, 'x'));
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      std::vector<Error> copies(100, Error(ErrorCode::timeout));
      for (int n = 0; n < 5000; ++n) copies[static_cast<std::size_t>(n) % copies.size()] = shared;
      for (const Error& copy : copies) EXPECT_EQ(copy.message().size(), 1000U);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(Error, IsOnePointerWide) { EXPECT_EQ(sizeof(Error), sizeof(void*)); }

TEST(Error, FailureMakesAResult) {
  const Result<int> plain = failure(ErrorCode::storage_failed);
  const Result<void> told = failure(ErrorCode::invalid_argument, "which and why");
  EXPECT_EQ(plain.error(), ErrorCode::storage_failed);
  EXPECT_EQ(told.error().message(), "which and why");
}

}  // namespace
}  // namespace understudy
