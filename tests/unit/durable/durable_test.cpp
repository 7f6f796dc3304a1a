// Durable: state that comes back, operations that are whole, replies that wait for what they are made of.
#include "understudy/durable/durable.hpp"

#include "understudy/runtime/task_group.hpp"
#include "unit/durable/account.hpp"

#include <gtest/gtest.h>

namespace understudy::test {
namespace {

using std::chrono::milliseconds;

TEST(Durable, ComesBackAfterAStop) {
  SimulatedDisk disk(1);
  {
    AccountLife life(disk, 1, account);
    EXPECT_EQ(life.ask<Deposit>(500).value_or(-1), 500);
    EXPECT_EQ(life.ask<Deposit>(20).value_or(-1), 520);
    EXPECT_TRUE(life.ask<Exchange>(100, 90, false));
    EXPECT_EQ(life.ask<Balance>().value_or(-1), 510);
    life.system().shutdown();
  }
  AccountLife life(disk, 2, account);
  EXPECT_EQ(life.ask<Balance>().value_or(-1), 510);
}

TEST(Durable, WhatWasAnsweredSurvivesThePower) {
  SimulatedDisk disk(1);
  {
    AccountLife life(disk, 1, account);
    EXPECT_EQ(life.ask<Deposit>(500).value_or(-1), 500);
    disk.crash();
  }
  AccountLife life(disk, 2, account);
  EXPECT_EQ(life.ask<Balance>().value_or(-1), 500);
}

TEST(Durable, AnOperationThatIsNotFinishedHasNotHappened) {
  SimulatedDisk disk(1);
  AccountLife life(disk, 1, account);
  ASSERT_TRUE(life.ask<Deposit>(500));
  const Result<void> crashed = life.ask<Exchange>(100, 90, true);
  ASSERT_FALSE(crashed);
  EXPECT_EQ(crashed.error(), ErrorCode::actor_crashed);
  EXPECT_EQ(life.ask<Balance>().value_or(-1), 500);
  EXPECT_EQ(life.address.incarnation(), 2U);
}

TEST(Durable, AnOperationIsWholeHoweverThePowerFails) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(seed);
    SimulatedDisk disk(seed);
    {
      AccountLife life(disk, seed, account);
      ASSERT_TRUE(life.ask<Deposit>(1000));
      disk.lose_power_at(1 + seed % 12);
      // Each takes 100 out and puts 100 in: whole ones leave 1000.
      for (int i = 0; i < 8 && disk.power_losses() == 0; ++i) {
        static_cast<void>(wait(life.system(), life.address.ask<Exchange>(100, 100, false).within(milliseconds(50))));
      }
      disk.lose_power_at(0);
      disk.crash();
    }
    AccountLife life(disk, seed + 1000, account);
    EXPECT_EQ(life.ask<Balance>().value_or(-1), 1000);
  }
}

TEST(Durable, AReaderWaitsForWhatItIsTold) {
  SimulatedDisk disk(1);
  AccountLife life(disk, 1, account);
  ASSERT_TRUE(life.ask<Deposit>(500));
  const std::uint64_t flushes = disk.counters().flushes;
  EXPECT_TRUE(life.address.try_tell(Deposit{20, {}}));
  EXPECT_EQ(life.ask<Balance>().value_or(-1), 520);
  EXPECT_EQ(disk.counters().flushes, flushes + 1) << "it was answered after the flush";
  EXPECT_EQ(life.ask<Balance>().value_or(-1), 520);
  EXPECT_EQ(disk.counters().flushes, flushes + 1) << "and needs none when all is safe";
}

TEST(Durable, AReaderIsToldNothingThatAFailedFlushTakesBack) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    SCOPED_TRACE(seed);
    SimulatedDisk disk(seed);
    AccountLife life(disk, seed, account);
    ASSERT_TRUE(life.ask<Deposit>(500));
    disk.set_faults({.flush_fails_percent = 100});
    EXPECT_TRUE(life.address.try_tell(Deposit{20, {}}));
    const Result<std::int64_t> failed = life.ask<Balance>();
    disk.set_faults({});
    if (failed) {
      EXPECT_EQ(*failed, 500) << "told by the next incarnation";
    }
    EXPECT_EQ(life.ask<Deposit>(1).has_value(), true);
  }
}

TEST(Durable, ManyOperationsShareAFlush) {
  SimulatedDisk disk(1);
  AccountLife life(disk, 1, account);
  ASSERT_TRUE(life.ask<Deposit>(1));
  const std::uint64_t flushes = disk.counters().flushes;
  for (int i = 0; i < 50; ++i) EXPECT_TRUE(life.address.try_tell(Deposit{1, {}}));
  EXPECT_EQ(life.ask<Balance>().value_or(-1), 51);
  EXPECT_LT(disk.counters().flushes - flushes, 20U);
}

TEST(Durable, AnEventMayAskForLess) {
  SimulatedDisk disk(1);
  AccountLife life(disk, 1, account, {.flush_interval = milliseconds(100)});
  ASSERT_TRUE(life.ask<Deposit>(500));
  const std::uint64_t flushes = disk.counters().flushes;
  EXPECT_TRUE(life.ask<DepositWith>(1, Durability::none).value_or(false)) << "nothing is waited for";
  EXPECT_EQ(life.ask<Balance>().value_or(-1), 501);
  EXPECT_EQ(disk.counters().flushes, flushes);
  EXPECT_FALSE(life.ask<DepositWith>(1, Durability::interval).value_or(true));
  EXPECT_EQ(life.ask<Balance>().value_or(-1), 502);
  EXPECT_EQ(disk.counters().flushes, flushes) << "written is safe enough";
  life.simulation.run_for(milliseconds(200));
  EXPECT_EQ(disk.counters().flushes, flushes + 1);
  EXPECT_FALSE(life.ask<DepositWith>(1, Durability::always).value_or(true));
}

TEST(Durable, TakesSnapshotsByItself) {
  SimulatedDisk disk(1);
  {
    AccountLife life(disk, 1, account, {.snapshot_after_bytes = 2000, .journal = {.segment_bytes_max = 1000}});
    for (int i = 0; i < 300; ++i) ASSERT_TRUE(life.ask<Deposit>(1));
    EXPECT_FALSE(disk.files().contains("journal-0000000001.log"));
    std::uint64_t bytes = 0;
    for (const auto& [name, content] : disk.files()) bytes += content.size();
    EXPECT_LT(bytes, 10'000U);
    life.system().shutdown();
  }
  AccountLife life(disk, 2, account);
  EXPECT_EQ(life.ask<Balance>().value_or(-1), 300);
}

TEST(Durable, TakesASnapshotWhenAskedFor) {
  SimulatedDisk disk(1);
  AccountLife life(disk, 1, account);
  EXPECT_EQ(life.ask<SaveNow>().error(), ErrorCode::invalid_argument) << "of nothing";
  ASSERT_TRUE(life.ask<Deposit>(7));
  ASSERT_TRUE(life.ask<Deposit>(8));
  const Result<SnapshotReport> saved = life.ask<SaveNow>();
  ASSERT_TRUE(saved);
  EXPECT_EQ(saved->covers, 2U);
  EXPECT_TRUE(life.address.reset());
  EXPECT_EQ(life.ask<Balance>().value_or(-1), 15);
}

// --- a full disk
// ---------------------------------------------------------------------------------------------------------

std::uint64_t bytes_on(const SimulatedDisk& disk) {
  std::uint64_t bytes = 0;
  for (const auto& [name, content] : disk.files()) bytes += content.size();
  return bytes;
}

TEST(Durable, AFullDiskRefusesChangesAndGoesOnByItself) {
  SimulatedDisk disk(1);
  AccountLife life(disk, 1, account, {.journal = {.reserved_bytes = 2000}});
  ASSERT_TRUE(life.ask<Deposit>(1));
  life.simulation.run_for(milliseconds(100));  // Room is reserved after the answer.
  disk.set_faults({.capacity_bytes = bytes_on(disk)});
  std::int64_t balance = 1;
  Result<std::int64_t> refused = 0;
  while (refused) {
    refused = life.ask<Deposit>(1);
    if (refused) balance = *refused;
    ASSERT_LT(balance, 1000);
  }
  EXPECT_EQ(refused.error(), ErrorCode::storage_full);
  EXPECT_TRUE(refused.error().message().starts_with("the disk is full: ")) << refused.error().message();
  EXPECT_EQ(life.ask<Exchange>(1, 1, false).error(), ErrorCode::storage_full);
  EXPECT_EQ(life.ask<Balance>().value_or(-1), balance) << "reads go on";
  EXPECT_EQ(life.address.incarnation(), 1U) << "known before anything failed";
  life.simulation.run_for(std::chrono::seconds(10));
  EXPECT_EQ(life.ask<Deposit>(1).error(), ErrorCode::storage_full);
  disk.set_faults({});
  life.simulation.run_for(std::chrono::seconds(2));
  EXPECT_EQ(life.ask<Deposit>(1).value_or(-1), balance + 1);
  disk.crash();
  AccountLife next(disk, 2, account);
  EXPECT_EQ(next.ask<Balance>().value_or(-1), balance + 1);
}

TEST(Durable, ADiskThatIsFullFromTheStartCostsOneIncarnation) {
  SimulatedDisk disk(1);
  {
    AccountLife life(disk, 1, account);
    ASSERT_TRUE(life.ask<Deposit>(7));
    life.system().shutdown();
  }
  disk.set_faults({.capacity_bytes = bytes_on(disk)});
  AccountLife life(disk, 2, account);
  EXPECT_EQ(life.ask<Balance>().value_or(-1), 7);
  EXPECT_EQ(life.ask<Deposit>(1).error(), ErrorCode::storage_full) << "nobody knew";
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(life.ask<Deposit>(1).error(), ErrorCode::storage_full);
    life.simulation.run_for(milliseconds(300));
  }
  EXPECT_EQ(life.ask<Balance>().value_or(-1), 7);
  EXPECT_EQ(life.address.incarnation(), 2U);
  EXPECT_TRUE(life.address.reset());
  EXPECT_EQ(life.ask<Deposit>(1).error(), ErrorCode::storage_full) << "the next one knows as well";
  EXPECT_EQ(life.address.incarnation(), 3U);
  disk.set_faults({});
  life.simulation.run_for(std::chrono::seconds(2));
  EXPECT_EQ(life.ask<Deposit>(1).value_or(-1), 8);
}

// --- by state
// ---------------------------------------------------------------------------------------------------------

struct Theme {
  std::string name = "plain";
  std::uint32_t size = 10;
  void fields(auto& field) { field(name, size); }
};
struct SetTheme {
  std::string name;
  Reply<std::uint64_t> reply;  // The LSN.
};
struct GetTheme {
  Reply<std::string> reply;
};
using ThemeMessage = std::variant<SetTheme, GetTheme>;
Task<> theme_actor(Mailbox<ThemeMessage>& inbox, Durable<Theme>& theme) {
  while (auto message = co_await inbox.receive()) {
    if (auto* set = std::get_if<SetTheme>(&*message)) {
      theme.change([&](Theme& all) {
        all.name = set->name;
        ++all.size;
      });
      const Result<void> safe = co_await theme.safe();
      if (safe) {
        set->reply(theme.last_lsn());
      } else {
        set->reply.fail(safe.error());
      }
    } else {
      co_await theme.reply_when_safe(std::get<GetTheme>(*message).reply, theme->name + std::to_string(theme->size));
    }
  }
}

TEST(DurableByState, ComesBackAsItWasLast) {
  SimulatedDisk disk(1);
  {
    DurableLife<ThemeMessage> life(disk, 1, theme_actor,
                                   {.snapshot_after_bytes = 3000, .journal = {.segment_bytes_max = 1000}});
    EXPECT_EQ(life.ask<GetTheme>().value_or(""), "plain10");
    for (std::uint64_t i = 1; i <= 100; ++i) {
      EXPECT_EQ(life.ask<SetTheme>("dark" + std::to_string(i)).value_or(0), i);
    }
    EXPECT_FALSE(disk.files().contains("journal-0000000001.log"));
    disk.crash();
  }
  DurableLife<ThemeMessage> life(disk, 2, theme_actor);
  EXPECT_EQ(life.ask<GetTheme>().value_or(""), "dark100110");
  EXPECT_EQ(life.ask<SetTheme>("light").value_or(0), 101U);
}

TEST(DurableByState, WaitingForItToBeSafeIsNoReasonToBeReset) {
  SimulatedDisk disk(1);
  DurableLife<ThemeMessage> life(disk, 1, theme_actor);
  ASSERT_TRUE(life.ask<SetTheme>("first"));
  life.simulation.set_blocking_time_max(std::chrono::seconds(5));
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(life.ask<SetTheme>("slow"));
  EXPECT_EQ(life.address.incarnation(), 1U);
}

TEST(DurableByState, AFailedWriteIsToldToWhoWaitsForIt) {
  SimulatedDisk disk(1);
  DurableLife<ThemeMessage> life(disk, 1, theme_actor);
  ASSERT_TRUE(life.ask<SetTheme>("first"));
  disk.set_faults({.append_fails_percent = 100});
  EXPECT_FALSE(life.ask<SetTheme>("lost"));
  disk.set_faults({});
  EXPECT_TRUE(life.ask<SetTheme>("next"));
  EXPECT_GE(life.address.incarnation(), 2U);
}

}  // namespace
}  // namespace understudy::test
