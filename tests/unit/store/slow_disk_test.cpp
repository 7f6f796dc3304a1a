// A store on a disk that does not answer for a while: nothing is given up that the disk may still do.
#include "support/quiet.hpp"
#include "understudy/runtime/task_group.hpp"
#include "understudy/runtime/wait.hpp"
#include "understudy/simulation/simulated_storage.hpp"
#include "understudy/simulation/simulated_system.hpp"
#include "understudy/store/store.hpp"
#include "understudy/supervision/supervisor.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include <gtest/gtest.h>

namespace understudy::store {
namespace {

using std::chrono::seconds;

TEST(SlowDisk, AWriteThatComesBackAfterAMinuteIsWaitedForByTheNextWriter) {
  SimulatedDisk disk(1);
  SimulatedSystem simulation(1);
  System& system = simulation.system();
  Supervisor supervisor(system);
  StoreOptions options;
  options.open_storage = [&disk] { return Result<std::shared_ptr<Storage>>(disk.attach()); };
  const auto store = Store::open(system, std::move(options));
  ASSERT_TRUE(store);
  ASSERT_TRUE(wait(system, (*store)->set("before", "v")));
  disk.set_faults({.stuck_percent = 100, .stuck_time = seconds(60)});
  std::optional<Result<void>> stuck;
  TaskGroup group(system);
  group.spawn([](Store& to, std::optional<Result<void>>& done) -> Task<> { done = co_await to.set("stuck", "v"); }(
                                                                   **store, stuck));
  simulation.run_for(seconds(1));
  disk.set_faults({});
  const Address<RoutingMessage> router = (*store)->router();
  ASSERT_TRUE(wait(system, router.ask<Reset>(ActorType::writer)));
  simulation.run_for(seconds(30));
  std::optional<Result<std::optional<Bytes>>> read;
  group.spawn([](Store& from, std::optional<Result<std::optional<Bytes>>>& got) -> Task<> {
    got = co_await from.get("before");
  }(**store, read));
  EXPECT_TRUE(simulation.run_until([&] { return stuck && read; }, seconds(60))) << "nothing is served again";
  ASSERT_TRUE(read && *read);
  EXPECT_EQ(**read, "v");
  // Whether it happened was not known when it was answered; now it is, and stays so.
  const auto held = wait(system, (*store)->get("stuck"));
  ASSERT_TRUE(held);
  EXPECT_TRUE(wait(system, (*store)->set("after", "v")));
  EXPECT_EQ(wait(system, (*store)->get("stuck")).value(), *held);
}

}  // namespace
}  // namespace understudy::store
