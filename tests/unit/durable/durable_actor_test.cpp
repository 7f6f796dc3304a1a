// durable(): versions of events over releases of a program, what cannot be read, actors for each key.
#include "understudy/durable/durable_actor.hpp"

#include "understudy/actor/on_demand.hpp"
#include "understudy/actor/spawn.hpp"
#include "unit/durable/account.hpp"

#include <map>

#include <gtest/gtest.h>

namespace understudy::test {
namespace {

/// The next release of Account: deposits have a currency, and there is interest.
namespace next {

struct Deposited {
  static constexpr RecordKind kind{1};
  static constexpr std::uint32_t version = 2;
  std::int64_t cents = 0;
  std::string currency = "EUR";
  void fields(auto& field) {
    field(cents);
    if (field.version() >= 2) field(currency);
    field.require(currency.size() == 3, "a currency has three letters");
  }
};
struct Interest {
  static constexpr RecordKind kind{3};
  std::int64_t cents = 0;
  void fields(auto& field) { field(cents); }
};
struct Account {
  using Event = std::variant<Deposited, Withdrawn, Interest>;
  static constexpr std::uint32_t version = 2;
  std::map<std::string, std::int64_t> cents;
  void apply(const Deposited& event) { cents[event.currency] += event.cents; }
  void apply(const Withdrawn& event) { cents["EUR"] -= event.cents; }
  void apply(const Interest& event) { cents["EUR"] += event.cents; }
  void fields(auto& field) {
    if (field.version() < 2) {
      std::int64_t euro_cents = 0;
      std::uint64_t events = 0;
      field(euro_cents, events);
      cents["EUR"] = euro_cents;
    } else {
      field(cents);
    }
  }
};
struct Pay {
  std::int64_t cents;
  std::string currency;
  Reply<std::int64_t> reply;
};
struct PayInterest {
  Reply<std::int64_t> reply;
};
using Message = std::variant<Pay, PayInterest>;

Task<> account(Mailbox<Message>& inbox, Durable<Account>& account) {
  while (auto message = co_await inbox.receive()) {
    if (auto* pay = std::get_if<Pay>(&*message)) {
      account.record(Deposited{pay->cents, pay->currency});
      co_await account.reply_when_safe(pay->reply, account->cents.at(pay->currency));
    } else {
      account.record(Interest{1});
      co_await account.reply_when_safe(std::get<PayInterest>(*message).reply, account->cents.at("EUR"));
    }
  }
}

}  // namespace next
using NextLife = DurableLife<next::Message>;

/// Three events of the first release.
void write_with_the_first_release(SimulatedDisk& disk, bool with_snapshot) {
  AccountLife life(disk, 1, account);
  EXPECT_TRUE(life.ask<Deposit>(500));
  EXPECT_TRUE(life.ask<Exchange>(100, 40, false));
  if (with_snapshot) {
    EXPECT_TRUE(life.ask<SaveNow>());
  }
  life.system().shutdown();
}

TEST(DurableActor, OldVersionsAreStillRead) {
  for (const bool with_snapshot : {false, true}) {
    SimulatedDisk disk(1);
    write_with_the_first_release(disk, with_snapshot);
    {
      NextLife life(disk, 2, next::account);
      EXPECT_EQ(life.ask<next::Pay>(5, std::string("EUR")).value_or(-1), 445);
      EXPECT_EQ(life.ask<next::Pay>(7, std::string("USD")).value_or(-1), 7);
      EXPECT_EQ(life.ask<next::PayInterest>().value_or(-1), 446);
      life.system().shutdown();
    }
    NextLife again(disk, 3, next::account);
    EXPECT_EQ(again.ask<next::PayInterest>().value_or(-1), 447);
  }
}

template <typename Answer>
void expect_refused(const Answer& answer, const std::string& why) {
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error(), ErrorCode::data_damaged);
  EXPECT_NE(answer.error().message().find(why), std::string_view::npos) << answer.error().message();
}

TEST(DurableActor, ANewerVersionIsRefusedByName) {
  SimulatedDisk disk(1);
  {
    NextLife life(disk, 2, next::account);
    EXPECT_TRUE(life.ask<next::Pay>(5, std::string("EUR")));
    life.system().shutdown();
  }
  const auto before = disk.files();
  AccountLife life(disk, 3, account);
  expect_refused(life.ask<Balance>(), "record 1, of kind 1, has version 2, and this program reads versions 1 to 1");
  expect_refused(life.ask<Deposit>(5), "version 2");
  EXPECT_EQ(disk.files(), before) << "nothing was changed";
  EXPECT_EQ(life.address.incarnation(), 1U) << "no restart cures it";
}

TEST(DurableActor, AnUnknownEventIsRefusedByName) {
  SimulatedDisk disk(1);
  write_with_the_first_release(disk, false);
  {
    NextLife life(disk, 2, next::account);
    EXPECT_TRUE(life.ask<next::PayInterest>());
    life.system().shutdown();
  }
  AccountLife life(disk, 3, account);
  expect_refused(life.ask<Balance>(), "record 4 is whole, but of kind 3");
}

TEST(DurableActor, FieldsThatMakeNoSenseAreRefused) {
  SimulatedDisk disk(1);
  {
    NextLife life(disk, 1, next::account);
    EXPECT_TRUE(life.ask<next::Pay>(5, std::string("EURO")));
    life.system().shutdown();
  }
  NextLife life(disk, 2, next::account);
  expect_refused(life.ask<next::PayInterest>(), "a currency has three letters");
}

TEST(DurableActor, RefusedTellsAreDeadLettersAndAResetTriesAgain) {
  SimulatedDisk disk(1);
  write_with_the_first_release(disk, false);
  disk.flip_bit("journal-0000000001.log", 90, 3);
  AccountLife life(disk, 3, account);
  EXPECT_TRUE(life.address.try_tell(Deposit{1, {}}));
  EXPECT_EQ(life.ask<Balance>().error(), ErrorCode::data_damaged);
  EXPECT_EQ(life.system().dead_letters().of(DeadLetterCause::rejected), 1U);
  disk.flip_bit("journal-0000000001.log", 90, 3);
  EXPECT_TRUE(life.address.reset());
  EXPECT_EQ(life.ask<Balance>().value_or(-1), 440);
}

TEST(DurableActor, ADirectoryThatAnotherProcessHoldsIsRefusedAtOnce) {
  SimulatedDisk disk(1);
  const auto storage = disk.attach(2);
  auto lock = storage->lock();
  AccountLife life(disk, 1, account);
  EXPECT_EQ(life.ask<Balance>().error(), ErrorCode::directory_locked);
  lock->reset();
  EXPECT_TRUE(life.address.reset());
  EXPECT_EQ(life.ask<Balance>().value_or(-1), 0);
}

TEST(DurableActor, ADiskThatFailsIsTriedAgain) {
  SimulatedDisk disk(1);
  write_with_the_first_release(disk, false);
  disk.set_faults({.read_fails_percent = 100});
  AccountLife life(disk, 3, account);
  life.simulation.run_for(std::chrono::milliseconds(20));
  disk.set_faults({});
  EXPECT_EQ(life.ask<Balance>().value_or(-1), 440);
  EXPECT_GE(life.address.incarnation(), 2U);
}

TEST(DurableActor, AnActorForEachKeyHasADirectoryForEachKey) {
  std::map<std::string, std::unique_ptr<SimulatedDisk>> disks;
  disks["ada"] = std::make_unique<SimulatedDisk>(1);
  disks["bob"] = std::make_unique<SimulatedDisk>(2);
  const auto options_of = [&disks](const std::string& owner) {
    DurableOptions options;
    options.open_storage = [disk = disks.at(owner).get()] { return Result<std::shared_ptr<Storage>>(disk->attach()); };
    return options;
  };
  const auto owned = [](Mailbox<Deposit>& inbox, Durable<Account>& state, std::string owner) -> Task<> {
    EXPECT_TRUE(owner == "ada" || owner == "bob");
    while (auto deposit = co_await inbox.receive()) {
      state.record(Deposited{deposit->cents});
      co_await state.reply_when_safe(deposit->reply, state->cents);
    }
  };
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    SimulatedSystem simulation(seed);
    const Supervisor supervisor(simulation.system());
    const OnDemand<std::string, Deposit> accounts(simulation.system(), "accounts", durable(owned, options_of),
                                                  {.idle_after = std::chrono::seconds(1)});
    const auto asked = [&](const std::string& owner, std::int64_t cents) {
      const Address<Deposit> address = accounts.at(owner);
      return wait(simulation.system(), address.ask<Deposit>(cents)).value_or(-1);
    };
    const auto before = static_cast<std::int64_t>(seed - 1) * 2;
    EXPECT_EQ(asked("ada", 1), before + 1);
    EXPECT_EQ(asked("bob", 10), before * 10 + 10);
    simulation.run_for(std::chrono::seconds(5));  // They fall asleep, and wake with their state.
    EXPECT_EQ(accounts.statistics().awake, 0U);
    EXPECT_EQ(asked("ada", 1), before + 2);
    EXPECT_EQ(asked("bob", 10), before * 10 + 20);
    simulation.system().shutdown();
  }
}

}  // namespace
}  // namespace understudy::test
