#include "server/acl/acl.hpp"

#include "server/acl/user_file.hpp"
#include "server/command_table.hpp"

#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace understudy::server {
namespace {

void change(Acl& acl, std::string_view name, const std::vector<std::string>& rules) {
  Acl::Aftermath aftermath;
  const Result<void> changed = acl.change_user(name, rules, aftermath);
  ASSERT_TRUE(changed) << changed.error().message();
}

std::vector<std::string> names(const Acl& acl) {
  std::vector<std::string> names;
  for (const auto& user : acl.users()) names.push_back(user->name);
  return names;
}

TEST(Acl, ConnectionsAreTheDefaultUserAtFirst) {
  Acl acl;
  EXPECT_TRUE(acl.default_user_has_no_password());
  Login login(acl, 1);
  EXPECT_EQ(login.user().name, "default");
  EXPECT_TRUE(login.authenticated());
  EXPECT_EQ(login.limits(), nullptr);
}

TEST(Acl, APasswordIsAskedOfThoseThatConnectLater) {
  Acl acl;
  Login before(acl, 1);
  acl.require_password(hash_password("secret"));
  EXPECT_FALSE(acl.default_user_has_no_password());
  Login after(acl, 2);
  EXPECT_TRUE(before.refresh());
  EXPECT_FALSE(before.must_authenticate());
  EXPECT_EQ(before.limits(), nullptr);
  EXPECT_TRUE(after.must_authenticate());
  EXPECT_NE(after.limits(), nullptr);
  EXPECT_FALSE(acl.log_in(after, "default", "wrong"));
  EXPECT_TRUE(after.must_authenticate());
  EXPECT_TRUE(acl.log_in(after, "default", "secret"));
  EXPECT_FALSE(after.must_authenticate());
  EXPECT_EQ(after.limits(), nullptr);
  acl.log_out(after);
  EXPECT_TRUE(after.must_authenticate());
  // As in Redis: without the need for one, nobody has to say it, and yet is not known either.
  acl.require_password(std::nullopt);
  EXPECT_TRUE(after.refresh());
  EXPECT_FALSE(after.must_authenticate());
  EXPECT_FALSE(after.authenticated());
}

TEST(Acl, OnlyTheRightOnesLogIn) {
  Acl acl;
  change(acl, "alice", {"on", ">secret", "+get", "~*"});
  change(acl, "off", {">secret"});
  Login login(acl, 1);
  EXPECT_FALSE(acl.log_in(login, "nobody", "secret"));
  EXPECT_FALSE(acl.log_in(login, "alice", ""));
  EXPECT_FALSE(acl.log_in(login, "Alice", "secret"));
  EXPECT_FALSE(acl.log_in(login, "off", "secret"));
  EXPECT_EQ(login.user().name, "default");
  EXPECT_TRUE(acl.log_in(login, "alice", "secret"));
  EXPECT_EQ(login.user().name, "alice");
  EXPECT_EQ(login.limits(), &login.user());
  EXPECT_FALSE(acl.log_in(login, "off", "secret"));
  EXPECT_EQ(login.user().name, "alice") << "a failure changes nothing";
}

TEST(Acl, ChangesReachThoseWhoAreLoggedIn) {
  Acl acl;
  change(acl, "alice", {"on", "nopass", "+@all", "~*", "&*"});
  Login alice(acl, 1);
  Login other(acl, 2);
  ASSERT_TRUE(acl.log_in(alice, "alice", ""));
  EXPECT_EQ(alice.limits(), nullptr);
  change(acl, "alice", {"-@dangerous"});
  EXPECT_EQ(alice.limits(), nullptr) << "until it looks";
  EXPECT_TRUE(alice.refresh());
  EXPECT_NE(alice.limits(), nullptr);
  EXPECT_TRUE(other.refresh());
  EXPECT_EQ(other.limits(), nullptr);
  // Who is disabled cannot log in; who is in stays, as in Redis.
  change(acl, "alice", {"off"});
  EXPECT_TRUE(alice.refresh());
  EXPECT_FALSE(alice.must_authenticate());
  EXPECT_FALSE(acl.log_in(other, "alice", ""));
}

TEST(Acl, AChangeIsMadeWholeOrNotAtAll) {
  Acl acl;
  change(acl, "alice", {"on"});
  std::string rule;
  Acl::Aftermath aftermath;
  EXPECT_FALSE(acl.change_user("alice", std::vector<std::string>{"off", "+nosuch", "+get"}, aftermath, &rule));
  EXPECT_EQ(rule, "+nosuch");
  EXPECT_TRUE(acl.find("alice")->enabled);
  EXPECT_FALSE(acl.change_user("bob", std::vector<std::string>{"bogus"}, aftermath));
  EXPECT_EQ(acl.find("bob"), nullptr);
}

TEST(Acl, ConnectionsOfRemovedUsersEnd) {
  Acl acl;
  change(acl, "alice", {"on", "nopass"});
  change(acl, "bob", {"on", "nopass"});
  Login alice(acl, 1);
  Login bob(acl, 2);
  ASSERT_TRUE(acl.log_in(alice, "alice", ""));
  ASSERT_TRUE(acl.log_in(bob, "bob", ""));
  Acl::Aftermath aftermath;
  const std::vector<BytesView> removed{"alice", "default", "nosuch", "alice"};
  EXPECT_EQ(acl.remove_users(removed, aftermath), 1U);
  EXPECT_EQ(aftermath.removed, std::vector<std::uint64_t>{1});
  EXPECT_FALSE(alice.refresh());
  EXPECT_TRUE(bob.refresh());
  EXPECT_EQ(names(acl), (std::vector<std::string>{"bob", "default"}));
  // Another one of that name is somebody else.
  change(acl, "alice", {"on"});
  EXPECT_FALSE(alice.refresh());
}

TEST(Acl, UsersWhoMayUseFewerChannelsAreTold) {
  Acl acl;
  const auto narrowed = [&](const std::vector<std::string>& rules) {
    Acl::Aftermath aftermath;
    EXPECT_TRUE(acl.change_user("alice", rules, aftermath));
    return !aftermath.narrowed.empty();
  };
  EXPECT_FALSE(narrowed({"&a", "&b*"}));
  EXPECT_FALSE(narrowed({"&c", "-@all"}));
  EXPECT_TRUE(narrowed({"resetchannels", "&a", "&c"}));
  EXPECT_FALSE(narrowed({"resetchannels", "(&a &c)"})) << "a selector has them";
  EXPECT_FALSE(narrowed({"allchannels"}));
  EXPECT_TRUE(narrowed({"resetchannels", "&d*"}));
  Acl::Aftermath aftermath;
  acl.replace_users(*parse_users("user alice &d\nuser default on nopass &*\n", "f"), aftermath);
  EXPECT_EQ(aftermath.narrowed, std::vector<std::string>{"alice"});
}

TEST(Acl, AllUsersCanBeReplaced) {
  Acl acl;
  acl.require_password(hash_password("secret"));
  change(acl, "alice", {"on", "nopass", "+@all", "~*", "&*"});
  change(acl, "bob", {"on", "nopass"});
  Login alice(acl, 1);
  Login bob(acl, 2);
  ASSERT_TRUE(acl.log_in(alice, "alice", ""));
  ASSERT_TRUE(acl.log_in(bob, "bob", ""));
  Acl::Aftermath aftermath;
  acl.replace_users(*parse_users("user alice on +get ~*\nuser carol on\n", "f"), aftermath);
  EXPECT_EQ(aftermath.removed, std::vector<std::uint64_t>{2});
  EXPECT_EQ(names(acl), (std::vector<std::string>{"alice", "carol", "default"}));
  EXPECT_TRUE(alice.refresh());
  EXPECT_NE(alice.limits(), nullptr);
  EXPECT_FALSE(acl.default_user_has_no_password()) << "the password is still required";
}

TEST(Acl, IsSetUpFromOptions) {
  AclOptions file{.file = "users.acl"};
  std::string text = "user alice on nopass\n";
  file.read_file = [&] { return Result<std::string>(text); };
  Acl acl;
  ASSERT_TRUE(acl.set_up(file));
  EXPECT_EQ(names(acl), (std::vector<std::string>{"alice", "default"}));
  text = "user alice bogus\n";
  EXPECT_EQ(Acl().set_up(file).error().message(), "users.acl:1: Syntax error.");
  file.read_file = [] { return Result<std::string>(failure(ErrorCode::storage_failed, "cannot open users.acl")); };
  EXPECT_EQ(Acl().set_up(file).error().code(), ErrorCode::storage_failed);
  file.users.push_back(User{.name = "bob"});
  EXPECT_EQ(Acl().set_up(file).error().code(), ErrorCode::invalid_argument) << "in two places";
  const AclOptions twice{.required_password = hash_password("x"), .users = {make_default_user()}};
  EXPECT_EQ(Acl().set_up(twice).error().code(), ErrorCode::invalid_argument) << "two passwords of one user";
}

TEST(Acl, TheFileSaysThePasswordsOfTheDefaultUser) {
  std::string text = "user default on >other ~* &* +@all\n";
  AclOptions options{.required_password = hash_password("secret"), .file = "users.acl"};
  options.read_file = [&] { return Result<std::string>(text); };
  Acl acl;
  ASSERT_TRUE(acl.set_up(options));
  Login login(acl, 1);
  EXPECT_TRUE(login.must_authenticate());
  EXPECT_FALSE(acl.log_in(login, "default", "secret"));
  EXPECT_TRUE(acl.log_in(login, "default", "other"));
  text = "user default on nopass ~* &* +@all\n";
  EXPECT_EQ(Acl().set_up(options).error().code(), ErrorCode::invalid_argument) << "opens what is to be closed";
}

TEST(Acl, UsersChangeWhileOthersLogIn) {
  Acl acl;
  change(acl, "alice", {"on", "nopass", "+@all", "~*", "&*"});
  std::vector<std::thread> threads;
  for (std::uint64_t i = 0; i < 4; ++i) {
    threads.emplace_back([&acl, i] {
      const std::vector<BytesView> words{"get", "k"};
      for (int round = 0; round < 200; ++round) {
        Login login(acl, i);
        if (!acl.log_in(login, "alice", "")) continue;
        for (int j = 0; j < 10 && login.refresh(); ++j) {
          const User* limits = login.limits();
          if (limits != nullptr) static_cast<void>(limits->check(*find_command("get"), words));
        }
      }
    });
  }
  for (int round = 0; round < 200; ++round) {
    change(acl, "alice", {"on", "nopass", round % 2 == 0 ? "-get" : "+get"});
    Acl::Aftermath aftermath;
    const std::vector<BytesView> removed{"alice"};
    if (round % 10 == 0) acl.remove_users(removed, aftermath);
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace understudy::server
