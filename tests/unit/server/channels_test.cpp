// Subscriptions, and messages to those who have them, in a simulation.
#include "server/channels.hpp"

#include "understudy/actor/spawn.hpp"
#include "understudy/runtime/sleep.hpp"
#include "unit/server/server_fixture.hpp"

#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace understudy::server {
namespace {

using namespace std::chrono_literals;

class ChannelsTest : public SeededServerTest {
 protected:
  void start_with(ServerOptions options = {}) {
    start(std::move(options));
    subscriber = connect();
    publisher = connect();
  }

  std::unique_ptr<Connection> subscriber;
  std::unique_ptr<Connection> publisher;
};
INSTANTIATE_TEST_SUITE_P(Seeds, ChannelsTest, testing::Range<std::uint64_t>(1, 11));

TEST_P(ChannelsTest, MessagesReachWhoHasSubscribed) {
  start_with();
  expect(*publisher, "PUBLISH news 0\r\n", ":0\r\n");
  expect(*subscriber, "SUBSCRIBE news\r\n", "*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n");
  expect(*subscriber, "PSUBSCRIBE n*\r\n", "*3\r\n$10\r\npsubscribe\r\n$2\r\nn*\r\n:2\r\n");
  expect(*publisher, "PUBLISH news hello\r\nPUBLISH other hello\r\n", ":2\r\n:0\r\n");
  expect(*subscriber, "",
         "*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$5\r\nhello\r\n"
         "*4\r\n$8\r\npmessage\r\n$2\r\nn*\r\n$4\r\nnews\r\n$5\r\nhello\r\n");
  expect(*subscriber, "UNSUBSCRIBE\r\n", "*3\r\n$11\r\nunsubscribe\r\n$4\r\nnews\r\n:1\r\n");
  expect(*publisher, "PUBLISH news x\r\n", ":1\r\n");
}

TEST_P(ChannelsTest, PatternsEndInTheOrderInWhichTheyBegan) {
  start_with();
  expect(*subscriber, "PSUBSCRIBE z* a*\r\n",
         "*3\r\n$10\r\npsubscribe\r\n$2\r\nz*\r\n:1\r\n*3\r\n$10\r\npsubscribe\r\n$2\r\na*\r\n:2\r\n");
  expect(*subscriber, "PUNSUBSCRIBE\r\n",
         "*3\r\n$12\r\npunsubscribe\r\n$2\r\nz*\r\n:1\r\n*3\r\n$12\r\npunsubscribe\r\n$2\r\na*\r\n:0\r\n");
}

TEST_P(ChannelsTest, TheReplyComesBeforeTheFirstMessage) {
  start_with();
  std::string sent;
  for (int i = 0; i < 200; ++i) sent += "PUBLISH c m\r\n";
  std::string published;
  std::string received;
  {
    System& system = simulation_.system();
    TaskGroup group(system);
    group.spawn(converse_into(published, system.network(), server_->port(), sent + "QUIT\r\n", everything));
    group.spawn(converse_into(received, system.network(), server_->port(), "SUBSCRIBE c\r\nQUIT\r\n", everything));
    (void)wait(system, group.join());
  }
  EXPECT_TRUE(received.starts_with("*3\r\n$9\r\nsubscribe\r\n")) << received;
  EXPECT_TRUE(received.contains("+OK\r\n"));
}

TEST_P(ChannelsTest, AllArriveInOrder) {
  start_with();
  constexpr int messages = 500;
  expect(*subscriber, "HELLO 3\r\nSUBSCRIBE c\r\n", say(*connect(), "HELLO 3\r\n", 0));
  std::string sent;
  std::string expected;
  std::string answers;
  for (int i = 0; i < messages; ++i) {
    const std::string number = std::to_string(1000 + i);
    sent += "PUBLISH c " + number + "\r\n";
    answers += ":1\r\n";
    expected += ">3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$4\r\n" + number + "\r\n";
  }
  // What HELLO and SUBSCRIBE say comes first, and is of no interest here.
  while (!say(*subscriber, "", 1).starts_with(">")) {
  }
  const std::string confirmed = ">3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n";
  EXPECT_EQ(say(*subscriber, "", confirmed.size() - 1), confirmed.substr(1));
  expect(*publisher, sent, answers);
  expect(*subscriber, "", expected);
}

TEST_P(ChannelsTest, SubscribersOfVersion2MayDoLittleElse) {
  start_with();
  expect(*subscriber, "SUBSCRIBE c\r\n", "*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n");
  expect(*subscriber, "GET k\r\n",
         "-ERR Can't execute 'get': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this "
         "context\r\n");
  expect(*subscriber, "PING\r\nPING x\r\n", "*2\r\n$4\r\npong\r\n$0\r\n\r\n*2\r\n$4\r\npong\r\n$1\r\nx\r\n");
  expect(*subscriber, "RESET\r\nGET k\r\n", "+RESET\r\n$-1\r\n");
  expect(*publisher, "PUBLISH c x\r\n", ":0\r\n");
}

TEST_P(ChannelsTest, AConnectionThatEndsTakesItsSubscriptionsBack) {
  start_with();
  expect(*subscriber, "SUBSCRIBE c\r\n", "*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n");
  subscriber.reset();
  simulation_.run_for(1s);
  expect(*publisher, "PUBLISH c x\r\nPUBSUB CHANNELS\r\n", ":0\r\n*0\r\n");
}

TEST_P(ChannelsTest, ASubscriberThatDoesNotReadIsCutOffAndNobodyElseNotices) {
  ServerOptions options;
  options.output_limits.pubsub = {.hard_bytes = 1 << 20, .soft_bytes = 0, .soft_time = 1s};
  start_with(options);
  const std::unique_ptr<Connection> reader = connect();
  for (Connection* each : {subscriber.get(), reader.get()}) {
    expect(*each, "SUBSCRIBE c\r\n", "*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n");
  }
  const std::string text(100'000, 'x');
  const std::string message = "*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$100000\r\n" + text + "\r\n";
  std::string last;
  for (int i = 0; i < 30; ++i) {
    last = say(*publisher, "*3\r\n$7\r\nPUBLISH\r\n$1\r\nc\r\n$100000\r\n" + text + "\r\n", 4);
    expect(*reader, "", message);
  }
  EXPECT_EQ(last, ":1\r\n");
  // What it had been sent before is all it gets.
  EXPECT_LT(say(*subscriber, "", 30 * message.size()).size(), 15 * message.size());
}

std::string as_request(std::initializer_list<std::string_view> words) {
  std::string request = fmt::format("*{}\r\n", words.size());
  for (const std::string_view word : words) request += fmt::format("${}\r\n{}\r\n", word.size(), word);
  return request;
}

TEST_P(ChannelsTest, APatternThatIsMadeToTakeForEverIsTheEndOfWhoseItIs) {
  start_with();
  const std::unique_ptr<Connection> honest = connect();
  const std::string bomb = "*" + std::string(2'000, 'a') + "b";
  (void)say(*subscriber, as_request({"PSUBSCRIBE", bomb}), 3);
  // Compared after it, and takes several steps a byte.
  const std::string_view pattern = "*b[aA]c[dD]*";
  ASSERT_GT(pattern, bomb);
  expect(*honest, as_request({"PSUBSCRIBE", pattern}), "*3\r\n$10\r\npsubscribe\r\n$12\r\n*b[aA]c[dD]*\r\n:1\r\n");
  std::string channel(20'000, 'a');
  for (std::size_t i = 5'000; i + 1 < channel.size(); i += 2) channel.replace(i, 2, "ba");
  channel += "bAcD";
  // Of others no message is lost.
  expect(*publisher, as_request({"PUBLISH", channel, "m"}), ":1\r\n");
  expect(
      *honest, "",
      fmt::format("*4\r\n$8\r\npmessage\r\n$12\r\n{}\r\n${}\r\n{}\r\n$1\r\nm\r\n", pattern, channel.size(), channel));
  EXPECT_LT(say(*subscriber, "", 10'000).size(), 3'000) << "its connection has ended";
  expect(*publisher, "PUBSUB NUMPAT\r\n", ":1\r\n");
}

TEST_P(ChannelsTest, LongChannelsAreNotComparedWithManyPatterns) {
  start_with();
  std::string names;
  for (int i = 0; i < 100; ++i) names += fmt::format(" *{}", i);
  (void)say(*subscriber, "PSUBSCRIBE" + names + "\r\n", 3'000);
  const std::string_view refusal = "-ERR the channel's name is too long to compare with all patterns\r\n";
  expect(*publisher, as_request({"PUBLISH", std::string(10'485, 'a'), "m"}), ":0\r\n");
  expect(*publisher, as_request({"PUBLISH", std::string(10'486, 'a'), "m"}), refusal);
  EXPECT_EQ(server_->publish(std::string(10'486, 'a'), "m").error(), ErrorCode::invalid_argument);
  expect(*publisher, as_request({"PUBLISH", std::string(512, '1'), "m"}), ":2\r\n");
}

TEST_P(ChannelsTest, WhoHasSubscribedOnceIsANormalClientAgain) {
  ServerOptions options;
  options.output_limits.pubsub = {.hard_bytes = 1'000'000, .soft_bytes = 0, .soft_time = 1s};
  start_with(options);
  const std::string_view subscribed = "*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n";
  const std::unique_ptr<Connection> other = connect();  // So that those who have subscribed are looked after.
  expect(*other, "SUBSCRIBE c\r\n", subscribed);
  expect(*publisher, "SETRANGE k 2999999 x\r\n", ":3000000\r\n");
  expect(*subscriber, "SUBSCRIBE c\r\n", subscribed);
  expect(*subscriber, "UNSUBSCRIBE c\r\n", "*3\r\n$11\r\nunsubscribe\r\n$1\r\nc\r\n:0\r\n");
  const std::size_t rest = 2 * (3'000'000 + 2) + 10;
  expect(*subscriber, "GET k\r\nGET k\r\n", "$3000000\r\n");
  simulation_.run_for(5s);
  EXPECT_EQ(say(*subscriber, "", rest).size(), rest);
  // What is allowed to normal clients holds for it, too.
  expect(*publisher, "CONFIG SET client-output-buffer-limit \"normal 1mb 0 0\"\r\n", "+OK\r\n");
  expect(*subscriber, "GET k\r\nGET k\r\n", "$3000000\r\n");
  simulation_.run_for(5s);
  EXPECT_LT(say(*subscriber, "", rest).size(), rest);
}

TEST_P(ChannelsTest, WhatAConnectionSubscribesToIsLimited) {
  ServerOptions options;
  options.pattern_bytes_max = 1'000;
  options.subscription_bytes_max = 600;
  start_with(options);
  const std::string_view refusal = "-ERR the patterns that a connection subscribes to may need at most 1000 bytes\r\n";
  (void)say(*subscriber, "PSUBSCRIBE a b c\r\n", 3 * 32);
  expect(*subscriber, "PSUBSCRIBE d\r\n", refusal);
  expect(*subscriber, "PSUBSCRIBE a\r\n", "*3\r\n$10\r\npsubscribe\r\n$1\r\na\r\n:3\r\n");
  expect(*subscriber, "PUNSUBSCRIBE a\r\n", "*3\r\n$12\r\npunsubscribe\r\n$1\r\na\r\n:2\r\n");
  expect(*subscriber, "PSUBSCRIBE d\r\n", "*3\r\n$10\r\npsubscribe\r\n$1\r\nd\r\n:3\r\n");
  expect(*subscriber, "SUBSCRIBE a b c\r\n",
         "-ERR the channels that a connection subscribes to may need at most 600 bytes\r\n");
  expect(*publisher, "PUBSUB NUMPAT\r\nPUBSUB CHANNELS\r\n", ":3\r\n*0\r\n");
}

Task<> crier(Mailbox<std::string>& news, Server& server) {
  while (const auto each = co_await news.receive()) server.publish("news", *each);
}

TEST_P(ChannelsTest, ActorsPublish) {
  start_with();
  expect(*subscriber, "SUBSCRIBE news\r\n", "*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n");
  const Address<std::string> actor = simulation_.system().spawn("crier", crier, {}, std::ref(*server_));
  EXPECT_TRUE(wait(simulation_.system(), actor.tell("one")));
  EXPECT_TRUE(wait(simulation_.system(), actor.tell("two")));
  expect(*subscriber, "",
         "*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$3\r\none\r\n*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$3\r\ntwo\r\n");
}

TEST_P(ChannelsTest, MonitorShowsCommandsButNoPasswords) {
  start_with();
  expect(*subscriber, "MONITOR\r\n", "+OK\r\n");
  expect(*publisher, "SET k \"a\\x00\\\"\"\r\n", "+OK\r\n");
  std::string line;
  while (!line.ends_with("\r\n")) line += say(*subscriber, "", 1);
  EXPECT_TRUE(line.ends_with("] \"SET\" \"k\" \"a\\x00\\\"\"\r\n")) << line;
  (void)say(*publisher, "AUTH default secret\r\n", 4);
  line.clear();
  while (!line.ends_with("\r\n")) line += say(*subscriber, "", 1);
  EXPECT_FALSE(line.contains("secret")) << line;
  (void)say(*publisher, "HELLO 2 AUTH default secret SETNAME name\r\n", 4);
  line.clear();
  while (!line.ends_with("\r\n")) line += say(*subscriber, "", 1);
  EXPECT_TRUE(line.ends_with("] \"HELLO\" \"2\" \"AUTH\" \"(redacted)\" \"(redacted)\" \"SETNAME\" \"name\"\r\n"))
      << line;
}

TEST_P(ChannelsTest, MonitorShowsWhatTransactionsDoBeforeTheirEnd) {
  start_with();
  expect(*subscriber, "MONITOR\r\n", "+OK\r\n");
  expect(*publisher, "MULTI\r\nINCR k\r\nPING\r\nEXEC\r\n", "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n:1\r\n+PONG\r\n");
  expect(*publisher, "MULTI\r\nINCR k\r\nDISCARD\r\n", "+OK\r\n+QUEUED\r\n+OK\r\n");
  expect(*publisher, "ECHO end\r\n", "$3\r\nend\r\n");
  std::string shown;
  while (!shown.ends_with("\"ECHO\" \"end\"\r\n")) shown += say(*subscriber, "", 1);
  std::string commands;
  for (std::size_t at = 0; (at = shown.find("] ", at)) != std::string::npos;) {
    const std::size_t end = shown.find("\r\n", at);
    commands += shown.substr(at + 2, end - at);
    at = end;
  }
  EXPECT_EQ(commands,
            "\"MULTI\"\r\n\"INCR\" \"k\"\r\n\"PING\"\r\n\"EXEC\"\r\n\"MULTI\"\r\n\"DISCARD\"\r\n\"ECHO\" \"end\"\r\n");
}

TEST_P(ChannelsTest, MonitorShowsWhatATransactionRunsAndThenItsEnd) {
  start_with();
  expect(*subscriber, "MONITOR\r\n", "+OK\r\n");
  expect(*publisher, "MULTI\r\nSET k 1\r\nPING\r\nCLIENT LIST\r\n", "+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n");
  (void)say(*publisher, "EXEC\r\n", 4);
  const std::unique_ptr<Connection> other = connect();
  expect(*other, "MULTI\r\nNOSUCH\r\n", "+OK\r\n-ERR unknown command 'NOSUCH', with args beginning with: \r\n");
  (void)say(*other, "EXEC\r\n", 4);
  // As Redis does it: what is queued is shown as it runs, and EXEC is shown though nothing came of it.
  for (const std::string_view shown :
       {"\"MULTI\"", "\"SET\" \"k\" \"1\"", "\"PING\"", "\"EXEC\"", "\"MULTI\"", "\"EXEC\""}) {
    std::string line;
    while (!line.ends_with("\r\n")) {
      const std::string piece = say(*subscriber, "", 1);
      ASSERT_FALSE(piece.empty());
      line += piece;
    }
    EXPECT_TRUE(line.ends_with("] " + std::string(shown) + "\r\n")) << line;
  }
}

class RepliesTest : public ServerTest {};

TEST_F(RepliesTest, CanBeSwitchedOff) {
  start();
  const std::unique_ptr<Connection> client = connect();
  expect(*client, "CLIENT REPLY SKIP\r\nPING\r\nSET k 1\r\n", "+OK\r\n");
  expect(*client, "CLIENT REPLY OFF\r\nSET k 2\r\nNOSUCH\r\nCLIENT REPLY ON\r\nGET k\r\n", "+OK\r\n$1\r\n2\r\n");
  expect(*client, "CLIENT REPLY SKIP\r\nRESET\r\nPING\r\n", "+PONG\r\n");
  expect(*client, "CLIENT REPLY OFF\r\nRESET\r\nPING\r\n", "+RESET\r\n+PONG\r\n");
}

TEST_F(RepliesTest, AConnectionIsDescribedByWhatItHolds) {
  start();
  const std::unique_ptr<Connection> idle = connect();
  const std::unique_ptr<Connection> amid = connect();
  expect(*idle, "CLIENT ID\r\n", ":1\r\n");
  expect(*amid, "CLIENT ID\r\n", ":2\r\n");
  (void)say(*amid, "*2\r\n$3\r\nGET\r\n$10\r\nabc", 0);
  simulation_.run_for(100ms);
  const std::string described = talk("CLIENT LIST\r\nQUIT\r\n");
  const auto line_of = [&](std::string_view id) {
    const std::size_t begin = described.find(id);
    return begin == std::string::npos ? std::string() : described.substr(begin, described.find('\n', begin) - begin);
  };
  EXPECT_TRUE(line_of("id=1 ").contains(" qbuf=0 qbuf-free=0 argv-mem=0 obl=0 oll=0 omem=0 tot-mem=")) << described;
  EXPECT_TRUE(line_of("id=2 ").contains(" qbuf=")) << described;
  EXPECT_FALSE(line_of("id=2 ").contains(" qbuf=0 ")) << described;
  EXPECT_FALSE(line_of("id=2 ").contains(" qbuf-free=0 ")) << described;
}

TEST_F(RepliesTest, ConnectionsCanBeCutOff) {
  start();
  const std::unique_ptr<Connection> client = connect();
  const std::unique_ptr<Connection> victim = connect();
  expect(*victim, "CLIENT ID\r\n", ":2\r\n");
  expect(*client, "CLIENT KILL ID 2\r\nCLIENT KILL ID 2\r\n", ":1\r\n:0\r\n");
  EXPECT_EQ(say(*victim, "PING\r\n", 1), "");
  expect(*client, "CLIENT KILL TYPE normal SKIPME no\r\n", ":1\r\n");
  EXPECT_EQ(say(*client, "PING\r\n", 1), "");
}

TEST_F(RepliesTest, AConnectionIsCutOffInTheMiddleOfACommand) {
  start();
  store_->delay = 1s;
  const std::unique_ptr<Connection> client = connect();
  const std::unique_ptr<Connection> victim = connect();
  expect(*victim, "PING\r\n", "+PONG\r\n");
  (void)say(*victim, "SET k 1\r\n", 0);
  simulation_.run_for(100ms);
  expect(*client, "CLIENT KILL ID 2\r\n", ":1\r\n");
  EXPECT_EQ(say(*victim, "", 1), "");
  simulation_.run_for(2s);
  EXPECT_EQ(server_->totals().connected, 1U);
}

}  // namespace
}  // namespace understudy::server
