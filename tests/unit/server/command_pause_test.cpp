// CLIENT PAUSE, in a simulation: what waits, until when, and what does not.
#include "understudy/runtime/sleep.hpp"
#include "unit/server/server_fixture.hpp"

#include <chrono>
#include <memory>
#include <string>

#include <gtest/gtest.h>

namespace understudy::server {
namespace {

using namespace std::chrono_literals;

class CommandPauseTest : public ServerTest {
 protected:
  void SetUp() override {
    start();
    client = connect();
    operator_ = connect();
  }
  [[nodiscard]] TimePoint now() { return simulation_.system().clock().now(); }
  /// Says it and expects the answer after about that long.
  void expect_after(Duration pause, std::string_view answer, std::string sent) {
    const TimePoint begin = now();
    expect(*client, sent, answer);
    EXPECT_GE(now() - begin, pause - 100ms) << sent;
    EXPECT_LT(now() - begin, pause + 100ms) << sent;
  }

  std::unique_ptr<Connection> client;
  std::unique_ptr<Connection> operator_;
};

TEST_F(CommandPauseTest, AllCommandsWait) {
  expect(*operator_, "CLIENT PAUSE 10000\r\n", "+OK\r\n");
  expect_after(10s, "+PONG\r\n$-1\r\n", "PING\r\nGET k\r\n");
  expect_after(0s, "+PONG\r\n", "PING\r\n");
}

TEST_F(CommandPauseTest, OnlyWhatOthersSeeWaits) {
  expect(*operator_, "CLIENT PAUSE 10000 WRITE\r\n", "+OK\r\n");
  expect_after(0s, "$-1\r\n+PONG\r\n+OK\r\n+QUEUED\r\n*1\r\n$-1\r\n", "GET k\r\nPING\r\nMULTI\r\nGET k\r\nEXEC\r\n");
  expect_after(10s, "+OK\r\n", "SET k 1\r\n");
  expect(*client, "MULTI\r\nSET k 2\r\n", "+OK\r\n+QUEUED\r\n");
  expect(*operator_, "CLIENT PAUSE 10000 WRITE\r\n", "+OK\r\n");
  expect_after(10s, "*1\r\n+OK\r\n", "EXEC\r\n");
  expect(*operator_, "CLIENT PAUSE 10000 WRITE\r\n", "+OK\r\n");
  expect_after(10s, ":0\r\n", "PUBLISH c x\r\n");
}

TEST_F(CommandPauseTest, TheLaterEndCounts) {
  expect(*operator_, "CLIENT PAUSE 10000 WRITE\r\nCLIENT PAUSE 10 WRITE\r\n", "+OK\r\n+OK\r\n");
  expect_after(10s, "+OK\r\n", "SET k 1\r\n");
}

TEST_F(CommandPauseTest, TheStrongerOneCounts) {
  expect(*operator_, "MULTI\r\nCLIENT PAUSE 10000\r\nCLIENT PAUSE 10 WRITE\r\nEXEC\r\n",
         "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+OK\r\n+OK\r\n");
  expect_after(10s, "+PONG\r\n", "PING\r\n");
}

TEST_F(CommandPauseTest, RepliesToWhatCameBeforeDoNotWait) {
  const TimePoint begin = now();
  expect(*client, "GET k\r\nCLIENT PAUSE 10000 WRITE\r\nGET k\r\nSET k 1\r\nGET k\r\n", "$-1\r\n+OK\r\n$-1\r\n");
  EXPECT_LT(now() - begin, 1s);
  expect_after(10s, "+OK\r\n$1\r\n1\r\n", "");
}

TEST_F(CommandPauseTest, AReplyThatWasNotWantedIsNotSentAfterwardsEither) {
  expect(*client, "PING\r\nPING\r\nCLIENT PAUSE 10000 WRITE\r\nCLIENT REPLY SKIP\r\nSET k 1\r\nPING again\r\n",
         "+PONG\r\n+PONG\r\n+OK\r\n");
  expect_after(10s, "$5\r\nagain\r\n", "");
}

TEST_F(CommandPauseTest, ItIsEnded) {
  std::string answer;
  for (int i = 0; i < 3; ++i) {
    expect(*operator_, "CLIENT PAUSE 100000000 WRITE\r\n", "+OK\r\n");
    System& system = simulation_.system();
    TaskGroup group(system);
    group.spawn(converse_into(answer, system.network(), server_->port(), "SET k 1\r\nQUIT\r\n", everything));
    (void)wait(system, sleep(1s));
    EXPECT_EQ(group.size(), 1);
    expect(*operator_, "CLIENT UNPAUSE\r\n", "+OK\r\n");
    (void)wait(system, group.join());
    EXPECT_EQ(answer, "+OK\r\n+OK\r\n");
  }
}

TEST_F(CommandPauseTest, AServerThatStopsDoesNotWaitForIt) {
  expect(*operator_, "CLIENT PAUSE 100000000\r\n", "+OK\r\n");
  std::string answer;
  System& system = simulation_.system();
  TaskGroup group(system);
  group.spawn(converse_into(answer, system.network(), server_->port(), "SET k 1\r\n", everything));
  (void)wait(system, sleep(1s));
  const TimePoint begin = now();
  server_->stop();
  EXPECT_LT(now() - begin, 1s);
  (void)wait(system, group.join());
  EXPECT_EQ(answer, "+OK\r\n");
}

}  // namespace
}  // namespace understudy::server
