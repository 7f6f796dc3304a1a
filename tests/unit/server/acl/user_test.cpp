#include "server/acl/user.hpp"

#include "server/command_table.hpp"

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace understudy::server {
namespace {

User make(const std::vector<std::string_view>& rules, User user = {.name = "alice"}) {
  for (const std::string_view rule : rules) {
    const Result<void> applied = apply_rule(user, rule);
    EXPECT_TRUE(applied) << rule << ": " << applied.error().message();
  }
  return user;
}

std::string why_not(std::string_view rule, User user = {.name = "alice"}) {
  const std::string before = describe_user(user);
  const Result<void> applied = apply_rule(user, rule);
  EXPECT_EQ(describe_user(user), before);
  return applied ? "" : std::string(applied.error().message());
}

Denial check(const User& user, const std::vector<BytesView>& words) {
  return user.check(*look_up(words).command, words).denial;
}

TEST(User, TheDefaultUserMayDoEverything) {
  const User user = make_default_user();
  EXPECT_EQ(describe_user(user), "user default on nopass ~* &* +@all");
  EXPECT_TRUE(user.unlimited());
  EXPECT_TRUE(user.accepts("whatever"));
}

TEST(User, ANewOneMayDoNothing) {
  EXPECT_EQ(describe_user(make({})), "user alice off resetchannels -@all");
  EXPECT_FALSE(make({}).accepts(""));
  EXPECT_FALSE(make({"on"}).accepts(""));
}

TEST(User, PasswordsAreAnyOfSeveral) {
  const User user =
      make({"on", ">one", ">two", ">one", "#2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"});
  EXPECT_EQ(user.passwords.size(), 3U);
  for (const std::string_view right : {"one", "two", "foo"}) EXPECT_TRUE(user.accepts(right)) << right;
  for (const std::string_view wrong : {"", "On", "onetwo", "three"}) EXPECT_FALSE(user.accepts(wrong)) << wrong;
  EXPECT_FALSE(user.accepts(std::string(password_bytes_max + 1, 'x')));
  EXPECT_FALSE(make({"off"}, user).accepts("one"));
  EXPECT_FALSE(make({"<one"}, user).accepts("one"));
  EXPECT_FALSE(make({"!2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"}, user).accepts("foo"));
  EXPECT_FALSE(make({"resetpass"}, user).accepts("one"));
}

TEST(User, NopassTakesThePasswordsAwayAndAPasswordTakesNopass) {
  const User open = make({"on", ">one", "nopass"});
  EXPECT_TRUE(open.passwords.empty());
  EXPECT_TRUE(open.accepts("anything"));
  EXPECT_FALSE(make({">one"}, open).accepts("anything"));
  EXPECT_FALSE(make({"resetpass"}, open).accepts("anything"));
  EXPECT_FALSE(make({"off"}, open).accepts("anything"));
}

TEST(User, NoPasswordStandsInItsDescription) {
  const std::string text = describe_user(make({"on", ">secret"}));
  EXPECT_FALSE(text.contains("secret"));
  EXPECT_EQ(text, "user alice on #" + to_hexadecimal(hash_password("secret")) + " resetchannels -@all");
}

TEST(User, ASelectorAllowsACommandByItself) {
  const User user = make({"on", "nopass", "+@read", "~a:*", "(+set %W~b:*)"});
  EXPECT_EQ(check(user, {"get", "a:1"}), Denial::none);
  EXPECT_EQ(check(user, {"set", "b:1", "v"}), Denial::none);
  EXPECT_EQ(check(user, {"set", "a:1", "v"}), Denial::key) << "closest to being allowed: by the selector";
  EXPECT_EQ(check(user, {"get", "b:1"}), Denial::key);
  EXPECT_EQ(check(user, {"del", "b:1"}), Denial::command);
  EXPECT_EQ(describe_user(user),
            "user alice on nopass ~a:* resetchannels -@all +@read (%W~b:* resetchannels -@all +set)");
  EXPECT_EQ(check(make({"clearselectors"}, user), {"set", "b:1", "v"}), Denial::command);
}

TEST(User, ResetMakesItNew) {
  EXPECT_EQ(describe_user(make({"on", ">x", "~*", "&*", "+@all", "(+get)", "reset"})),
            "user alice off sanitize-payload resetchannels -@all");
  EXPECT_EQ(flags_of(make({"ON", "NoPass", "skip-sanitize-payload"})),
            (std::vector<std::string_view>{"on", "nopass", "skip-sanitize-payload"}));
}

TEST(User, WrongRulesAreRefusedInTheWordsOfRedis) {
  EXPECT_EQ(why_not("<nosuch"), "The password you are trying to remove from the user does not exist");
  for (const std::string_view rule : {"#abc", "!abc", "#"}) {
    EXPECT_EQ(why_not(rule),
              "The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters");
  }
  for (const std::string_view rule : {"bogus", "(bogus)", "(on)", "((+get))", "(+get", ")", "(~a))", "(~a) +get)"}) {
    EXPECT_EQ(why_not(rule), "Syntax error") << rule;
  }
  EXPECT_EQ(why_not(">" + std::string(password_bytes_max + 1, 'x')), "A password has at most 16384 bytes");
  EXPECT_EQ(why_not(""), "");
}

TEST(User, SelectorsAreJoined) {
  const auto join = [](const std::vector<BytesView>& words) { return join_selectors(words); };
  EXPECT_EQ(*join({"on", "(+get", "~a)", "off", "(+set)", "(", "+echo", ")"}),
            (std::vector<std::string>{"on", "(+get ~a)", "off", "(+set)", "( +echo )"}));
  EXPECT_EQ(join({"on", "(+get", "~a"}).error().message(),
            "Unmatched parenthesis in acl selector starting at '(+get'.");
}

}  // namespace
}  // namespace understudy::server
