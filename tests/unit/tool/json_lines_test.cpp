#include "tool/json_lines.hpp"

#include "understudy/base/random.hpp"

#include <cstdint>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace understudy::store {
namespace {

using namespace std::string_literals;

struct Read {
  std::vector<DataEntry> entries;
  std::string error;
};

/// Reads `text` in pieces of `piece_bytes`.
Read read(BytesView text, std::size_t piece_bytes = 1000) {
  Read result;
  JsonLinesReader reader([&result](DataEntry entry) -> Result<void> {
    result.entries.push_back(std::move(entry));
    return {};
  });
  Result<void> done;
  for (std::size_t at = 0; done && at < text.size(); at += piece_bytes)
    done = reader.feed(text.substr(at, piece_bytes));
  if (done) done = reader.finish();
  if (!done) result.error = done.error().message();
  return result;
}

std::string written(const std::vector<DataEntry>& entries) {
  std::string text;
  JsonLinesWriter writer(text);
  for (const DataEntry& each : entries) {
    writer.add({.key = each.key, .value = each.value, .expires_at = each.expires_at});
  }
  writer.finish();
  return text;
}

TEST(JsonLinesTest, ReadsAndWritesTheForm) {
  const std::string text =
      "{\"key\":\"hello\",\"value\":\"w\u00f6rld\\n\"}\n"
      "{\"key_hex\":\"68ff\",\"value_hex\":\"00ff\",\"expires_at_ms\":1767225600000}\n"
      "{\"key\":\"\",\"value\":\"\"}\n";
  const std::vector<DataEntry> entries{{"hello", "w\u00f6rld\n", std::nullopt},
                                       {"h\xff", "\0\xff"s, WallTime(std::chrono::milliseconds(1767225600000))},
                                       {"", "", std::nullopt}};
  EXPECT_EQ(written(entries), text);
  for (std::size_t piece = 1; piece < text.size(); ++piece) {
    const Read found = read(text, piece);
    ASSERT_EQ(found.error, "");
    ASSERT_EQ(written(found.entries), text) << piece;
  }
}

TEST(JsonLinesTest, TakesSpaceEmptyLinesAnyOrderAndNoLastLineEnd) {
  const Read found = read("\n \t\r\n { \"value\" : \"1\" , \"key\":\"a\" } \r\n\n{\"key_hex\":\"61\",\"value\":\"2\"}");
  EXPECT_EQ(found.error, "");
  ASSERT_EQ(found.entries.size(), 2U) << "a key may come twice: the later line counts";
  EXPECT_EQ(found.entries[0].key + found.entries[0].value, "a1");
  EXPECT_EQ(found.entries[1].key + found.entries[1].value, "a2");
  EXPECT_EQ(read("").error, "");
}

TEST(JsonLinesTest, WhatIsWrongIsSaidWithItsPlace) {
  const std::string good = "{\"key\":\"a\",\"value\":\"b\"}\n";  // 24 bytes
  const std::vector<std::pair<std::string, std::string>> cases{
      {"[]", "line 2, byte offset 24: the line is not an object"},
      {"{\"key\":\"a\"}", "must have one of \"value\" and \"value_hex\""},
      {"{\"key\":\"a\",\"key_hex\":\"61\",\"value\":\"\"}", "must have one of \"key\" and \"key_hex\""},
      {"{\"key\":1,\"value\":\"\"}", "line 2, byte offset 24: the key is 1, not a string"},
      {"{\"key\":\"a\",\"value\":[1]}", "the value is [1], not a string"},
      {"{\"key\":\"a\",\"value_hex\":\"6\"}", "\"value_hex\" is not pairs of the digits"},
      {"{\"key\":\"a\",\"value_hex\":\"FF\"}", "\"value_hex\" is not pairs of the digits"},
      {"{\"key\":\"a\",\"value\":\"\",\"ttl\":1}", "a member \"ttl\", which means nothing"},
      {"{\"key\":\"a\",\"value\":\"\",\"expires_at_ms\":-1}", "\"expires_at_ms\" is -1, not a whole number"},
      {"{\"key\":\"a\",\"value\":\"\",\"expires_at_ms\":1.5}", "not a whole number"},
      {"{\"key\":\"a\",\"value\":\"\"", "line 2, byte offset 45: the line ends before its object does"},
      {"{\"key\":\"a\",\"value\":\"\"}}", "line 2, byte offset 46: something follows the end of the object"},
      {"{\"key\":\"\xff\",\"value\":\"\"}", "line 2, byte offset 32: the line is not valid UTF-8"},
      {"{key:1}", "the line is not valid JSON"},
  };
  for (const auto& [line, error] : cases) {
    for (const std::size_t piece : {1000U, 5U}) {
      const Read found = read(good + line + "\n" + good, piece);
      EXPECT_NE(found.error.find(error), std::string::npos) << line << ": " << found.error;
      EXPECT_TRUE(found.error.starts_with("line 2, byte offset ")) << found.error;
      EXPECT_EQ(found.entries.size(), 1U);
    }
  }
}

TEST(JsonLinesTest, AnErrorOfTheTakerEndsItWithItsPlace) {
  JsonLinesReader reader([](const DataEntry&) -> Result<void> { return failure(ErrorCode::storage_full, "full"); });
  const Result<void> fed = reader.feed("\n{\"key\":\"a\",\"value\":\"b\"}\n");
  ASSERT_FALSE(fed);
  EXPECT_EQ(fed.error(), ErrorCode::storage_full);
  EXPECT_EQ(fed.error().message(), "line 2, byte offset 1: full");
}

TEST(JsonLinesTest, AnyEntriesComeBackAsTheyWere) {
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    SeededRandom random(seed);
    std::vector<DataEntry> entries;
    for (std::uint64_t count = random.below(5); count > 0; --count) {
      DataEntry entry;
      for (std::uint64_t size = random.below(5); size > 0; --size) entry.key += static_cast<char>(random.next());
      for (std::uint64_t size = random.below(20); size > 0; --size) entry.value += static_cast<char>(random.below(200));
      if (random.chance(30)) entry.expires_at = WallTime(std::chrono::milliseconds(1 + random.below(1U << 31U)));
      entries.push_back(std::move(entry));
    }
    const std::string text = written(entries);
    const Read found = read(text, 1 + random.below(50));
    ASSERT_EQ(found.error, "") << "seed " << seed;
    ASSERT_EQ(found.entries.size(), entries.size());
    ASSERT_EQ(written(found.entries), text) << "seed " << seed;
    for (std::size_t i = 0; i < entries.size(); ++i) {
      ASSERT_EQ(found.entries[i].key, entries[i].key);
      ASSERT_EQ(found.entries[i].value, entries[i].value);
    }
  }
}

}  // namespace
}  // namespace understudy::store
