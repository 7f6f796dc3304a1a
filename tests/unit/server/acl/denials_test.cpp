#include "server/acl/denials.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace understudy::server {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint start{};

Denials::Entry entry(std::string object, TimePoint at = start) {
  Denials::Entry made{.reason = "command", .context = "toplevel"};
  made.object = std::move(object);
  made.user = "alice";
  made.at = at;
  return made;
}

TEST(Denials, TheNewestComeFirst) {
  Denials denials;
  for (const char* name : {"a", "b", "c"}) denials.note(entry(name));
  const std::vector<Denials::Entry> newest = denials.newest(2);
  ASSERT_EQ(newest.size(), 2U);
  EXPECT_EQ(newest[0].object, "c");
  EXPECT_EQ(newest[1].object, "b");
  EXPECT_EQ(denials.newest(10).size(), 3U);
  EXPECT_TRUE(denials.newest(0).empty());
  denials.clear();
  EXPECT_TRUE(denials.newest(10).empty());
}

TEST(Denials, TheSameWithinAMinuteIsCounted) {
  Denials denials;
  denials.note(entry("a"));
  denials.note(entry("b"));
  denials.note(entry("a", start + 60s));
  std::vector<Denials::Entry> newest = denials.newest(10);
  ASSERT_EQ(newest.size(), 2U);
  EXPECT_EQ(newest[0].object, "a");
  EXPECT_EQ(newest[0].count, 2U);
  EXPECT_EQ(newest[0].at, start + 60s);
  denials.note(entry("a", start + 121s));
  EXPECT_EQ(denials.newest(10).size(), 3U);
}

TEST(Denials, WhatIsKeptIsBounded) {
  Denials denials;
  for (std::size_t i = 0; i < 2 * Denials::entries_max; ++i) denials.note(entry(std::to_string(i)));
  EXPECT_EQ(denials.newest(1'000).size(), Denials::entries_max);
  EXPECT_EQ(Denials::beginning_of(std::string(1'000'000, 'x')).size(), 1024U);
}

}  // namespace
}  // namespace understudy::server
