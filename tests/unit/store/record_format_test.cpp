// What the store writes into the journal comes back as the same changes; what is none of its records is refused.
#include "engine/record_format.hpp"

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
  EXPECT_EQ(*keys.find(""), "the empty key");
  EXPECT_EQ(*keys.find(binary), binary);
  EXPECT_EQ(keys.find("large")->size(), 100'000U);
  EXPECT_EQ(keys.find("gone"), nullptr);
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
