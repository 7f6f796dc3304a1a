// Attacks: names found before they are registered, after their actor has stopped, under another type, given twice,
// looked up while they are given, or lost over a restart.
#include "understudy/actor/name.hpp"

#include "support/counted.hpp"
#include "support/runtimes.hpp"
#include "understudy/actor/registry.hpp"
#include "understudy/supervision/supervisor.hpp"

#include <gtest/gtest.h>

namespace understudy::test {
namespace {

struct Add {
  int value;
  Reply<int> reply;
};
struct Other {
  int value;
};
constexpr Name<Add> counter{"counter"};
constexpr Name<Add> second{"second"};
constexpr Name<Other> counter_of_others{"counter"};

Task<> count(Mailbox<Add>& inbox, std::shared_ptr<Census> census) {
  const Counted life(*census);
  int total = 0;
  while (auto add = co_await inbox.receive()) {
    if (add->value < 0) throw std::runtime_error("told to");
    add->reply(total += add->value);
  }
}
Task<> others(Mailbox<Other>& inbox) {
  while (auto other = co_await inbox.receive()) {
  }
}

TEST(Name, StandsForOneActorOverAllItsLives) {
  on_every_runtime([](System& system) {
    const Supervisor supervisor(system);
    const auto census = std::make_shared<Census>();
    const auto early = system.find(counter);
    ASSERT_FALSE(early);
    EXPECT_EQ(early.error(), ErrorCode::not_installed);
    EXPECT_NE(early.error().message().find("\"counter\""), std::string::npos);
    const auto address = system.spawn_as(counter, count, {}, census);
    ASSERT_TRUE(address);
    EXPECT_EQ(address->path(), "/counter");
    EXPECT_EQ(system.find(counter).value(), *address);
    EXPECT_FALSE(wait(system, address->ask<Add>(-1)));
    const auto found = system.find(counter);
    ASSERT_TRUE(found);
    EXPECT_EQ(wait(system, found->ask<Add>(5)).value_or(0), 5);
    EXPECT_EQ(found->incarnation(), 2);
    EXPECT_FALSE(system.find(second));
  });
}

TEST(Name, IsGivenOnce) {
  on_every_runtime([](System& system) {
    const auto census = std::make_shared<Census>();
    const auto address = system.spawn("plain", count, {}, census);
    ASSERT_TRUE(register_as(counter, address));
    const auto twice = system.spawn_as(counter, count, {}, census);
    ASSERT_FALSE(twice);
    EXPECT_EQ(twice.error(), ErrorCode::already_installed);
    EXPECT_NE(twice.error().message().find("/plain"), std::string::npos);
    EXPECT_EQ(system.register_as(counter, address).error(), ErrorCode::already_installed);
    // After it has stopped the name may be given anew.
    address.stop();
    EXPECT_EQ(system.find(counter).error(), ErrorCode::actor_stopped);
    const auto next = system.spawn_as(counter, count, {}, census);
    ASSERT_TRUE(next);
    EXPECT_EQ(wait(system, system.find(counter).value().ask<Add>(7)).value_or(0), 7);
    next->stop();
    EXPECT_TRUE(eventually(system, [&] { return next->stopped() && address.stopped(); }));
    EXPECT_EQ(census->living(), 0);
    EXPECT_EQ(census->made(), 2) << "what was refused has not run";
  });
}

TEST(Name, OfOneTextHasOneType) {
  on_every_runtime([](System& system) {
    const auto census = std::make_shared<Census>();
    ASSERT_TRUE(system.spawn_as(counter, count, {}, census));
    for (const Error& error :
         {system.find(counter_of_others).error(), system.spawn_as(counter_of_others, others).error()}) {
      EXPECT_EQ(error, ErrorCode::invalid_argument);
      EXPECT_NE(error.message().find("Add"), std::string::npos) << error.message();
      EXPECT_NE(error.message().find("Other"), std::string::npos) << error.message();
    }
  });
}

TEST(Name, BelongsToItsSystem) {
  System first({.workers = 1});
  System other({.workers = 1});
  const auto census = std::make_shared<Census>();
  EXPECT_EQ(find(counter).error(), ErrorCode::not_installed) << "no process-wide system";
  ASSERT_TRUE(install(first));
  EXPECT_EQ(find(counter).error(), ErrorCode::not_installed);
  const auto in_first = first.spawn_as(counter, count, {}, census);
  const auto in_other = other.spawn_as(counter, count, {}, census);
  ASSERT_TRUE(in_first && in_other);
  EXPECT_EQ(find(counter).value(), *in_first);
  EXPECT_EQ(other.find(counter).value(), *in_other);
  EXPECT_EQ(other.register_as(second, *in_first).error(), ErrorCode::invalid_argument);
  // An actor finds it, and registers itself.
  const auto self = first.spawn("self", [](Mailbox<Add>& inbox) -> Task<> {
    const Result<void> registered = register_as(second, inbox.address());
    while (auto add = co_await inbox.receive()) {
      const Result<Address<Add>> there = find(counter);
      if (!there || !registered) continue;
      const Result<int> total = co_await there->ask<Add>(add->value);
      add->reply.complete(total);
    }
  });
  EXPECT_EQ(wait(first, self.ask<Add>(3)).value_or(0), 3);
  EXPECT_EQ(find(second).value(), self);
}

TEST(Name, IsFoundWhileItIsGivenAndTaken) {
  on_real_threads([](System& system) {
    const auto census = std::make_shared<Census>();
    const auto done = std::make_shared<std::atomic<bool>>(false);
    const auto answered = std::make_shared<std::atomic<int>>(0);
    TaskGroup group(system);
    for (int i = 0; i < 3; ++i) {
      group.spawn(
          [](System& all, std::shared_ptr<std::atomic<bool>> over, std::shared_ptr<std::atomic<int>> got) -> Task<> {
            while (!over->load()) {
              const Result<Address<Add>> there = all.find(counter);
              if (there) {
                const Result<int> total = co_await there->ask<Add>(1);
                if (total) ++*got;
              }
              co_await yield();
            }
          }(system, done, answered));
    }
    for (int round = 0; round < 100; ++round) {
      const auto next = system.spawn_as(counter, count, {}, census);
      ASSERT_TRUE(next);
      const int before = *answered;
      ASSERT_TRUE(eventually(system, [&] { return *answered > before; }));
      next->stop();
      ASSERT_TRUE(eventually(system, [&] { return next->stopped(); }));
    }
    *done = true;
    ASSERT_TRUE(wait(system, group.join()));
    EXPECT_EQ(census->living(), 0);
  });
}

TEST(Name, ASpawnDuringShutdownRefusesWhatItIsSent) {
  for_each_seed(50, [](SimulatedSystem& simulation) {
    System& system = simulation.system();
    const auto census = std::make_shared<Census>();
    system.shutdown();
    const auto late = system.spawn_as(counter, count, {}, census);
    ASSERT_TRUE(late);
    EXPECT_TRUE(late->stopped());
    EXPECT_EQ(system.find(counter).error(), ErrorCode::actor_stopped);
  });
}

}  // namespace
}  // namespace understudy::test
