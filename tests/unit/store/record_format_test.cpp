// What the store writes into the journal comes back as the same changes; what is none of its records is refused.
#include "engine/record_format.hpp"

#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace understudy::store {
namespace {

Result<void> apply(RecordKind kind, BytesView payload, KeySpace& keys) {
  return apply_record({.lsn = 7, .kind = kind, .payload = payload}, keys);
}

TEST(RecordFormat, ChangesComeBack) {
  const Bytes binary("\0\xff\r\n", 4);
  ChangeList changes;
  changes.set("gone", "before the clear");
  changes.clear();
  changes.set("", "the empty key");
  changes.set(binary, binary);
  changes.set("erased", "x");
  changes.erase("erased");
  changes.set("large", Bytes(100'000, 'v'));
  EXPECT_EQ(changes.count(), 7U);

  KeySpace keys;
  const Result<void> applied =
      changes.for_each([&](RecordKind kind, BytesView payload) { return apply(kind, payload, keys); });
  ASSERT_TRUE(applied.has_value());
  EXPECT_EQ(keys.size(), 3U);
  EXPECT_EQ(keys.find("")->value(), "the empty key");
  EXPECT_EQ(keys.find(binary)->value(), binary);
  EXPECT_EQ(keys.find("large")->value().size(), 100'000U);
  EXPECT_EQ(keys.find("gone"), nullptr);
}

TEST(RecordFormat, TimesComeBack) {
  const WallTime soon(std::chrono::milliseconds(1'800'000'000'123));
  const WallTime latest = WallTime::max();
  ChangeList changes;
  changes.set("expires", "v", soon);
  changes.set("latest", "v", latest);
  changes.set("set-again", "v", soon);
  changes.set("set-again", "w");
  changes.set("given", "v");
  changes.expire("given", soon);
  changes.set("persists", "v", soon);
  changes.expire("persists", std::nullopt);
  changes.expire("not-there", soon);
  KeySpace keys;
  ASSERT_TRUE(changes.for_each([&](RecordKind kind, BytesView payload) { return apply(kind, payload, keys); }));
  EXPECT_EQ(keys.size(), 5U);
  EXPECT_EQ(keys.find("expires")->expires_at(), soon);
  EXPECT_EQ(keys.find("expires")->value(), "v");
  EXPECT_EQ(keys.find("latest")->expires_at(), latest);
  EXPECT_EQ(keys.find("set-again")->expires_at(), std::nullopt);
  EXPECT_EQ(keys.find("given")->expires_at(), soon);
  EXPECT_EQ(keys.find("persists")->expires_at(), std::nullopt);
}

// The bytes of understudy/store/records.hpp: they must stay as they are.
TEST(RecordFormat, IsWhatThePageSays) {
  ChangeList changes;
  changes.set("k", "v");
  changes.erase("k");
  changes.clear();
  changes.set("k", "v", WallTime(std::chrono::milliseconds(0x0102030405060708)));
  changes.expire("k", WallTime(std::chrono::milliseconds(1)));
  changes.expire("k", std::nullopt);
  std::vector<std::pair<int, Bytes>> written;
  const auto note = [&](RecordKind kind, BytesView payload) -> Result<void> {
    written.emplace_back(static_cast<int>(kind), payload);
    return {};
  };
  ASSERT_TRUE(changes.for_each(note));
  const std::vector<std::pair<int, Bytes>> expected{{1, {"\1\0\0\0kv", 6}},
                                                    {2, "k"},
                                                    {3, ""},
                                                    {4, {"\x8\7\6\5\4\3\2\1\1\0\0\0kv", 14}},
                                                    {5, {"\1\0\0\0\0\0\0\0k", 9}},
                                                    {5, {"\0\0\0\0\0\0\0\0k", 9}}};
  EXPECT_EQ(written, expected);
}

TEST(RecordFormat, TheFirstErrorStopsTheWalk) {
  ChangeList changes;
  changes.erase("a");
  changes.erase("b");
  int visited = 0;
  const Result<void> walked = changes.for_each([&](RecordKind, BytesView) -> Result<void> {
    ++visited;
    return failure(ErrorCode::storage_failed);
  });
  EXPECT_FALSE(walked.has_value());
  EXPECT_EQ(visited, 1);
}

TEST(RecordFormat, WhatIsNoRecordOfOursIsDamage) {
  KeySpace keys;
  keys.set("kept", "value");
  const BytesView key_longer_than_record("\x09\0\0\0abc", 7);
  for (const auto& [kind, payload] :
       {std::pair(set_record, BytesView("ab")), std::pair(set_record, key_longer_than_record),
        std::pair(set_expiring_record, BytesView("short")),
        std::pair(set_expiring_record, BytesView("\0\0\0\0\0\0\0\0\1\0\0\0kv", 14)),
        std::pair(set_expiring_record, BytesView("\1\0\0\0\0\0\0\0\2\0\0\0k", 13)),
        std::pair(expire_record, BytesView("short")), std::pair(expire_record, BytesView("\1\1\1\1\1\1\1\xffk", 9)),
        std::pair(RecordKind{0}, BytesView()), std::pair(RecordKind{200}, BytesView())}) {
    const Result<void> applied = apply(kind, payload, keys);
    ASSERT_FALSE(applied.has_value());
    EXPECT_EQ(applied.error().code(), ErrorCode::data_damaged);
    EXPECT_NE(applied.error().message().find("record 7"), std::string_view::npos);
  }
  EXPECT_EQ(keys.size(), 1U);
}

}  // namespace
}  // namespace understudy::store
