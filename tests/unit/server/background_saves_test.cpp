// BGSAVE, in a simulation, and the places it takes.
#include "server/background_saves.hpp"

#include "understudy/runtime/sleep.hpp"
#include "unit/server/server_fixture.hpp"

#include <chrono>

#include <gtest/gtest.h>

namespace understudy::server {
namespace {

using namespace std::chrono_literals;

class BackgroundSavesTest : public ServerTest {
 protected:
  void SetUp() override {
    start();
    store_->snapshot_delay = 1s;
    client = connect();
  }

  std::unique_ptr<Connection> client;
};

TEST_F(BackgroundSavesTest, APlaceIsFreeAgainWhenItsOwnerIsGone) {
  BackgroundSaves saves;
  {
    const BackgroundSaves::Place first = saves.take_place(1);
    EXPECT_TRUE(first);
    EXPECT_FALSE(saves.take_place(1));
    EXPECT_TRUE(saves.take_place(2));
    EXPECT_EQ(saves.count(), 1);
  }
  EXPECT_EQ(saves.count(), 0);
}

TEST_F(BackgroundSavesTest, OneRunsAtATime) {
  expect(*client, "BGSAVE\r\nBGSAVE\r\n", "+Background saving started\r\n-ERR Background save already in progress\r\n");
  (void)wait(simulation_.system(), sleep(2s));
  expect(*client, "BGSAVE\r\n", "+Background saving started\r\n");
  EXPECT_EQ(store_->snapshots, 2);
}

TEST_F(BackgroundSavesTest, OneIsScheduledForAllWhoAsk) {
  expect(*client, "BGSAVE SCHEDULE\r\n", "+Background saving started\r\n");
  for (int i = 0; i < 10; ++i) expect(*client, "BGSAVE SCHEDULE\r\n", "+Background saving scheduled\r\n");
  (void)wait(simulation_.system(), sleep(10s));
  EXPECT_EQ(store_->snapshots, 2);
}

TEST_F(BackgroundSavesTest, InATransactionItIsScheduled) {
  expect(*client, "MULTI\r\nBGSAVE\r\nEXEC\r\n", "+OK\r\n+QUEUED\r\n*1\r\n+Background saving scheduled\r\n");
}

}  // namespace
}  // namespace understudy::server
