#include "server/acl/login_delays.hpp"

#include <string>

#include <gtest/gtest.h>

namespace understudy::server {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint start{};

class LoginDelaysTest : public testing::Test {
 protected:
  void fail(int times, std::string_view peer = "10.0.0.1:5", std::string_view user = "alice", TimePoint now = start) {
    for (int i = 0; i < times; ++i) delays_.note_failure(peer, user, now);
  }

  LoginDelays delays_;
};

TEST_F(LoginDelaysTest, TheFirstFailuresCostNothing) {
  EXPECT_EQ(delays_.delay("10.0.0.1:5", "alice", start), 0s);
  fail(LoginDelays::free_failures);
  EXPECT_EQ(delays_.delay("10.0.0.1:5", "alice", start), 0s);
}

TEST_F(LoginDelaysTest, FurtherOnesDoubleTheWaitUpToASecond) {
  fail(LoginDelays::free_failures);
  for (const Duration expected : {Duration(50ms), Duration(100ms), Duration(200ms), Duration(400ms), Duration(800ms),
                                  Duration(1s), Duration(1s)}) {
    fail(1);
    EXPECT_EQ(delays_.delay("10.0.0.1:5", "alice", start), expected);
  }
  fail(100'000);
  EXPECT_EQ(delays_.delay("10.0.0.1:5", "alice", start), 1s);
}

TEST_F(LoginDelaysTest, AnotherPortIsNoOtherPeer) {
  fail(10);
  EXPECT_EQ(delays_.delay("10.0.0.1:6", "alice", start), 1s);
}

TEST_F(LoginDelaysTest, OthersAreNotHeldUp) {
  fail(10);
  EXPECT_EQ(delays_.delay("10.0.0.2:5", "alice", start), 0s);
  EXPECT_EQ(delays_.delay("10.0.0.1:5", "bob", start), 0s);
}

TEST_F(LoginDelaysTest, AllIsForgottenAMinuteAfterTheLastFailure) {
  fail(10);
  EXPECT_EQ(delays_.delay("10.0.0.1:5", "alice", start + 59s), 1s);
  EXPECT_EQ(delays_.delay("10.0.0.1:5", "alice", start + 60s), 0s);
  fail(1, "10.0.0.1:5", "alice", start + 60s);
  EXPECT_EQ(delays_.delay("10.0.0.1:5", "alice", start + 60s), 0s) << "counted anew";
}

TEST_F(LoginDelaysTest, WhatIsRememberedIsBoundedAndTheOldestGoes) {
  fail(10);
  fail(10, "10.0.0.1:5", "bob", start + 1s);
  for (std::size_t i = 0; i + 1 < LoginDelays::entries_max; ++i) {
    fail(1, "10.0.0.1:5", "user" + std::to_string(i), start + 2s);
  }
  EXPECT_EQ(delays_.size(), LoginDelays::entries_max);
  EXPECT_EQ(delays_.delay("10.0.0.1:5", "alice", start + 2s), 0s);
  EXPECT_EQ(delays_.delay("10.0.0.1:5", "bob", start + 2s), 1s);
}

}  // namespace
}  // namespace understudy::server
