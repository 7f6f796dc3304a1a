// Batch: what a pipeline of commands tells the store before it runs, and how far it runs.
#include "server/batch.hpp"

#include "unit/server/memory_store.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace understudy::server {
namespace {

using testing::ElementsAre;

/// Of these commands, in lines.
std::shared_ptr<Batch> make_batch(std::string_view lines) {
  auto received = std::make_shared<RequestBuffer>();
  while (!lines.empty()) {
    const std::span<char> room = received->room();
    const std::size_t count = std::min(room.size(), lines.size());
    std::ranges::copy(lines.substr(0, count), room.begin());
    received->commit(count);
    lines.remove_prefix(count);
  }
  received->gather({});
  auto batch = std::make_shared<Batch>();
  batch->last = received->requests().size();
  batch->requests = received;
  batch->replies_bytes_max = std::size_t{1} << 20U;
  return batch;
}

TEST(Batch, AnnouncesTheKeysOfItsCommandsBeforeTheyRun) {
  std::string lines;
  std::vector<Bytes> keys;
  for (int i = 0; i < 40; ++i) {
    keys.push_back("key-" + std::to_string(i));
    lines += "SET " + keys.back() + " value\r\n";
  }
  const auto batch = make_batch(lines);
  MemoryTransaction store;
  batch->run(store);
  EXPECT_EQ(store.expected, keys);
  EXPECT_EQ(store.values.size(), keys.size());
  EXPECT_EQ(store.values_when_expected, (std::vector<std::size_t>{0, 16, 32}));
}

TEST(Batch, AnnouncesNoMoreThanItMayRun) {
  const auto batch = make_batch("GET a\r\nGET b\r\nGET c\r\nGET d\r\n");
  batch->next = 1;
  batch->last = 3;
  MemoryTransaction store;
  batch->run(store);
  EXPECT_THAT(store.expected, ElementsAre("b", "c"));
}

TEST(Batch, SaysWithWhichKeyItBegins) {
  EXPECT_EQ(make_batch("GET a\r\nGET b\r\n")->first_key(), "a");
  EXPECT_EQ(make_batch("MSET a 1 b 2\r\n")->first_key(), "a");
  EXPECT_EQ(make_batch("DBSIZE\r\nGET b\r\n")->first_key(), "");
  const auto batch = make_batch("GET a\r\nGET b\r\n");
  batch->next = 1;
  EXPECT_EQ(batch->first_key(), "b");
  MemoryTransaction store;
  batch->run(store);
  EXPECT_TRUE(store.expected.empty()) << "one was looked ahead for by whoever runs it";
}

/// Each look at it is a second later.
class SteppingClock final : public Clock {
 public:
  TimePoint now() const noexcept override { return TimePoint(std::chrono::seconds(++looks)); }
  WallTime wall_now() const noexcept override { return WallTime(); }
  mutable int looks = 0;
};

TEST(Batch, TakesTheTimeOfEachCommand) {
  const auto looks = [](std::string_view lines, std::chrono::microseconds threshold) {
    const SteppingClock clock;
    const auto batch = make_batch(lines);
    MemoryTransaction store;
    batch->slow.begin(threshold, clock);
    batch->run(store);
    return clock.looks;
  };
  using namespace std::chrono_literals;
  EXPECT_EQ(looks("SET a 1\r\n", 1us), 2);
  EXPECT_EQ(looks("SET a 1\r\nGET b\r\nSET c 1\r\n", 1us), 4) << "where one ends, the next begins";
  EXPECT_EQ(looks("SET a 1\r\nSET b 1\r\n", -1us), 0);
}

}  // namespace
}  // namespace understudy::server
