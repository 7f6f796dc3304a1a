// The store through its public interface, in the simulation: from any depth, through the router or past it, over
// resets, crashes, failing disks and damage.
#include "understudy/store/store.hpp"

#include "support/quiet.hpp"
#include "understudy/runtime/sleep.hpp"
#include "understudy/runtime/task_group.hpp"
#include "understudy/runtime/wait.hpp"
#include "understudy/simulation/simulated_storage.hpp"
#include "understudy/simulation/simulated_system.hpp"
#include "understudy/supervision/supervisor.hpp"

#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace understudy::store {
namespace {

using std::chrono::milliseconds;

/// A store on a simulated disk.
struct Fixture {
  explicit Fixture(std::uint64_t seed = 1, Durability durability = Durability::always)
      : disk(seed), simulation(seed), supervisor(simulation.system()) {
    StoreOptions options;
    options.durability = durability;
    options.flush_interval = milliseconds(100);
    options.segment_bytes_max = 1024;
    options.open_storage = [this] { return Result<std::shared_ptr<Storage>>(disk.attach()); };
    opened = Store::open(simulation.system(), std::move(options));
  }
  System& system() { return simulation.system(); }
  Store& store() { return **opened; }
  std::optional<Bytes> get(const Bytes& key) { return wait(system(), store().get(key)).value(); }
  Result<void> set(const Bytes& key, const Bytes& value) { return wait(system(), store().set(key, value)); }

  SimulatedDisk disk;
  SimulatedSystem simulation;
  Supervisor supervisor;
  Result<std::unique_ptr<Store>> opened = failure(ErrorCode::cancelled);
};

TEST(Store, SetsGetsAndErases) {
  Fixture fixture;
  ASSERT_TRUE(fixture.opened.has_value());
  EXPECT_TRUE(fixture.set("hello", "world").has_value());
  EXPECT_EQ(fixture.get("hello"), "world");
  EXPECT_TRUE(wait(fixture.system(), fixture.store().erase("hello")).value());
  EXPECT_FALSE(wait(fixture.system(), fixture.store().erase("hello")).value());
  EXPECT_EQ(fixture.get("hello"), std::nullopt);
}

TEST(Store, IsReachedPastTheRouterToo) {
  Fixture fixture;
  const auto key_value = fixture.store().key_value();
  EXPECT_TRUE(wait(fixture.system(), key_value.ask<Set>("k", "v")).has_value());
  EXPECT_EQ(wait(fixture.system(), key_value.ask<Get>("k")).value(), "v");
  EXPECT_EQ(wait(fixture.system(), fixture.store().router().ask<Get>("k")).value(), "v");
}

TEST(Store, TheProcessWideStoreIsSetOnce) {
  Fixture fixture;
  EXPECT_EQ(wait(fixture.system(), get("k")).error().code(), ErrorCode::not_installed);
  EXPECT_TRUE(install(fixture.store()).has_value());
  EXPECT_EQ(install(fixture.store()).error().code(), ErrorCode::already_installed);
  EXPECT_TRUE(wait(fixture.system(), set("k", "v")).has_value());
  EXPECT_EQ(wait(fixture.system(), get("k")).value(), "v");
  EXPECT_TRUE(wait(fixture.system(), erase("k")).value());
  fixture.opened->reset();
  EXPECT_EQ(wait(fixture.system(), get("k")).error().code(), ErrorCode::not_installed);
}

TEST(Store, AResetReadsBackWhatWasWritten) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    SCOPED_TRACE(seed);
    Fixture fixture(seed);
    ASSERT_TRUE(fixture.set("hello", "world").has_value());
    const ActorType who = seed % 2 == 0 ? ActorType::key_value : ActorType::writer;
    EXPECT_TRUE(wait(fixture.system(), fixture.store().router().ask<Reset>(who)).value());
    EXPECT_EQ(fixture.get("hello"), "world");
    EXPECT_EQ(fixture.store().key_value().incarnation(), 2U);
    EXPECT_TRUE(fixture.set("hello", "again").has_value());
    EXPECT_EQ(fixture.get("hello"), "again");
    EXPECT_EQ(fixture.supervisor.incident_count(), 1U);
  }
}

Task<> count_answers(Store& store, int number, int& answered, int& crashed) {
  const Result<std::optional<Bytes>> value = co_await store.get("k" + std::to_string(number));
  if (value) ++answered;
  if (!value && value.error() == ErrorCode::actor_crashed) ++crashed;
}

TEST(Store, RequestsWaitForTheNextIncarnation) {
  Fixture fixture;
  fixture.store().key_value().reset();
  int answered = 0;
  int crashed = 0;
  TaskGroup group(fixture.system());
  for (int i = 0; i < 20; ++i) group.spawn(count_answers(fixture.store(), i, answered, crashed));
  ASSERT_TRUE(wait(fixture.system(), group.join()).has_value());
  EXPECT_EQ(answered + crashed, 20);
  EXPECT_GE(answered, 19);  // At most the one in hand ends with an error.
}

TEST(Store, AnOperationIsOneBatchOfTheJournal) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(seed);
    SimulatedDisk disk(seed);
    const auto run = [&](std::uint64_t life, bool write) {
      SimulatedSystem simulation(seed * 10 + life);
      StoreOptions options;
      options.open_storage = [&] { return Result<std::shared_ptr<Storage>>(disk.attach()); };
      auto store = Store::open(simulation.system(), std::move(options)).value();
      if (!write) {
        const bool a = wait(simulation.system(), store->get("a")).value().has_value();
        const bool b = wait(simulation.system(), store->get("b")).value().has_value();
        EXPECT_EQ(a, b) << "half of an operation came back";
        return;
      }
      disk.lose_power_at(1 + seed % 4);
      static_cast<void>(wait(simulation.system(), store->operate([](Transaction& transaction) {
        transaction.set("a", Bytes(700, '1'));
        transaction.set("b", Bytes(700, '2'));
      })));
      disk.lose_power_at(0);
      if (disk.power_losses() == 0) disk.crash();
    };
    run(1, true);
    run(2, false);
  }
}

TEST(Store, AFailedFlushIsAnErrorAndTheStoreGoesOn) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    SCOPED_TRACE(seed);
    Fixture fixture(seed);
    ASSERT_TRUE(fixture.set("k", "before").has_value());
    fixture.disk.set_faults({.flush_fails_percent = 100});
    const Result<void> failed = fixture.set("k", "during");
    ASSERT_FALSE(failed.has_value());
    EXPECT_EQ(failed.error().code(), ErrorCode::storage_failed);
    fixture.disk.set_faults({});
    EXPECT_TRUE(fixture.set("other", "after").has_value());
    const std::optional<Bytes> value = fixture.get("k");
    EXPECT_TRUE(value == "before" || value == "during");
    EXPECT_EQ(fixture.get("other"), "after");
  }
}

TEST(Store, ACrashOfAnOperationIsContained) {
  Fixture fixture;
  ASSERT_TRUE(fixture.set("k", "v").has_value());
  const Result<void> crashed = wait(fixture.system(), fixture.store().operate([](Transaction& transaction) {
    transaction.set("k", "half done");
    throw std::runtime_error("on purpose");
  }));
  ASSERT_FALSE(crashed.has_value());
  EXPECT_EQ(crashed.error().code(), ErrorCode::actor_crashed);
  EXPECT_NE(crashed.error().message().find("on purpose"), std::string_view::npos);
  EXPECT_EQ(fixture.get("k"), "v");
}

TEST(Store, ASecondProcessGetsAnErrorThatNamesTheHolder) {
  Fixture fixture;
  SimulatedSystem other(2);
  StoreOptions options;
  options.open_storage = [&] { return Result<std::shared_ptr<Storage>>(fixture.disk.attach(4711)); };
  const auto second = Store::open(other.system(), std::move(options));
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code(), ErrorCode::directory_locked);
  EXPECT_NE(second.error().message().find("process 1"), std::string_view::npos) << second.error().message();
  EXPECT_TRUE(fixture.set("k", "v").has_value());
}

TEST(Store, IntervalFlushesByItselfAndIdlesInPeace) {
  Fixture fixture(3, Durability::interval);
  ASSERT_TRUE(fixture.set("k", "v").has_value());
  EXPECT_LT(fixture.store().statistics().durable_lsn, fixture.store().statistics().last_lsn);
  fixture.simulation.run_for(milliseconds(200));
  EXPECT_EQ(fixture.store().statistics().durable_lsn, fixture.store().statistics().last_lsn);
  const std::uint64_t flushes = fixture.disk.counters().flushes;
  fixture.simulation.run_for(std::chrono::minutes(1));
  EXPECT_EQ(fixture.disk.counters().flushes, flushes) << "an idle store has nothing to flush";
  EXPECT_EQ(fixture.supervisor.incident_count(), 0U);
}

TEST(Store, CloseAnswersWhatItLetIn) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    SCOPED_TRACE(seed);
    Fixture fixture(seed);
    int answered = 0;
    int crashed = 0;
    TaskGroup group(fixture.system());
    for (int i = 0; i < 10; ++i) group.spawn(count_answers(fixture.store(), i, answered, crashed));
    fixture.simulation.run_until([&] { return fixture.store().statistics().reads > 3; });
    fixture.store().close();
    ASSERT_TRUE(wait(fixture.system(), group.join()).has_value());
    EXPECT_EQ(crashed, 0);
    EXPECT_GT(answered, 3);
  }
}

TEST(Store, EachHasItsKeysInAnOrderOfItsOwn) {
  const auto order_in = [](std::uint64_t seed) {
    Fixture fixture(seed, Durability::none);
    std::vector<Bytes> keys;
    for (int i = 0; i < 50; ++i) EXPECT_TRUE(fixture.set(std::to_string(i), ""));
    EXPECT_TRUE(wait(fixture.system(), fixture.store().operate([&keys](Transaction& store) {
      store.for_each([&keys](const KeyView& view) { keys.emplace_back(view.key); });
    })));
    return keys;
  };
  EXPECT_EQ(order_in(1), order_in(1));
  EXPECT_NE(order_in(1), order_in(2)) << "or clients could choose keys that meet in every store";
}

}  // namespace
}  // namespace understudy::store
