// Every way in that is closed, tried on a server: the gate as clients meet it.
#include "server/gate.hpp"

#include "server/acl/user_file.hpp"
#include "unit/server/server_fixture.hpp"

#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace understudy::server {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view no_login = "-NOAUTH Authentication required.\r\n";
constexpr std::string_view wrong_password = "-WRONGPASS invalid username-password pair or user is disabled.\r\n";

std::string refused(std::string_view command) {
  return "-NOPERM this user has no permissions to run the '" + std::string(command) + "' command\r\n";
}

constexpr std::string_view refused_key =
    "-NOPERM this user has no permissions to access one of the keys used as arguments\r\n";

class GateTest : public ServerTest, public testing::WithParamInterface<std::uint64_t> {
 protected:
  GateTest() : ServerTest(GetParam()) {}

  /// With these users, and what `talk_as` logs in as.
  void start_with(const std::string& users, std::optional<std::string> password = std::nullopt) {
    ServerOptions options;
    options.acl.users = parse_users(users, "users").value();
    if (password) options.acl.required_password = hash_password(*password);
    start(std::move(options));
  }
  /// The replies to `sent` of a connection that is `user`, whose password is "pw".
  std::string talk_as(const std::string& user, const std::string& sent) {
    const std::string received = talk("AUTH " + user + " pw\r\n" + sent + "QUIT\r\n");
    EXPECT_TRUE(received.starts_with("+OK\r\n")) << received;
    EXPECT_TRUE(received.ends_with("+OK\r\n")) << received;
    return received.size() < 10 ? received : received.substr(5, received.size() - 10);
  }
};
INSTANTIATE_TEST_SUITE_P(Seeds, GateTest, testing::Range<std::uint64_t>(1, 6));

TEST_P(GateTest, WithoutALoginNothingIsRun) {
  start_with("", "pw");
  std::string expected;
  for (int i = 0; i < 6; ++i) expected += no_login;
  EXPECT_EQ(talk("SET k v\r\nGET k\r\nPING\r\nACL WHOAMI\r\nCONFIG GET *\r\nUNDERSTUDY RESET writer\r\nQUIT\r\n"),
            expected + "+OK\r\n");
  EXPECT_EQ(store_->operations, 0U);
  EXPECT_TRUE(store_->resets.empty());
  EXPECT_EQ(talk("NOSUCH\r\nGET\r\nQUIT\r\n"),
            "-ERR unknown command 'NOSUCH', with args beginning with: \r\n"
            "-ERR wrong number of arguments for 'get' command\r\n+OK\r\n");
}

TEST_P(GateTest, ALoginOpensItForWhatIsBehindInThePipeline) {
  start_with("", "pw");
  EXPECT_EQ(talk("SET k 1\r\nAUTH wrong\r\nSET k 2\r\nAUTH pw\r\nSET k 3\r\nGET k\r\nRESET\r\nGET k\r\nQUIT\r\n"),
            std::string(no_login) + std::string(wrong_password) + std::string(no_login) +
                "+OK\r\n+OK\r\n$1\r\n3\r\n+RESET\r\n" + std::string(no_login) + "+OK\r\n");
}

TEST_P(GateTest, WhatNobodyKnowsMayBeSmallOnly) {
  start_with("", "pw");
  EXPECT_EQ(talk("*11\r\n$4\r\nMGET\r\n"), "-ERR Protocol error: unauthenticated multibulk length\r\n");
  EXPECT_EQ(talk("*2\r\n$4\r\nECHO\r\n$16385\r\n"), "-ERR Protocol error: unauthenticated bulk length\r\n");
  const std::string value(20'000, 'x');
  const std::string large = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$20000\r\n" + value + "\r\n";
  std::string wide = "*12\r\n$6\r\nEXISTS\r\n";
  for (int i = 0; i < 11; ++i) wide += "$1\r\nk\r\n";
  EXPECT_EQ(talk("AUTH pw\r\n" + large + wide + "QUIT\r\n"), "+OK\r\n+OK\r\n:11\r\n+OK\r\n");
}

TEST_P(GateTest, CommandsOutsideTheRulesAreRefused) {
  start_with("user alice on >pw ~* +@read +@connection -select +client|id -client|list +config|get\n");
  store_->data.set("k", "v");
  EXPECT_EQ(talk_as("alice",
                    "GET k\r\nSET k x\r\nGET k\r\nSELECT 0\r\nCLIENT LIST\r\nCONFIG SET maxmemory 1\r\n"
                    "FLUSHALL\r\nACL SETUSER alice +@all\r\nACL WHOAMI\r\nGET k\r\n"),
            "$1\r\nv\r\n" + refused("set") + "$1\r\nv\r\n" + refused("select") + refused("client|list") +
                refused("config|set") + refused("flushall") + refused("acl|setuser") + refused("acl|whoami") +
                "$1\r\nv\r\n");
  EXPECT_EQ(store_->memory_bytes_max, 0U);
}

TEST_P(GateTest, KeysOutsideTheRulesAreRefused) {
  start_with("user alice on >pw ~a:* %R~in:* %W~out:* +@all\n");
  store_->data.set("in:1", "v");
  EXPECT_EQ(talk_as("alice",
                    "SET a:1 x\r\nGET b\r\nGET in:1\r\nSET in:1 y\r\nSET out:1 z\r\nGET out:1\r\n"
                    "MSET a:2 x b x\r\nDEL a:1 in:1\r\nSET out:1 z GET\r\nEXISTS out:1\r\n"),
            "+OK\r\n" + std::string(refused_key) + "$1\r\nv\r\n" + std::string(refused_key) + "+OK\r\n" +
                std::string(refused_key) + std::string(refused_key) + std::string(refused_key) +
                std::string(refused_key) + ":1\r\n");
  EXPECT_EQ(store_->data.get("a:1"), "x");
  EXPECT_EQ(store_->data.get("a:2"), std::nullopt);
  EXPECT_EQ(store_->data.get("in:1"), "v");
}

TEST_P(GateTest, WhatIsRefusedIsNotQueued) {
  start_with("user alice on >pw ~a &one +@all\n");
  EXPECT_EQ(talk_as("alice",
                    "MULTI\r\nSET a 1\r\nSET b 1\r\nEXEC\r\nMULTI\r\nPUBLISH two m\r\nEXEC\r\n"
                    "MULTI\r\nSET a 2\r\nPUBLISH one m\r\nEXEC\r\n"),
            "+OK\r\n+QUEUED\r\n" + std::string(refused_key) +
                "-EXECABORT Transaction discarded because of previous errors.\r\n+OK\r\n" +
                "-NOPERM this user has no permissions to access one of the channels used as arguments\r\n"
                "-EXECABORT Transaction discarded because of previous errors.\r\n"
                "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+OK\r\n:0\r\n");
  EXPECT_EQ(store_->data.get("a"), "2");
}

TEST_P(GateTest, ARefusedExecEndsItsTransaction) {
  start_with("user alice on >pw ~* +@all -exec\n", "other");
  EXPECT_EQ(talk_as("alice", "MULTI\r\nSET k v\r\nEXEC\r\nDISCARD\r\nSET k w\r\n"),
            "+OK\r\n+QUEUED\r\n-EXECABORT Transaction discarded because of: NOPERM this user has no permissions to run "
            "the 'exec' command\r\n-ERR DISCARD without MULTI\r\n+OK\r\n");
  EXPECT_EQ(talk("EXEC\r\nQUIT\r\n"),
            "-EXECABORT Transaction discarded because of: NOAUTH Authentication required.\r\n+OK\r\n");
}

TEST_P(GateTest, ALoginIsPartOfATransaction) {
  start_with("user alice on >pw ~* +@all\n", "other");
  EXPECT_EQ(talk("MULTI\r\nAUTH alice pw\r\nMULTI\r\nAUTH alice no\r\nACL WHOAMI\r\nEXEC\r\nQUIT\r\n"),
            std::string(no_login) + "+OK\r\n+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n" + std::string(wrong_password) +
                "$5\r\nalice\r\n+OK\r\n");
}

TEST_P(GateTest, RulesThatChangeHoldForTheNextCommand) {
  start_with("user alice on >pw ~* +@all\n");
  EXPECT_EQ(talk_as("alice",
                    "GET k\r\nACL SETUSER alice -get\r\nGET k\r\nACL SETUSER alice +get ~x\r\n"
                    "ACL SETUSER alice resetkeys ~a\r\nGET k\r\n"),
            "$-1\r\n+OK\r\n" + refused("get") +
                "-ERR Error in ACL SETUSER modifier '~x': Adding a pattern after the * pattern (or the 'allkeys' flag) "
                "is not valid and does not have any effect. Try 'resetkeys' to start with an empty list of patterns\r\n"
                "+OK\r\n" +
                refused("get"));
}

TEST_P(GateTest, WhoRemovesItselfGetsTheReplyAndNoMore) {
  start_with("user alice on >pw ~* +@all\n");
  EXPECT_EQ(talk("AUTH alice pw\r\nACL DELUSER alice\r\nSET k v\r\n"), "+OK\r\n:1\r\n");
  EXPECT_EQ(store_->data.get("k"), std::nullopt);
}

TEST_P(GateTest, ConnectionsOfARemovedUserEnd) {
  start_with("user alice on >pw ~* +@all\n");
  System& system = simulation_.system();
  std::string received;
  TaskGroup group(system);
  group.spawn(converse_into(received, system.network(), server_->port(), "AUTH alice pw\r\n", everything));
  ASSERT_TRUE(simulation_.run_until([&] { return server_->totals().commands == 1; }));
  EXPECT_EQ(talk("ACL DELUSER alice\r\nQUIT\r\n"), ":1\r\n+OK\r\n");
  (void)wait(system, group.join());  // It ends, though it has said nothing more.
  EXPECT_EQ(received, "+OK\r\n");
}

TEST_P(GateTest, HelloLogsIn) {
  start_with("user alice on >pw ~* +@all\n", "other");
  const std::string must =
      "-NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH <user> "
      "<pass> option can be used to authenticate the client and select the RESP protocol version at the same time\r\n";
  EXPECT_EQ(talk("HELLO\r\nHELLO 3\r\nHELLO 3 AUTH alice no\r\nACL WHOAMI\r\nQUIT\r\n"),
            must + must + std::string(wrong_password) + std::string(no_login) + "+OK\r\n");
  const std::string received = talk("HELLO 3 AUTH alice pw\r\nACL WHOAMI\r\nQUIT\r\n");
  EXPECT_TRUE(received.starts_with("%7\r\n")) << received;
  EXPECT_TRUE(received.ends_with("$5\r\nalice\r\n+OK\r\n")) << received;
}

TEST_P(GateTest, FailedLoginsAreSlowedAndNobodyElse) {
  start_with("user alice on >pw ~* +@all\nuser bob on >pw +@all\n");
  const auto time_of = [&](const std::string& sent) {
    const Duration before = simulation_.now();
    static_cast<void>(talk(sent));
    return simulation_.now() - before;
  };
  std::string wrong;
  for (int i = 0; i < 10; ++i) wrong += "AUTH alice wrong\r\n";
  // 50 to 800 ms, doubled from one to the next, and then a second.
  EXPECT_GE(time_of(wrong + "QUIT\r\n"), 1550ms + 1s);
  EXPECT_GE(time_of("AUTH alice pw\r\nQUIT\r\n"), 1s) << "the right one waits as well";
  EXPECT_LT(time_of("AUTH bob pw\r\nQUIT\r\n"), 1s);
  EXPECT_LT(time_of("SET k v\r\nQUIT\r\n"), 1s);
}

TEST_P(GateTest, WhatWasRefusedIsShown) {
  start_with("user alice on >pw ~a +@read\n");
  talk("AUTH alice wrong\r\nAUTH alice pw\r\nGET a\r\nGET b\r\nGET b\r\nSET a x\r\nQUIT\r\n");
  const std::string log = talk("ACL LOG\r\nQUIT\r\n");
  EXPECT_TRUE(
      log.starts_with("*3\r\n*14\r\n$5\r\ncount\r\n:1\r\n$6\r\nreason\r\n$7\r\ncommand\r\n$7\r\ncontext\r\n"
                      "$8\r\ntoplevel\r\n$6\r\nobject\r\n$3\r\nset\r\n$8\r\nusername\r\n$5\r\nalice\r\n"))
      << log;
  EXPECT_TRUE(log.contains("$5\r\ncount\r\n:2\r\n$6\r\nreason\r\n$3\r\nkey\r\n")) << log;
  EXPECT_TRUE(log.contains("$6\r\nreason\r\n$4\r\nauth\r\n")) << log;
  EXPECT_FALSE(log.contains("wrong")) << log;
  EXPECT_EQ(talk("ACL LOG RESET\r\nACL LOG\r\nQUIT\r\n"), "+OK\r\n*0\r\n+OK\r\n");
}

TEST_P(GateTest, APasswordIsSetAndNeverShown) {
  start_with("");
  EXPECT_EQ(
      talk("CONFIG GET requirepass\r\nCONFIG SET requirepass secret\r\nPING\r\nCONFIG GET requirepass\r\nQUIT\r\n"),
      "*2\r\n$11\r\nrequirepass\r\n$0\r\n\r\n+OK\r\n+PONG\r\n"
      "*2\r\n$11\r\nrequirepass\r\n$8\r\n(hidden)\r\n+OK\r\n");
  EXPECT_EQ(talk("PING\r\nAUTH secret\r\nCONFIG SET requirepass \"\"\r\nQUIT\r\n"),
            std::string(no_login) + "+OK\r\n+OK\r\n+OK\r\n");
  EXPECT_EQ(talk("PING\r\nQUIT\r\n"), "+PONG\r\n+OK\r\n");
}

TEST_P(GateTest, TheUsersFileIsReadAndWritten) {
  std::string file = "user alice on >pw ~* +@all\n";
  bool broken = false;
  ServerOptions options;
  options.acl.file = "users.acl";
  options.acl.read_file = [&] { return Result<std::string>(file); };
  options.acl.write_file = [&](std::string_view text) -> Result<void> {
    if (broken) return failure(ErrorCode::storage_failed, "no space left");
    file = text;
    return {};
  };
  start(std::move(options));
  EXPECT_EQ(talk("ACL SETUSER bob on nopass\r\nACL SAVE\r\nQUIT\r\n"), "+OK\r\n+OK\r\n+OK\r\n");
  EXPECT_EQ(
      file,
      "user alice on #" + to_hexadecimal(hash_password("pw")) +
          " ~* resetchannels +@all\nuser bob on nopass resetchannels -@all\nuser default on nopass ~* &* +@all\n");
  file = "user carol on nopass\n";
  EXPECT_EQ(talk("ACL LOAD\r\nACL USERS\r\nQUIT\r\n"), "+OK\r\n*2\r\n$5\r\ncarol\r\n$7\r\ndefault\r\n+OK\r\n");
  file = "user carol bogus\n";
  EXPECT_EQ(
      talk("ACL LOAD\r\nACL USERS\r\nQUIT\r\n"),
      "-ERR users.acl:1: Syntax error. WARNING: ACL errors detected, no change to the previously active ACL rules "
      "was performed\r\n*2\r\n$5\r\ncarol\r\n$7\r\ndefault\r\n+OK\r\n");
  broken = true;
  EXPECT_EQ(
      talk("ACL SAVE\r\nQUIT\r\n"),
      "-ERR There was an error trying to save the ACLs. Please check the server logs for more information\r\n+OK\r\n");
}

}  // namespace
}  // namespace understudy::server
