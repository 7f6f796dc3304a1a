// MULTI, EXEC and WATCH, in a simulation.
#include "server/command_queue.hpp"
#include "unit/server/server_fixture.hpp"

#include <string>

#include <gtest/gtest.h>

namespace understudy::server {
namespace {

class TransactionTest : public ServerTest {
 protected:
  void SetUp() override {
    start();
    client = connect();
  }

  std::unique_ptr<Connection> client;
};

TEST_F(TransactionTest, CommandsWaitAndThenRunAsOneOperation) {
  expect(*client, "MULTI\r\n", "+OK\r\n");
  const std::size_t before = store_->operations;
  expect(*client, "SET k 1\r\nINCR k\r\nPING\r\nGET k\r\n", "+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n");
  EXPECT_EQ(store_->operations, before);
  EXPECT_FALSE(store_->data.get("k"));
  expect(*client, "EXEC\r\n", "*4\r\n+OK\r\n:2\r\n+PONG\r\n$1\r\n2\r\n");
  EXPECT_EQ(store_->operations, before + 1);
  expect(*client, "EXEC\r\n", "-ERR EXEC without MULTI\r\n");
}

TEST_F(TransactionTest, SlowCommandsInsideAreNoted) {
  expect(*client, "CONFIG SET slowlog-log-slower-than 0\r\n", "+OK\r\n");
  expect(*client, "MULTI\r\nGET k\r\nSET k 1\r\nPING\r\nEXEC\r\n",
         "+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n*3\r\n$-1\r\n+OK\r\n+PONG\r\n");
  // MULTI, GET, SET and PING; not EXEC, of which they are the parts.
  expect(*client, "SLOWLOG LEN\r\n", ":4\r\n");
  EXPECT_TRUE(say(*client, "SLOWLOG GET\r\n", 160).contains("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\n1\r\n"));
}

TEST_F(TransactionTest, ARefusedCommandSpoilsIt) {
  expect(*client, "MULTI\r\nSET k 1\r\nNOSUCH\r\n",
         "+OK\r\n+QUEUED\r\n-ERR unknown command 'NOSUCH', with args beginning with: \r\n");
  expect(*client, "EXEC\r\n", "-EXECABORT Transaction discarded because of previous errors.\r\n");
  expect(*client, "GET k\r\n", "$-1\r\n");
}

TEST_F(TransactionTest, AnErrorAtItsRunSpoilsNothingElse) {
  expect(*client, "SET k word\r\nMULTI\r\nINCR k\r\nSET l 1\r\nEXEC\r\n",
         "+OK\r\n+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n-ERR value is not an integer or out of range\r\n+OK\r\n");
}

TEST_F(TransactionTest, DiscardForgetsCommandsAndWatches) {
  expect(*client, "WATCH k\r\nMULTI\r\nSET k 1\r\nDISCARD\r\n", "+OK\r\n+OK\r\n+QUEUED\r\n+OK\r\n");
  const std::unique_ptr<Connection> other = connect();
  expect(*other, "SET k 2\r\n", "+OK\r\n");
  expect(*client, "MULTI\r\nGET k\r\nEXEC\r\n", "+OK\r\n+QUEUED\r\n*1\r\n$1\r\n2\r\n");
  expect(*client, "DISCARD\r\n", "-ERR DISCARD without MULTI\r\n");
}

TEST_F(TransactionTest, ChangesByOthersUndoIt) {
  const std::unique_ptr<Connection> other = connect();
  expect(*client, "WATCH k l\r\nMULTI\r\nSET m 1\r\n", "+OK\r\n+OK\r\n+QUEUED\r\n");
  expect(*other, "SET l 1\r\n", "+OK\r\n");
  expect(*client, "EXEC\r\n", "*-1\r\n");
  expect(*client, "GET m\r\n", "$-1\r\n");
  // It watches nothing any more.
  expect(*other, "SET l 2\r\n", "+OK\r\n");
  expect(*client, "MULTI\r\nSET m 1\r\nEXEC\r\n", "+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n");
}

TEST_F(TransactionTest, OwnChangesUndoItToo) {
  expect(*client, "WATCH k\r\nSET k 1\r\nMULTI\r\nGET k\r\nEXEC\r\n", "+OK\r\n+OK\r\n+OK\r\n+QUEUED\r\n*-1\r\n");
  expect(*client, "WATCH k\r\nSET k 1\r\nUNWATCH\r\nMULTI\r\nGET k\r\nEXEC\r\n",
         "+OK\r\n+OK\r\n+OK\r\n+OK\r\n+QUEUED\r\n*1\r\n$1\r\n1\r\n");
}

TEST_F(TransactionTest, AKeyThatDiedSinceItWasWatchedUndoesIt) {
  expect(*client, "SET k 1\r\nWATCH k\r\nMULTI\r\nPING\r\n", "+OK\r\n+OK\r\n+OK\r\n+QUEUED\r\n");
  store_->data.values.erase("k");  // As one that has died: nobody touched it.
  expect(*client, "EXEC\r\n", "*-1\r\n");
}

TEST_F(TransactionTest, WhereMemoryIsFullNothingOfItIsDone) {
  expect(*client, "MULTI\r\nSET k 1\r\nGET k\r\n", "+OK\r\n+QUEUED\r\n+QUEUED\r\n");
  store_->data.has_room = false;
  expect(*client, "EXEC\r\n",
         "-EXECABORT Transaction discarded because of: OOM command not allowed when used memory > 'maxmemory'.\r\n");
  expect(*client, "MULTI\r\nGET k\r\nEXEC\r\n", "+OK\r\n+QUEUED\r\n*1\r\n$-1\r\n");
}

TEST_F(TransactionTest, AFailureOfTheStoreIsOneError) {
  expect(*client, "MULTI\r\nSET k 1\r\nSET l 1\r\n", "+OK\r\n+QUEUED\r\n+QUEUED\r\n");
  store_->failures.emplace_back(ErrorCode::actor_crashed, "lost");
  expect(*client, "EXEC\r\nPING\r\n", "-ERR lost\r\n+PONG\r\n");
  client.reset();
  // An incarnation that was replaced may still run it: it owns what it uses.
  store_->abandoned.front()(store_->data);
  EXPECT_EQ(*store_->data.get("l"), "1");
}

TEST_F(TransactionTest, ThoseOfOneConnectionAreItsOwn) {
  const std::unique_ptr<Connection> other = connect();
  expect(*client, "MULTI\r\nSET k 1\r\n", "+OK\r\n+QUEUED\r\n");
  expect(*other, "GET k\r\nEXEC\r\n", "$-1\r\n-ERR EXEC without MULTI\r\n");
  expect(*client, "RESET\r\nEXEC\r\n", "+RESET\r\n-ERR EXEC without MULTI\r\n");
}

TEST(CommandQueue, IsBounded) {
  const Command command{.name = "set"};
  CommandQueue queue;
  queue.open();
  const std::string word(1000, 'x');
  const std::vector<BytesView> words{word, word};
  EXPECT_TRUE(queue.add(command, words, 5000));
  EXPECT_TRUE(queue.add(command, words, 5000));
  EXPECT_FALSE(queue.is_spoilt());
  EXPECT_FALSE(queue.add(command, words, 5000));
  EXPECT_TRUE(queue.is_spoilt());
  EXPECT_EQ(queue.take().size(), 2U);
  EXPECT_FALSE(queue.is_open());
  EXPECT_FALSE(queue.is_spoilt());
}

TEST(CommandQueue, KeepsWordsOfItsOwn) {
  const Command command{.name = "set"};
  CommandQueue queue;
  queue.open();
  std::string word = "first";
  ASSERT_TRUE(queue.add(command, std::vector<BytesView>{word, BytesView()}, 5000));
  word = "other";
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(queue.add(command, std::vector<BytesView>{word}, 50'000));
  const std::vector<QueuedCommand> taken = queue.take();
  EXPECT_EQ(taken.front().words()[0], "first");
  EXPECT_EQ(taken.front().words()[1], "");
}

}  // namespace
}  // namespace understudy::server
