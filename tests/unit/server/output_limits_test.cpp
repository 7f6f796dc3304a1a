// Limits of output as people write them, and as Redis reads them.
#include "server/output_limits.hpp"

#include <chrono>
#include <string_view>

#include <gtest/gtest.h>

namespace understudy::server {
namespace {

using std::chrono::seconds;

std::string_view error_of(std::string_view text) {
  const auto limits = parse_output_limits(text, {});
  return limits ? "none" : limits.error();
}

TEST(OutputLimits, ThoseThatAreNamedChange) {
  const auto limits = parse_output_limits("PubSub 1mb 512kb 5 normal 100 0 0", {});
  ASSERT_TRUE(limits) << limits.error();
  EXPECT_EQ(limits->pubsub.hard_bytes, 1'048'576);
  EXPECT_EQ(limits->pubsub.soft_bytes, 524'288);
  EXPECT_EQ(limits->pubsub.soft_time, seconds(5));
  EXPECT_EQ(limits->normal.hard_bytes, 100);
  EXPECT_EQ(limits->replica.hard_bytes, OutputLimitsByClass().replica.hard_bytes);
  EXPECT_EQ(describe_output_limits(*limits), "normal 100 0 0 slave 268435456 67108864 60 pubsub 1048576 524288 5");
}

TEST(OutputLimits, BothNamesOfAReplicaMeanTheSame) {
  EXPECT_EQ(parse_output_limits("slave 1 2 3", {})->replica.hard_bytes, 1);
  EXPECT_EQ(parse_output_limits("replica 1 2 3", {})->replica.hard_bytes, 1);
}

TEST(OutputLimits, NothingIsNoChange) {
  EXPECT_EQ(describe_output_limits(*parse_output_limits("", {})),
            "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60");
}

TEST(OutputLimits, WhatIsWrongIsSaid) {
  constexpr std::string_view count = "Wrong number of arguments in buffer limit configuration.";
  constexpr std::string_view clients = "Invalid client class specified in buffer limit configuration.";
  constexpr std::string_view number = "Error in hard, soft or soft_seconds setting in buffer limit configuration.";
  EXPECT_EQ(error_of("pubsub"), count);
  EXPECT_EQ(error_of("pubsub 1 2 3 normal"), count);
  EXPECT_EQ(error_of("pubsub 1 2 3 "), count) << "as in Redis";
  EXPECT_EQ(error_of("master 1 2 3"), clients);
  EXPECT_EQ(error_of("pubsub 1 2 3 nobody 1 2 3"), clients);
  EXPECT_EQ(error_of("pubsub x 2 3"), number);
  EXPECT_EQ(error_of("pubsub 1 2x 3"), number);
  EXPECT_EQ(error_of("pubsub 1 2 -3"), number);
  EXPECT_EQ(error_of("pubsub 1 2 1mb"), number);
  EXPECT_EQ(error_of("pubsub -1 2 3"), number);
}

TEST(OutputLimits, ZeroIsNone) {
  const OutputLimits none;
  EXPECT_FALSE(none.is_over_hard(1'000'000'000));
  EXPECT_FALSE(none.is_over_soft(1'000'000'000));
  const OutputLimits some{.hard_bytes = 10, .soft_bytes = 5};
  EXPECT_FALSE(some.is_over_hard(10));
  EXPECT_TRUE(some.is_over_hard(11));
  EXPECT_TRUE(some.is_over_soft(6));
}

}  // namespace
}  // namespace understudy::server
