// Attacks: an Address is good over all incarnations of its actor, after its end, and after the end of its system.
#include "support/counted.hpp"
#include "support/runtimes.hpp"
#include "understudy/supervision/supervisor.hpp"

#include <optional>

#include <gtest/gtest.h>

namespace understudy::test {
namespace {

struct Ping {
  Reply<int> reply;
};
struct Adopt {
  Reply<Address<Ping>> reply;
};

Task<> ponger(Mailbox<Ping>& inbox) {
  while (auto ping = co_await inbox.receive()) ping->reply(1);
}

Task<> parent(Mailbox<Adopt>& inbox) {
  const Address<Ping> child = spawn_child("child", ponger);
  while (auto adopt = co_await inbox.receive()) adopt->reply(child);
}

TEST(Address, OutlivesItsActorAndItsParent) {
  on_every_runtime([](System& system) {
    Address<Ping> child;
    {
      const Address<Adopt> root = system.spawn("parent", parent);
      const Result<Address<Ping>> adopted = wait(system, root.ask<Adopt>());
      ASSERT_TRUE(adopted);
      child = *adopted;
      EXPECT_EQ(wait(system, child.ask<Ping>()).value_or(0), 1);
      root.stop();
    }
    ASSERT_TRUE(eventually(system, [&] { return child.stopped(); }));
    EXPECT_EQ(child.path(), "/parent/child");
    EXPECT_EQ(child.try_tell(Ping{}).error(), ErrorCode::actor_stopped);
    EXPECT_EQ(wait(system, child.ask<Ping>()).error(), ErrorCode::actor_stopped);
    EXPECT_EQ(wait(system, child.ask<Ping>().within(std::chrono::seconds(1))).error(), ErrorCode::actor_stopped);
    EXPECT_FALSE(child.reset());
    child.stop();
  });
}

TEST(Address, OutlivesItsSystem) {
  Address<Ping> child;
  Address<Ping> root;
  std::optional<System> other(std::in_place, RuntimeOptions{.workers = 1});
  {
    System system({.workers = 2});
    root = system.spawn("root", ponger);
    const Address<Adopt> elder = system.spawn("parent", parent);
    child = wait(system, elder.ask<Adopt>()).value();
  }
  for (const Address<Ping>& address : {root, child}) {
    EXPECT_TRUE(address.stopped());
    EXPECT_EQ(address.try_tell(Ping{}).error(), ErrorCode::actor_stopped);
    EXPECT_EQ(wait(*other, address.ask<Ping>()).error(), ErrorCode::actor_stopped);
    EXPECT_EQ(wait(*other, address.ask<Ping>().within(std::chrono::seconds(1))).error(), ErrorCode::actor_stopped);
    EXPECT_EQ(wait(*other, address.tell(Ping{})).error(), ErrorCode::actor_stopped);
    EXPECT_FALSE(address.reset());
    address.stop();
    EXPECT_EQ(address.depth(), 0U);
    EXPECT_EQ(address.incarnation(), 1U);
  }
  EXPECT_EQ(root.path(), "/root");
  EXPECT_EQ(child.path(), "/parent/child");
}

TEST(Address, FollowsItsActorOverIncarnations) {
  on_every_runtime([](System& system) {
    const Supervisor supervisor(system);
    const Address<Ping> actor = system.spawn("ponger", ponger);
    for (std::uint32_t life = 1; life <= 5; ++life) {
      EXPECT_EQ(wait(system, actor.ask<Ping>()).value_or(0), 1);
      EXPECT_EQ(actor.incarnation(), life);
      EXPECT_TRUE(actor.reset());
    }
  });
}

TEST(Address, ComparesByActor) {
  System system({.workers = 1});
  const Address<Ping> a = system.spawn("same", ponger);
  const Address<Ping> b = system.spawn("same", ponger);
  const Address<Ping> again = a;
  EXPECT_EQ(a, again);
  EXPECT_FALSE(a == b);
  EXPECT_TRUE(static_cast<bool>(a));
  EXPECT_FALSE(static_cast<bool>(Address<Ping>()));
}

TEST(AddressDeathTest, ThatPointsNowhereIsNoAddress) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        set_log_level(LogLevel::error);
        Address<Ping>().stop();
      },
      "points nowhere");
}

/// What an actor's function captures ends with the actor, even if it holds the actor's own address.
TEST(Address, OfItselfKeepsNoActorAlive) {
  const Census census;
  {
    System system({.workers = 1});
    struct Shared {
      explicit Shared(const Census& all) : life(all) {}
      Counted life;
      Address<Ping> own;
    };
    const auto shared = std::make_shared<Shared>(census);
    shared->own = system.spawn("self", [shared](Mailbox<Ping>& inbox) { return ponger(inbox); });
    EXPECT_EQ(wait(system, shared->own.ask<Ping>()).value_or(0), 1);
  }
  EXPECT_EQ(census.living(), 0);
}

}  // namespace
}  // namespace understudy::test
