#include "server/acl/permissions.hpp"

#include "server/categories.hpp"
#include "server/command_table.hpp"
#include "understudy/base/random.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace understudy::server {
namespace {

Permissions make(const std::vector<std::string_view>& rules) {
  Permissions permissions;
  for (const std::string_view rule : rules) {
    const Result<void> applied = permissions.apply(rule);
    EXPECT_TRUE(applied) << rule << ": " << applied.error().message();
  }
  return permissions;
}

Denial check(const Permissions& permissions, const std::vector<BytesView>& words) {
  const Lookup lookup = look_up(words);
  EXPECT_EQ(lookup.problem, Lookup::Problem::none) << words[0];
  return permissions.check(*lookup.command, words).denial;
}

std::string why_not(std::string_view rule, const std::vector<std::string_view>& before = {}) {
  Permissions permissions = make(before);
  const std::string description = permissions.describe();
  const Result<void> applied = permissions.apply(rule);
  EXPECT_EQ(permissions.describe(), description);
  return applied ? "" : std::string(applied.error().message());
}

TEST(Permissions, AreNoneAtFirst) {
  const Permissions none;
  EXPECT_FALSE(none.unlimited());
  EXPECT_EQ(check(none, {"PING"}), Denial::command);
  EXPECT_EQ(check(none, {"GET", "k"}), Denial::command);
  EXPECT_EQ(none.describe(), "resetchannels -@all");
  // What everybody may, or nobody could log in.
  for (const std::string_view name : {"AUTH", "HELLO"}) EXPECT_EQ(check(none, {name, "3"}), Denial::none);
  for (const std::string_view name : {"QUIT", "RESET"}) EXPECT_EQ(check(none, {name}), Denial::none);
}

TEST(Permissions, CommandsAreAllowedOneByOne) {
  const Permissions some = make({"+GET", "+client|id", "+config", "-config|set", "~*"});
  EXPECT_EQ(check(some, {"get", "k"}), Denial::none);
  EXPECT_EQ(check(some, {"set", "k", "v"}), Denial::command);
  EXPECT_EQ(check(some, {"client", "id"}), Denial::none);
  EXPECT_EQ(check(some, {"client", "list"}), Denial::command);
  EXPECT_EQ(check(some, {"config", "get", "x"}), Denial::none);
  EXPECT_EQ(check(some, {"config", "set", "x", "y"}), Denial::command);
}

TEST(Permissions, CategoriesCountInTheOrderOfTheRules) {
  const Permissions some = make({"+@all", "-@dangerous", "+info", "~*"});
  EXPECT_EQ(check(some, {"get", "k"}), Denial::none);
  EXPECT_EQ(check(some, {"keys", "*"}), Denial::command);
  EXPECT_EQ(check(some, {"info"}), Denial::none);
  EXPECT_EQ(check(make({"+info", "+@all", "-@dangerous"}), {"info"}), Denial::command);
  EXPECT_EQ(check(make({"+@read", "~*"}), {"get", "k"}), Denial::none);
  EXPECT_EQ(check(make({"+@read", "~*"}), {"set", "k", "v"}), Denial::command);
  EXPECT_EQ(check(make({"+@read", "-@all", "~*"}), {"get", "k"}), Denial::command);
}

TEST(Permissions, AFirstArgumentCanBeAllowed) {
  Permissions some = make({"+select|0"});
  EXPECT_EQ(check(some, {"select", "0"}), Denial::none);
  EXPECT_EQ(check(some, {"select", "1"}), Denial::command);
  EXPECT_EQ(some.describe_commands(), "-@all +select|0");
  ASSERT_TRUE(some.apply("-select"));
  EXPECT_EQ(check(some, {"select", "0"}), Denial::command);
  EXPECT_EQ(some.describe_commands(), "-@all");
}

TEST(Permissions, KeysMustFitAPatternForWhatIsDoneToThem) {
  const Permissions some = make({"+@all", "~both:*", "%R~in:*", "%W~out:*"});
  EXPECT_EQ(check(some, {"get", "both:1"}), Denial::none);
  EXPECT_EQ(check(some, {"set", "both:1", "v"}), Denial::none);
  EXPECT_EQ(check(some, {"get", "in:1"}), Denial::none);
  EXPECT_EQ(check(some, {"set", "in:1", "v"}), Denial::key);
  EXPECT_EQ(check(some, {"get", "out:1"}), Denial::key);
  EXPECT_EQ(check(some, {"del", "out:1"}), Denial::none);
  EXPECT_EQ(check(some, {"set", "out:1", "v", "EX", "10"}), Denial::none);
  EXPECT_EQ(check(some, {"set", "out:1", "v", "EX", "10", "get"}), Denial::key) << "it reads, too";
  EXPECT_EQ(check(some, {"incr", "out:1"}), Denial::key) << "it reads, too";
  EXPECT_EQ(check(some, {"exists", "out:1"}), Denial::none) << "whether a key is there is neither";
  EXPECT_EQ(check(some, {"exists", "other"}), Denial::key);
  EXPECT_EQ(check(some, {"mget", "both:1", "in:1", "other"}), Denial::key);
  EXPECT_EQ(check(some, {"mset", "both:1", "other", "out:1", "other"}), Denial::none) << "values are no keys";
  EXPECT_EQ(check(some, {"mset", "both:1", "v", "other", "v"}), Denial::key);
  EXPECT_EQ(check(some, {"dbsize"}), Denial::none);
}

TEST(Permissions, TheKeyThatIsRefusedIsNamed) {
  const Permissions some = make({"+@all", "~a"});
  const std::vector<BytesView> words{"mget", "a", "b"};
  EXPECT_EQ(some.check(*find_command("mget"), words).argument, 2U);
}

TEST(Permissions, ChannelsAreMatchedAndPatternsOfThemCompared) {
  const Permissions some = make({"&news.*", "&one"});
  EXPECT_TRUE(some.allows_channel("news.sports", false));
  EXPECT_TRUE(some.allows_channel("one", false));
  EXPECT_FALSE(some.allows_channel("two", false));
  EXPECT_TRUE(some.allows_channel("news.*", true));
  EXPECT_FALSE(some.allows_channel("news.s*", true)) << "less than what is allowed, and yet no rule says so";
  EXPECT_TRUE(make({"allchannels"}).allows_channel("*", true));
  EXPECT_FALSE(make({"&*", "resetchannels"}).allows_channel("one", false));
}

TEST(Permissions, ChannelsAmongTheArgumentsAreChecked) {
  const Permissions some = make({"+@all", "~*", "&news.*"});
  const auto check_row = [&](const Command& command, const std::vector<BytesView>& words) {
    return some.check(command, words);
  };
  const Command publish{.name = "publish", .channels = {.first = 1, .last = 1}};
  EXPECT_EQ(check_row(publish, {"publish", "news.x", "other"}).denial, Denial::none);
  EXPECT_EQ(check_row(publish, {"publish", "other", "news.x"}).denial, Denial::channel);
  const Command subscribe{.name = "subscribe", .channels = {.first = 1, .last = -1}};
  EXPECT_EQ(check_row(subscribe, {"subscribe", "news.x", "news.y"}).denial, Denial::none);
  EXPECT_EQ(check_row(subscribe, {"subscribe", "news.x", "other"}).argument, 2U);
  const Command psubscribe{.name = "psubscribe", .channels = {.first = 1, .last = -1, .patterns = true}};
  EXPECT_EQ(check_row(psubscribe, {"psubscribe", "news.*"}).denial, Denial::none);
  EXPECT_EQ(check_row(psubscribe, {"psubscribe", "news.x"}).denial, Denial::channel);
}

TEST(Permissions, UnlimitedAreThoseThatAllowWhatIsToCome) {
  EXPECT_TRUE(make({"+@all", "~*", "&*"}).unlimited());
  EXPECT_TRUE(make({"allcommands", "allkeys", "allchannels"}).unlimited());
  EXPECT_FALSE(make({"+@all", "~*"}).unlimited());
  EXPECT_FALSE(make({"+@all", "~*", "&*", "-get"}).unlimited());
  EXPECT_FALSE(make({"+@all", "~*", "&*", "-@hash"}).unlimited());
  EXPECT_FALSE(make({"+@all", "%R~*", "&*"}).unlimited());
}

TEST(Permissions, AreDescribedByRulesThatMakeTheSame) {
  const std::vector<std::pair<std::vector<std::string_view>, std::string_view>> cases{
      {{"+get", "-get"}, "-@all"},
      {{"+@string", "+get"}, "-@all +@string"},
      {{"+get", "+@string", "-set"}, "-@all +@string -set"},
      {{"+ping", "+@string"}, "-@all +@string +ping"},
      {{"+@all", "-get", "+get"}, "+@all"},
      {{"+@all", "-config", "+config|get", "-client|id"}, "+@all -config +config|get -client|id"},
      {{"+config|get", "-config"}, "-@all"},
      {{"+config", "+@admin", "-@admin"}, "-@all +config -@admin"},
      {{"+@READ", "-@write", "+@read"}, "-@all -@write +@read"},
      {{"+@hash", "-@all"}, "-@all"},
      {{"+@hash"}, "-@all +@hash"},
  };
  for (const auto& [rules, expected] : cases) {
    EXPECT_EQ(make(rules).describe_commands(), expected);
  }
  EXPECT_EQ(make({"%R~a", "%W~a", "%RW~b", "%r~c", "%W~d", "&x", "&y", "&x"}).describe(),
            "~a ~b %R~c %W~d resetchannels &x &y -@all");
  EXPECT_EQ(make({"~a", "~*", "&*", "+@all"}).describe(), "~* &* +@all");
}

/// The rules of a description, applied anew.
Permissions make_again(const Permissions& permissions) {
  Permissions again;
  const std::string text = permissions.describe();
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    EXPECT_TRUE(again.apply(std::string_view(text).substr(at, end - at))) << text;
    at = end + 1;
  }
  return again;
}

TEST(Permissions, WhateverTheRulesTheirDescriptionMakesTheSame) {
  constexpr std::array<std::string_view, 16> names{
      "@all", "@read", "@write", "@fast",      "@dangerous", "@admin", "@connection", "@hash",
      "get",  "set",   "config", "config|get", "config|set", "client", "client|id",   "ping"};
  SeededRandom random(7);
  for (int round = 0; round < 300; ++round) {
    Permissions made;
    // The meaning of the rules, without what shortens them.
    std::vector<bool> expected(command_table().size(), false);
    for (std::uint64_t i = random.next() % 12; i > 0; --i) {
      const std::string_view name = names.at(random.next() % names.size());
      const bool allow = random.next() % 2 == 0;
      ASSERT_TRUE(made.apply((allow ? "+" : "-") + std::string(name)));
      for (std::size_t at = 0; at < expected.size(); ++at) {
        const Command& command = command_table()[at];
        const bool is_meant = name == "@all" || command.name == name ||
                              command.name.starts_with(std::string(name) + "|") ||
                              (name.starts_with('@') && name != "@all" && find_category(name.substr(1))->has(command));
        if (is_meant) expected[at] = allow;
      }
    }
    const Permissions again = make_again(made);
    EXPECT_EQ(again.describe(), made.describe());
    for (std::size_t at = 0; at < expected.size(); ++at) {
      const Command& command = command_table()[at];
      if ((command.flags & flag::no_auth) != 0) continue;
      const std::vector<BytesView> words{command.name, "x"};
      EXPECT_EQ(made.check(command, words).denial != Denial::command, expected[at])
          << made.describe() << ": " << command.name;
      EXPECT_EQ(again.check(command, words).denial != Denial::command, expected[at])
          << made.describe() << ": " << command.name;
    }
  }
}

TEST(Permissions, WrongRulesAreRefusedInTheWordsOfRedis) {
  constexpr std::string_view unknown = "Unknown command or category name in ACL";
  constexpr std::string_view syntax = "Syntax error";
  for (const std::string_view rule : {"+nosuch", "-nosuch", "+@nosuch", "-@nosuch", "+client|nosuch", "-client|nosuch",
                                      "-get|x", "+|x", "+", "-", "+@", "+get|x|y"}) {
    EXPECT_EQ(why_not(rule), unknown) << rule;
  }
  for (const std::string_view rule :
       {"bogus", "+client|", "+get|", "+get|a b", "~a b", "~a\nb", "%", "%~x", "%RR~x", "%Q~x", "&a b"}) {
    EXPECT_EQ(why_not(rule), syntax) << rule;
  }
  EXPECT_EQ(why_not(std::string_view("~a\0b", 4)), syntax);
  EXPECT_EQ(why_not("+config|get|x"), "Allowing first-arg of a subcommand is not supported");
  EXPECT_TRUE(why_not("~x", {"~*"}).starts_with("Adding a pattern after the * pattern (or the 'allkeys' flag)"));
  EXPECT_TRUE(why_not("&x", {"&*"}).starts_with("Adding a pattern after the * pattern (or the 'allchannels' flag)"));
}

}  // namespace
}  // namespace understudy::server
