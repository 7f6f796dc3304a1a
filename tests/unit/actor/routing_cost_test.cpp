// What routing costs: prints nanoseconds of processor time for docs/routing.md, and holds only what does not depend on
// the machine.
//
//     unit_tests --gtest_filter='RoutingCost.*'
#include "support/runtimes.hpp"
#include "understudy/actor/on_demand.hpp"
#include "understudy/actor/pool.hpp"
#include "understudy/actor/registry.hpp"
#include "understudy/actor/router.hpp"

#include <algorithm>
#include <array>
#include <ctime>
#include <memory>
#include <string_view>

#include <fmt/core.h>
#include <gtest/gtest.h>

namespace understudy::test {
namespace {

struct Add {
  std::int64_t value;
  Reply<std::int64_t> reply;
};
constexpr Name<Add> counter{"counter"};
constexpr int rounds = 20'000;
constexpr int new_keys = 2'000;
constexpr int repetitions = 7;

Task<> count(Mailbox<Add>& inbox) {
  std::int64_t total = 0;
  while (auto add = co_await inbox.receive()) add->reply(total += add->value);
}
Task<> count_for(Mailbox<Add>& inbox, int /*key*/) {
  Task<> counting = count(inbox);
  co_await std::move(counting);
}

template <typename To>
Task<int> ask_often(const To& to) {
  int answered = 0;
  for (int i = 0; i < rounds; ++i) {
    const Result<std::int64_t> total = co_await to.template ask<Add>(std::int64_t{1});
    if (total) ++answered;
  }
  co_return answered;
}
double nanoseconds_since(std::clock_t start) {
  return 1e9 * static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
}

/// Nanoseconds of processor time for one round, on all threads of the process: the median of several runs.
template <typename Run>
double time_of(Run run, int per_run = rounds) {
  std::array<double, repetitions> runs{};
  for (double& each : runs) {
    const std::clock_t start = std::clock();
    run();
    each = nanoseconds_since(start) / per_run;
  }
  std::ranges::nth_element(runs, runs.begin() + repetitions / 2);
  return runs[repetitions / 2];
}
template <typename To>
void print_cost(System& system, std::string_view what, const To& to) {
  const double ns = time_of([&] { EXPECT_EQ(wait(system, ask_often(to)).value_or(0), rounds); });
  fmt::print("{:<44} {:7.1f} ns\n", what, ns);
}

TEST(RoutingCost, OfAnAskByWay) {
  System system({.workers = 1});
  std::vector<Address<Add>> targets;
  for (int i = 0; i < 4; ++i) targets.push_back(system.spawn("target", count));
  const auto by_value =
      route::by_key([next = std::make_shared<std::int64_t>(0)](const Add& /*add*/) { return (*next)++; });
  print_cost(system, "ask, direct", targets[0]);
  const Router<Add> turns(system, "turns", route::in_caller, targets);
  print_cost(system, "ask, round robin over 4, in the caller", turns);
  const Router<Add> turns_door(system, "turns", route::by_actor, targets);
  print_cost(system, "ask, round robin over 4, by an actor", turns_door);
  print_cost(system, "ask, least loaded of 4, in the caller",
             Router(system, "least", route::in_caller, targets, route::least_loaded));
  print_cost(system, "ask, by key over 4, in the caller", Router(system, "key", route::in_caller, targets, by_value));
  print_cost(system, "ask, by key over 4, by an actor", Router(system, "key", route::by_actor, targets, by_value));
  print_cost(system, "ask, pool of up to 4", Pool(system, "pool", count, {.max = 4}));
}

TEST(RoutingCost, OfFindingAnActor) {
  System system({.workers = 1});
  const auto added = system.spawn_as(counter, count);
  ASSERT_TRUE(added);
  int found = 0;
  fmt::print("{:<44} {:7.1f} ns\n", "find by name", time_of([&] {
               for (int i = 0; i < rounds; ++i) found += system.find(counter).has_value() ? 1 : 0;
             }));
  EXPECT_EQ(found, rounds * repetitions);
  const OnDemand<int, Add> accounts(system, "accounts", count_for);
  const auto held = accounts.at(1);
  int same = 0;
  fmt::print("{:<44} {:7.1f} ns\n", "OnDemand::at of a known key", time_of([&] {
               for (int i = 0; i < rounds; ++i) same += accounts.at(1) == held ? 1 : 0;
             }));
  EXPECT_EQ(same, rounds * repetitions);
  int made = 0;
  const OnDemand<int, Add> many(system, "many", count_for, {.awake_max = 1'000'000});
  fmt::print("{:<44} {:7.1f} ns\n", "OnDemand: first ask of a new key",
             time_of(
                 [&] {
                   EXPECT_EQ(wait(system,
                                  [](const OnDemand<int, Add>& all, int first) -> Task<int> {
                                    int answered = 0;
                                    for (int i = 0; i < new_keys; ++i) {
                                      const Result<std::int64_t> total =
                                          co_await all.at(first + i).ask<Add>(std::int64_t{1});
                                      if (total) ++answered;
                                    }
                                    co_return answered;
                                  }(many, made))
                                 .value_or(0),
                             new_keys);
                   made += new_keys;
                 },
                 new_keys));
  EXPECT_EQ(many.statistics().lives, static_cast<std::uint64_t>(new_keys) * repetitions);
  const std::clock_t start = std::clock();
  system.shutdown();
  fmt::print("{:<44} {:7.1f} ns\n", "shutdown, for each actor on demand", nanoseconds_since(start) / made);
}

}  // namespace
}  // namespace understudy::test
