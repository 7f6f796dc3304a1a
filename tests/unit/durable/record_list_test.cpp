// A list of records gives them back in order, however they were put in.
#include "understudy/durable/record_list.hpp"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace understudy {
namespace {

using Records = std::vector<std::pair<int, std::string>>;

Records all(const RecordList& list) {
  Records records;
  EXPECT_TRUE(list.for_each([&](RecordKind kind, BytesView payload) -> Result<void> {
    records.emplace_back(static_cast<int>(kind), payload);
    return {};
  }));
  return records;
}

TEST(RecordList, GivesBackWhatWasAdded) {
  RecordList list;
  EXPECT_TRUE(list.empty());
  list.add(RecordKind{1}, "a", std::string("bc"), BytesView());
  list.add(RecordKind{2});
  list.add(RecordKind{3}, Bytes("\0x", 2));
  EXPECT_EQ(list.count(), 3U);
  EXPECT_EQ(list.bytes(), 5U);
  EXPECT_EQ(all(list), (Records{{1, "abc"}, {2, ""}, {3, std::string("\0x", 2)}}));
}

TEST(RecordList, OneListGoesBehindAnother) {
  RecordList first;
  first.add(RecordKind{1}, "a");
  RecordList second;
  second.add(RecordKind{2}, "b");
  first.add(second);
  first.add(RecordKind{3}, "c");
  EXPECT_EQ(all(first), (Records{{1, "a"}, {2, "b"}, {3, "c"}}));
}

TEST(RecordList, TheFirstErrorEndsTheWalk) {
  RecordList list;
  list.add(RecordKind{1}, "a");
  list.add(RecordKind{2}, "b");
  int seen = 0;
  const Result<void> walked = list.for_each([&](RecordKind, BytesView) -> Result<void> {
    ++seen;
    return failure(ErrorCode::storage_failed);
  });
  EXPECT_EQ(walked.error(), ErrorCode::storage_failed);
  EXPECT_EQ(seen, 1);
}

}  // namespace
}  // namespace understudy
