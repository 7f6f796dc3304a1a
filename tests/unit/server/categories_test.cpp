#include "server/categories.hpp"

#include "server/command_table.hpp"

#include <gtest/gtest.h>

namespace understudy::server {
namespace {

bool is_in(std::string_view command, std::string_view category) {
  return find_category(category)->has(*find_command(command));
}

TEST(Categories, AreFoundInLettersOfAnySize) {
  EXPECT_EQ(find_category("READ"), find_category("read"));
  EXPECT_EQ(find_category("nosuch"), nullptr);
  EXPECT_EQ(find_category(""), nullptr);
  EXPECT_EQ(find_category("re*"), nullptr);
  EXPECT_EQ(categories().size(), 21U);
}

TEST(Categories, FollowFromTheRowsOfTheTable) {
  EXPECT_TRUE(is_in("get", "read"));
  EXPECT_FALSE(is_in("get", "write"));
  EXPECT_TRUE(is_in("get", "fast"));
  EXPECT_FALSE(is_in("get", "slow"));
  EXPECT_TRUE(is_in("set", "write"));
  EXPECT_TRUE(is_in("set", "slow"));
  EXPECT_TRUE(is_in("keys", "dangerous"));
  EXPECT_FALSE(is_in("scan", "dangerous"));
  EXPECT_TRUE(is_in("config|set", "admin"));
  EXPECT_TRUE(is_in("config|set", "dangerous")) << "as everything of administration";
  EXPECT_TRUE(is_in("ping", "connection"));
}

TEST(Categories, EachCommandIsEitherFastOrSlow) {
  for (const Command& command : command_table()) {
    EXPECT_NE(find_category("fast")->has(command), find_category("slow")->has(command)) << command.name;
  }
}

}  // namespace
}  // namespace understudy::server
