// Attacks: the first steps of actors: state in a loop over a mailbox, requests with replies, messages that are sums of
// others, actors that create actors and send to others, in one system or two.
#include "support/runtimes.hpp"
#include "understudy/runtime/task_group.hpp"

#include <map>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace understudy::test {
namespace {

Task<> basic_actor(Mailbox<std::int64_t>& inbox, std::shared_ptr<std::vector<std::int64_t>> states) {
  std::int64_t state = 0;
  while (auto value = co_await inbox.receive()) {
    state += *value;
    states->push_back(state);
  }
}

TEST(Chapter, ABasicActorSumsUpTo45) {
  on_every_runtime([](System& system) {
    const auto states = std::make_shared<std::vector<std::int64_t>>();
    const auto actor = system.spawn("basic", basic_actor, {.capacity = 100}, states);
    const auto drive = [](Address<std::int64_t> to) -> Task<> {
      for (std::int64_t value = 0; value < 10; ++value) EXPECT_TRUE(co_await to.tell(value));
    };
    ASSERT_TRUE(wait(system, drive(actor)));
    system.shutdown();
    EXPECT_THAT(*states, testing::ElementsAre(0, 1, 3, 6, 10, 15, 21, 28, 36, 45));
  });
}

struct Add {
  std::int64_t value;
  Reply<std::int64_t> reply;
};

Task<> responding_actor(Mailbox<Add>& inbox, std::int64_t start) {
  std::int64_t state = start;
  while (auto add = co_await inbox.receive()) {
    state += add->value;
    add->reply(state);
  }
}

TEST(Chapter, ARespondingActorAnswersWithItsTotal) {
  on_every_runtime([](System& system) {
    const auto actor = system.spawn("responding", responding_actor, {}, 100);
    std::int64_t last = 0;
    for (std::int64_t value = 0; value < 10; ++value) last = wait(system, actor.ask<Add>(value)).value_or(-1);
    EXPECT_EQ(last, 145);
  });
}

// A sum type of sum types, as a router has it.
struct Set {
  std::string key;
  std::string value;
  Reply<void> response;
};
struct Get {
  std::string key;
  Reply<std::optional<std::string>> response;
};
struct Delete {
  std::string key;
  Reply<bool> response;
};
using KeyValue = std::variant<Set, Get, Delete>;
struct Heartbeat {
  std::string who;
};
using Routing = std::variant<KeyValue, Heartbeat>;

template <typename... Handlers>
struct Overloaded : Handlers... {
  using Handlers::operator()...;
};

Task<> key_value_actor(Mailbox<KeyValue>& inbox) {
  std::map<std::string, std::string> map;
  while (auto message = co_await inbox.receive()) {
    std::visit(Overloaded{
                   [&](Set& set) {
                     map[set.key] = set.value;
                     set.response();
                   },
                   [&](Get& get) {
                     const auto found = map.find(get.key);
                     get.response(found == map.end() ? std::nullopt : std::optional(found->second));
                   },
                   [&](Delete& remove) { remove.response(map.erase(remove.key) > 0); },
               },
               *message);
  }
}

Task<> router_actor(Mailbox<Routing>& inbox, std::shared_ptr<std::atomic<int>> beats) {
  const Address<KeyValue> key_value = spawn_child("key-value", key_value_actor, {.capacity = 32});
  while (auto message = co_await inbox.receive()) {
    if (auto* inner = std::get_if<KeyValue>(&*message)) {
      EXPECT_TRUE(co_await key_value.tell(std::move(*inner)));
    } else {
      ++*beats;
    }
  }
}

TEST(Chapter, ARouterPassesNestedMessagesOn) {
  on_every_runtime([](System& system) {
    const auto beats = std::make_shared<std::atomic<int>>(0);
    const auto router = system.spawn("router", router_actor, {.capacity = 32}, beats);
    ASSERT_TRUE(wait(system, router.ask<Set>("hello", "world")));
    EXPECT_EQ(wait(system, router.ask<Get>("hello")).value(), "world");
    EXPECT_TRUE(wait(system, router.ask<Delete>("hello")).value());
    EXPECT_FALSE(wait(system, router.ask<Delete>("hello")).value());
    EXPECT_EQ(wait(system, router.ask<Get>("hello")).value(), std::nullopt);
    ASSERT_TRUE(router.try_tell(Heartbeat{"writer"}));
    ASSERT_TRUE(wait(system, router.ask<Set>(std::string("k\0v", 3), std::string(100'000, '\xFF'))));
    EXPECT_EQ(wait(system, router.ask<Get>(std::string("k\0v", 3))).value()->size(), 100'000U);
    EXPECT_EQ(beats->load(), 1);
  });
}

TEST(Chapter, ActorsOfTwoSystemsAskOneAnother) {
  System one({.workers = 1});
  System two({.workers = 2});
  const auto adder = two.spawn("adder", responding_actor, {}, 0);
  const auto relay = one.spawn("relay", [adder](Mailbox<Add>& inbox) -> Task<> {
    while (auto add = co_await inbox.receive()) add->reply.complete(co_await adder.ask<Add>(add->value));
  });
  std::atomic<int> good = 0;
  TaskGroup askers(two);
  for (int i = 0; i < 20; ++i) {
    askers.spawn([](Address<Add> to, std::atomic<int>& count) -> Task<> {
      for (int n = 0; n < 200; ++n) {
        if (co_await to.ask<Add>(1)) ++count;
      }
    }(relay, good));
  }
  ASSERT_TRUE(wait(two, askers.join()));
  EXPECT_EQ(good.load(), 4000);
  EXPECT_EQ(wait(one, adder.ask<Add>(0)).value_or(0), 4000);
}

TEST(Chapter, TwoSimulationsKeepTheirOwnTime) {
  SimulatedSystem one(1);
  SimulatedSystem two(2);
  const auto actor = one.system().spawn("adder", responding_actor, {}, 0);
  EXPECT_EQ(wait(one.system(), actor.ask<Add>(1)).value_or(0), 1);
  two.run_for(std::chrono::hours(1));
  EXPECT_LT(one.now(), std::chrono::seconds(1));
  EXPECT_EQ(wait(one.system(), actor.ask<Add>(1)).value_or(0), 2);
}

}  // namespace
}  // namespace understudy::test
