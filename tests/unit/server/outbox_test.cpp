// The way to a client that does not read, in a simulation.
#include "server/outbox.hpp"

#include "understudy/runtime/sleep.hpp"
#include "understudy/runtime/wait.hpp"
#include "understudy/simulation/simulated_system.hpp"

#include <array>
#include <chrono>
#include <memory>
#include <string>
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
    outbox_ = std::make_shared<Outbox>(system, connection_,
                                       OutputLimits{.hard_bytes = limit, .soft_bytes = 0, .soft_time = 1s},
                                       [this] { ++overflows_; });
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

  static constexpr std::size_t limit = 1'000'000;
  const std::string message = std::string(10'000, 'x');
  SimulatedSystem simulation_{1};
  std::unique_ptr<Listener> listener_;
  std::shared_ptr<Connection> connection_;
  std::unique_ptr<Connection> peer_;
  std::shared_ptr<Outbox> outbox_;
  int overflows_ = 0;
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

}  // namespace
}  // namespace understudy::server
