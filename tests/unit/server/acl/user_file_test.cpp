#include "server/acl/user_file.hpp"

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace understudy::server {
namespace {

TEST(UserFile, WhatIsWrittenIsReadAgain) {
  const auto users = parse_users("user  alice on >secret ~a:* \t+@read (+set %W~b)\r\n\n   \nuser bob", "users.acl");
  ASSERT_TRUE(users) << users.error().message();
  ASSERT_EQ(users->size(), 2U);
  std::vector<std::shared_ptr<const User>> shared;
  for (const User& user : *users) shared.push_back(std::make_shared<const User>(user));
  const std::string text = write_users(shared);
  EXPECT_FALSE(text.contains("secret"));
  const auto again = parse_users(text, "users.acl");
  ASSERT_TRUE(again);
  EXPECT_EQ(describe_user((*again)[0]), describe_user((*users)[0]));
  EXPECT_TRUE((*again)[0].accepts("secret"));
  EXPECT_EQ(describe_user((*again)[1]), "user bob off resetchannels -@all");
}

TEST(UserFile, AllMistakesAreTold) {
  const auto why = [](std::string_view text) { return std::string(parse_users(text, "f").error().message()); };
  EXPECT_EQ(why("usr a\n"), "f:1 should start with user keyword followed by the username.");
  EXPECT_EQ(why("\nuser\n"), "f:2 should start with user keyword followed by the username.");
  EXPECT_EQ(why("user a\nuser a\n"), "WARNING: Duplicate user 'a' found on line 2.");
  EXPECT_EQ(why("user a (+get\n"), "f:1: Unmatched parenthesis in selector definition.");
  EXPECT_EQ(why("user a bogus\nuser b +nosuch\n"),
            "f:1: Syntax error. f:2: Error in applying operation '+nosuch': Unknown command or category name in ACL.");
}

TEST(UserFile, MistakesAreToldWithoutWhatMayBeAPassword) {
  for (const std::string rule : {"<hunter2", "!c0ffee", "#hunter2", "%hunter2"}) {
    const auto read = parse_users("user a " + rule, "f");
    ASSERT_FALSE(read) << rule;
    EXPECT_FALSE(read.error().message().contains(rule.substr(1))) << read.error().message();
  }
}

TEST(UserFile, ANameMayBeEmpty) {
  const auto users = parse_users("user  on +get\n user a  off\nuser on off\n", "f");
  ASSERT_TRUE(users) << users.error().message();
  ASSERT_EQ(users->size(), 3U);
  EXPECT_EQ(describe_user((*users)[2]), "user on off resetchannels -@all");
  EXPECT_EQ(describe_user((*users)[0]), "user  on resetchannels -@all +get");
  EXPECT_EQ(describe_user((*users)[1]), "user a off resetchannels -@all");
}

TEST(UserFile, KeysOfTwoRulesDoNotEndTheList) {
  const std::string rules = "user a off %RW~* ~b resetchannels -@all";
  const auto users = parse_users("user a %R~* %W~* ~b\n", "f");
  ASSERT_TRUE(users);
  EXPECT_EQ(describe_user((*users)[0]), rules);
  const auto again = parse_users(rules, "f");
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ(describe_user((*again)[0]), rules);
}

TEST(UserFile, NamesHaveNoSpaces) {
  EXPECT_TRUE(is_user_name("alice"));
  EXPECT_TRUE(is_user_name("\xc3\xa9lise"));
  for (const BytesView name : {BytesView("a b"), BytesView("a\n"), BytesView("a\0b", 3)})
    EXPECT_FALSE(is_user_name(name));
}

}  // namespace
}  // namespace understudy::server
