// For the tests of Durable: an account, changed by events, in two releases of a program; and its actor.
#pragma once

#include "support/quiet.hpp"
#include "understudy/actor/system.hpp"
#include "understudy/durable/durable_actor.hpp"
#include "understudy/runtime/wait.hpp"
#include "understudy/simulation/simulated_storage.hpp"
#include "understudy/simulation/simulated_system.hpp"
#include "understudy/supervision/supervisor.hpp"

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

namespace understudy::test {

struct Deposited {
  static constexpr RecordKind kind{1};
  std::int64_t cents = 0;
  void fields(auto& field) { field(cents); }
};
struct Withdrawn {
  static constexpr RecordKind kind{2};
  std::int64_t cents = 0;
  void fields(auto& field) { field(cents); }
};

struct Account {
  using Event = std::variant<Deposited, Withdrawn>;
  std::int64_t cents = 0;
  std::uint64_t events = 0;
  void apply(const Deposited& event) { cents += event.cents, ++events; }
  void apply(const Withdrawn& event) { cents -= event.cents, ++events; }
  void fields(auto& field) { field(cents, events); }
};

/// Answered with the balance after it.
struct Deposit {
  std::int64_t cents;
  Reply<std::int64_t> reply;
};
/// Both sides of it, or none; with a crash in between, if wanted.
struct Exchange {
  std::int64_t out;
  std::int64_t in;
  bool crash;
  Reply<void> reply;
};
struct Balance {
  Reply<std::int64_t> reply;
};
/// Deposits as safely as that, and says at once whether it is.
struct DepositWith {
  std::int64_t cents;
  Durability durability;
  Reply<bool> reply;
};
struct SaveNow {
  Reply<SnapshotReport> reply;
};
using AccountMessage = std::variant<Deposit, Exchange, Balance, DepositWith, SaveNow>;

inline Task<> account(Mailbox<AccountMessage>& inbox, Durable<Account>& account) {
  while (auto message = co_await inbox.receive()) {
    if (auto* deposit = std::get_if<Deposit>(&*message)) {
      account.record(Deposited{deposit->cents});
      co_await account.reply_when_safe(deposit->reply, account->cents);
    } else if (auto* exchange = std::get_if<Exchange>(&*message)) {
      account.record(Withdrawn{exchange->out});
      if (exchange->crash) throw std::runtime_error("in the middle of an exchange");
      account.record(Deposited{exchange->in});
      co_await account.reply_when_safe(exchange->reply);
    } else if (auto* balance = std::get_if<Balance>(&*message)) {
      co_await account.reply_when_safe(balance->reply, account->cents);
    } else if (auto* with = std::get_if<DepositWith>(&*message)) {
      account.record(Deposited{with->cents}, with->durability);
      const bool safe = account.is_safe();
      const Result<void> sent = co_await account.send();
      EXPECT_TRUE(sent);
      with->reply(safe);
    } else {
      co_await account.take_snapshot(std::move(std::get<SaveNow>(*message).reply));
    }
  }
}

/// One life of a process with an actor on a disk that outlives it.
template <typename M>
struct DurableLife {
  template <typename F>
  DurableLife(SimulatedDisk& disk, std::uint64_t seed, F function, DurableOptions options = {})
      : simulation(seed), supervisor(simulation.system()) {
    options.open_storage = [&disk] { return Result<std::shared_ptr<Storage>>(disk.attach()); };
    address = system().spawn("account", durable(std::move(function), std::move(options)));
  }
  System& system() { return simulation.system(); }
  template <typename Request, typename... Args>
  auto ask(Args... args) {
    return wait(system(), address.template ask<Request>(args...));
  }

  SimulatedSystem simulation;
  Supervisor supervisor;
  Address<M> address;
};
using AccountLife = DurableLife<AccountMessage>;

}  // namespace understudy::test
