#include "server/command_keys.hpp"

#include "server/command_table.hpp"

#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace understudy::server {
namespace {

using Uses = std::vector<std::pair<std::size_t, int>>;

Uses uses(const std::vector<BytesView>& words) {
  Uses found;
  each_key(*look_up(words).command, words, [&](KeyUse use) {
    found.emplace_back(use.argument, use.access);
    return true;
  });
  return found;
}

constexpr int none = access::none;
constexpr int reads = access::read;
constexpr int writes = access::write;
constexpr int both = access::read | access::write;

TEST(CommandKeys, AreWhereTheTableSays) {
  EXPECT_EQ(uses({"get", "a"}), (Uses{{1, reads}}));
  EXPECT_EQ(uses({"mget", "a", "b"}), (Uses{{1, reads}, {2, reads}}));
  EXPECT_EQ(uses({"mset", "a", "1", "b", "2"}), (Uses{{1, writes}, {3, writes}}));
  EXPECT_EQ(uses({"ping"}), Uses{});
  EXPECT_EQ(uses({"scan", "0"}), Uses{});
}

TEST(CommandKeys, AreReadOrWrittenAsTheTableSays) {
  EXPECT_EQ(uses({"del", "a"}), (Uses{{1, writes}}));
  EXPECT_EQ(uses({"incr", "a"}), (Uses{{1, both}}));
  EXPECT_EQ(uses({"getdel", "a"}), (Uses{{1, both}}));
  EXPECT_EQ(uses({"append", "a", "x"}), (Uses{{1, writes}}));
  EXPECT_EQ(uses({"exists", "a"}), (Uses{{1, none}}));
}

TEST(CommandKeys, TheSecondOfTwoMayBeUsedOtherwise) {
  EXPECT_EQ(uses({"copy", "a", "b", "REPLACE"}), (Uses{{1, reads}, {2, writes}}));
  EXPECT_EQ(uses({"rename", "a", "b"}), (Uses{{1, both}, {2, writes}}));
}

TEST(CommandKeys, SetReadsWithGetOnly) {
  EXPECT_EQ(uses({"set", "a", "get"}), (Uses{{1, writes}})) << "that is the value";
  EXPECT_EQ(uses({"set", "a", "v", "EX", "10"}), (Uses{{1, writes}}));
  EXPECT_EQ(uses({"set", "a", "v", "EX", "10", "Get"}), (Uses{{1, both}}));
}

TEST(CommandKeys, TheVisitEndsWhenItIsToldSo) {
  const std::vector<BytesView> words{"del", "a", "b"};
  int visits = 0;
  EXPECT_FALSE(each_key(*find_command("del"), words, [&](KeyUse) { return ++visits < 1; }));
  EXPECT_EQ(visits, 1);
}

}  // namespace
}  // namespace understudy::server
