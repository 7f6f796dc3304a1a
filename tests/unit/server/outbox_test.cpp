// The way to a client that does not read, in a simulation.
#include "server/outbox.hpp"

#include "understudy/runtime/sleep.hpp"
#include "understudy/runtime/wait.hpp"
#include "understudy/simulation/simulated_system.hpp"

#include <array>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>

namespace understudy::server {
namespace {

using namespace std::chrono_literals;

class OutboxTest : public testing::Test {
 protected:
  void SetUp() override {
    System& system = simulation_.system();
    listener_ = system.network().listen("127.0.0.1", 0).value();
    connection_ = wait(system, system.network().connect("127.0.0.1", listener_->port())).value();
    peer_ = wait(system, listener_->accept()).value();
    outbox_ = std::make_shared<Outbox>(system, connection_, limits_, [this](std::string_view why) {
      ++overflows_;
      why_ = why;
    });
  }
  void TearDown() override { outbox_->close(); }

  /// Until it has overflowed; and then as much again.
  void push_too_much() {
    for (int i = 0; i < 10'000 && overflows_ == 0; ++i) {
      outbox_->push(message);
      (void)wait(simulation_.system(), sleep(1us));
    }
    ASSERT_EQ(overflows_, 1);
    for (int i = 0; i < 1'000; ++i) outbox_->push(message);
  }

  /// Until so much is unsent.
  void push_until(std::size_t unsent) {
    for (int i = 0; i < 10'000 && outbox_->unsent() < unsent; ++i) outbox_->push(message);
    ASSERT_EQ(overflows_, 0);
  }
  void look_after(Duration time) {
    (void)wait(simulation_.system(), sleep(time));
    outbox_->end_if_overdue(simulation_.system().clock().now(), limits_.now(), unread_messages);
  }

  LiveOutputLimits limits_{OutputLimits{.hard_bytes = 1'000'000}};
  const std::string message = std::string(10'000, 'x');
  SimulatedSystem simulation_{1};
  std::unique_ptr<Listener> listener_;
  std::shared_ptr<Connection> connection_;
  std::unique_ptr<Connection> peer_;
  std::shared_ptr<Outbox> outbox_;
  int overflows_ = 0;
  std::string why_;
};

TEST_F(OutboxTest, KeepsNothingOnceItHasOverflowed) {
  push_too_much();
  (void)wait(simulation_.system(), sleep(1s));
  EXPECT_EQ(outbox_->unsent(), 0);
  EXPECT_EQ(overflows_, 1);
}

TEST_F(OutboxTest, ItsSessionFindsOutThoughNobodyCutsItOff) {
  push_too_much();
  std::string reply = "+OK\r\n";
  EXPECT_FALSE(wait(simulation_.system(), outbox_->send(reply, 0)));
  std::array<char, 16> bytes{};
  const Result<std::size_t> read = wait(simulation_.system(), connection_->read_some(bytes));
  EXPECT_TRUE(!read || *read == 0);
}

TEST_F(OutboxTest, WhatIsHeldWhileItOverflowsIsLetGoToo) {
  outbox_->hold();
  push_too_much();
  EXPECT_EQ(outbox_->unsent(), 0);
}

TEST_F(OutboxTest, TheSoftLimitMayBeExceededForAWhile) {
  limits_.set({.hard_bytes = 0, .soft_bytes = 500'000, .soft_time = 10s});
  push_until(600'000);
  look_after(5s);
  EXPECT_EQ(overflows_, 0);
  outbox_->push(message);
  EXPECT_EQ(overflows_, 0);
  look_after(6s);
  EXPECT_EQ(overflows_, 1) << "though nothing was pushed any more";
  EXPECT_TRUE(why_.contains("client-output-buffer-limit pubsub")) << why_;
  look_after(1s);
  EXPECT_EQ(outbox_->unsent(), 0);
}

TEST_F(OutboxTest, WhoReadsInTimeIsNotCutOffByTheSoftLimit) {
  limits_.set({.hard_bytes = 0, .soft_bytes = 500'000, .soft_time = 10s});
  std::string read(1'000'000, ' ');
  for (int round = 0; round < 5; ++round) {
    push_until(600'000);
    look_after(5s);
    while (outbox_->unsent() > 0) ASSERT_TRUE(wait(simulation_.system(), peer_->read_some(read)));
    look_after(6s);
  }
  push_until(600'000);
  look_after(5s);
  EXPECT_EQ(overflows_, 0);
}

TEST_F(OutboxTest, LimitsChangeWhileItIsUsed) {
  push_until(600'000);
  limits_.set({.hard_bytes = 500'000});
  outbox_->push(message);
  EXPECT_EQ(overflows_, 1);
}

TEST_F(OutboxTest, CanBeCutOffForOtherReasons) {
  outbox_->push(message);
  outbox_->cut_off("of this");
  outbox_->cut_off("of that");
  EXPECT_EQ(overflows_, 1);
  EXPECT_EQ(why_, "of this");
  outbox_->push(message);
  EXPECT_EQ(outbox_->unsent(), 0);
}

}  // namespace
}  // namespace understudy::server
