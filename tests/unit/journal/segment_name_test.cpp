#include "journal/segment_name.hpp"

#include <cstdint>
#include <string_view>

#include <gtest/gtest.h>

namespace understudy::journal {
namespace {

TEST(SegmentName, GoesThereAndBack) {
  EXPECT_EQ(segment_name(1), "journal-0000000001.log");
  EXPECT_EQ(segment_name(9'999'999'999), "journal-9999999999.log");
  for (const std::uint64_t number : {1ULL, 42ULL, 9'999'999'999ULL}) {
    EXPECT_EQ(segment_number(segment_name(number)), number);
  }
}

TEST(SegmentName, OtherNamesAreNotTheJournals) {
  for (const std::string_view name :
       {"", "LOCK", "data.json", "journal-.log", "journal-1.log", "journal-0000000000.log", "journal-00000000001.log",
        "journal-000000000x.log", "journal-0000000001.log~", "Journal-0000000001.log", "journal--000000001.log"}) {
    EXPECT_FALSE(segment_number(name)) << name;
  }
}

}  // namespace
}  // namespace understudy::journal
