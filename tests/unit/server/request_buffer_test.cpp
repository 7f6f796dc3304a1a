#include "server/request_buffer.hpp"

#include "server/batch.hpp"
#include "unit/server/memory_store.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace understudy::server {
namespace {

using Words = std::vector<std::string>;

std::string encode(const Words& words) {
  std::string text = "*" + std::to_string(words.size()) + "\r\n";
  for (const std::string& word : words) text += "$" + std::to_string(word.size()) + "\r\n" + word + "\r\n";
  return text;
}

void receive(RequestBuffer& buffer, std::string_view bytes) {
  while (!bytes.empty()) {
    const std::span<char> room = buffer.room();
    const std::size_t count = std::min(room.size(), bytes.size());
    std::copy_n(bytes.data(), count, room.data());
    buffer.commit(count);
    bytes.remove_prefix(count);
  }
}

std::vector<Words> gathered(const RequestBuffer& buffer) {
  std::vector<Words> requests;
  for (const RequestBuffer::Request& request : buffer.requests()) {
    const Arguments arguments = buffer.arguments(request);
    requests.emplace_back(arguments.begin(), arguments.end());
  }
  return requests;
}

TEST(RequestBuffer, GathersWhatIsComplete) {
  RequestBuffer buffer;
  const std::string second = encode({"SET", "k", "v"});
  receive(buffer, encode({"GET", "k"}) + second.substr(0, 10));
  buffer.gather({});
  EXPECT_EQ(gathered(buffer), (std::vector<Words>{{"GET", "k"}}));
  EXPECT_FALSE(buffer.has_more());
  EXPECT_EQ(buffer.unread(), 10U);
  buffer.drop_gathered();
  receive(buffer, second.substr(10));
  buffer.gather({});
  EXPECT_EQ(gathered(buffer), (std::vector<Words>{{"SET", "k", "v"}}));
  EXPECT_EQ(buffer.unread(), 0U);
}

TEST(RequestBuffer, StopsAtItsLimits) {
  RequestBuffer buffer;
  std::string text;
  for (int i = 0; i < 5; ++i) text += encode({"GET", std::to_string(i)});
  receive(buffer, text);
  buffer.gather({.requests = 2, .bytes = 1000});
  EXPECT_EQ(gathered(buffer).size(), 2U);
  EXPECT_TRUE(buffer.has_more());
  buffer.drop_gathered();
  buffer.gather({.requests = 100, .bytes = 1});
  EXPECT_EQ(gathered(buffer), (std::vector<Words>{{"GET", "2"}}));
  EXPECT_TRUE(buffer.has_more());
  buffer.drop_gathered();
  buffer.gather({});
  EXPECT_EQ(gathered(buffer), (std::vector<Words>{{"GET", "3"}, {"GET", "4"}}));
  EXPECT_FALSE(buffer.has_more());
}

TEST(RequestBuffer, KeepsQuotedWordsOfEveryRequest) {
  RequestBuffer buffer;
  receive(buffer, "ECHO \"a b\"\r\nECHO 'c d' plain\r\n");
  buffer.gather({});
  EXPECT_EQ(gathered(buffer), (std::vector<Words>{{"ECHO", "a b"}, {"ECHO", "c d", "plain"}}));
}

TEST(RequestBuffer, GrowsForALargeRequestAndShrinksAgain) {
  RequestBuffer buffer;
  const std::string value(3 << 20, 'x');
  receive(buffer, encode({"SET", "k", value}));
  buffer.gather({});
  EXPECT_EQ(gathered(buffer), (std::vector<Words>{{"SET", "k", value}}));
  buffer.drop_gathered();
  EXPECT_LE(buffer.room().size(), std::size_t{64} << 10U);
}

TEST(RequestBuffer, SaysWhatIsWrongBehindTheGoodOnes) {
  RequestBuffer buffer;
  receive(buffer, encode({"PING"}) + "*1\r\nPING\r\n");
  buffer.gather({});
  EXPECT_EQ(gathered(buffer), (std::vector<Words>{{"PING"}}));
  EXPECT_EQ(buffer.protocol_error(), "ERR Protocol error: expected '$', got 'P'");
}

TEST(RequestBuffer, ASuccessorGoesOnWhereItStands) {
  const std::string text = encode({"GET", "first"}) + encode({"SET", "k", "value"}) + encode({"GET", "last"});
  for (std::size_t cut = encode({"GET", "first"}).size(); cut <= text.size(); ++cut) {
    RequestBuffer buffer;
    receive(buffer, text.substr(0, cut));
    buffer.gather({.requests = 1, .bytes = 1000});
    const std::vector<Words> first = gathered(buffer);
    const std::shared_ptr<RequestBuffer> next = buffer.successor();
    EXPECT_EQ(gathered(*next), std::vector<Words>{});
    receive(*next, text.substr(cut));
    next->gather({});
    EXPECT_EQ(gathered(*next), (std::vector<Words>{{"SET", "k", "value"}, {"GET", "last"}})) << "cut at " << cut;
    EXPECT_EQ(gathered(buffer), first);
  }
}

TEST(RequestBuffer, BeginsAnewWhateverOthersHaveLeft) {
  RequestBuffer buffer;
  const std::size_t first = buffer.room().size();
  receive(buffer, encode({"SET", "k", std::string(20'000, 'x')}));
  EXPECT_FALSE(buffer.idle());
  buffer.gather({});
  EXPECT_FALSE(buffer.idle());
  buffer.drop_gathered();
  EXPECT_TRUE(buffer.idle());
  EXPECT_GT(buffer.size_hint(), 20'000U);
  EXPECT_GE(buffer.clear_for_others(), 20'000U);
  buffer.begin(0);
  EXPECT_EQ(buffer.room().size(), first);
  receive(buffer, encode({"GET", "k"}));
  buffer.gather({});
  EXPECT_EQ(gathered(buffer), (std::vector<Words>{{"GET", "k"}}));
  buffer.drop_gathered();
  EXPECT_GE(buffer.clear_for_others(), first);
  buffer.begin(32'768);
  EXPECT_EQ(buffer.room().size(), 32'768U);
}

TEST(RequestBuffer, SaysWhatItHolds) {
  RequestBuffer large;
  receive(large, encode({"SET", "k", std::string(1'000'000, 'x')}));
  large.gather({});
  large.drop_gathered();
  EXPECT_LT(large.clear_for_others(), 10'000U) << "bytes that nobody would use are given back";
  RequestBuffer many;
  std::string text = "*10000\r\n";
  for (int i = 0; i < 10'000; ++i) text += "$0\r\n\r\n";
  receive(many, text);
  many.gather({});
  ASSERT_EQ(many.requests().size(), 1U);
  many.drop_gathered();
  EXPECT_GE(many.clear_for_others(), 10'000 * sizeof(BytesView));
}

TEST(Batch, StopsWhenItsRepliesAreLongAndGoesOnFromThere) {
  auto buffer = std::make_shared<RequestBuffer>();
  MemoryTransaction store;
  store.set("k", std::string(100, 'x'));
  for (int i = 0; i < 5; ++i) receive(*buffer, encode({"GET", "k"}));
  buffer->gather({});
  Batch batch;
  batch.requests = buffer;
  batch.last = 5;
  batch.replies_bytes_max = 150;
  batch.run(store);
  EXPECT_EQ(batch.next, 2U);
  batch.replies.clear();
  batch.replies_bytes_max = 1;
  batch.run(store);
  EXPECT_EQ(batch.next, 3U);
  batch.replies_bytes_max = 1'000'000;
  batch.run(store);
  EXPECT_EQ(batch.next, 5U);
}

TEST(Batch, StopsWhenItHasChangedMuch) {
  auto buffer = std::make_shared<RequestBuffer>();
  MemoryTransaction store;
  for (int i = 0; i < 10; ++i) receive(*buffer, encode({"APPEND", "k", std::string(100, 'x')}));
  buffer->gather({});
  Batch batch;
  batch.requests = buffer;
  batch.last = 10;
  batch.replies_bytes_max = 1000;
  batch.changes_bytes_max = 250;
  batch.run(store);
  EXPECT_EQ(batch.next, 2U);
}

TEST(Batch, TellsFailuresApart) {
  EXPECT_EQ(describe_failure(Error(ErrorCode::storage_failed, "no space left")),
            "MISCONF Errors writing to the journal: no space left");
  EXPECT_TRUE(describe_failure(ErrorCode::actor_crashed).starts_with("ERR "));
}

}  // namespace
}  // namespace understudy::server
