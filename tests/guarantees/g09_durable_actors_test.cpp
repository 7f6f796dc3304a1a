// G9 and G3, for any actor: what a durable actor has answered survives what its durability says, nobody is told what a
// crash can still take back, and the messages that wait while it recovers are handled, in order. The attack: clients
// count upwards in an actor's state, readers note the highest number they were told, and actor, process or power are
// taken away at any moment.
#include "support/quiet.hpp"
#include "understudy/durable/durable_actor.hpp"
#include "understudy/runtime/sleep.hpp"
#include "understudy/runtime/task_group.hpp"
#include "understudy/runtime/wait.hpp"
#include "understudy/simulation/simulated_storage.hpp"
#include "understudy/simulation/simulated_system.hpp"
#include "understudy/supervision/supervisor.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

namespace understudy::test {
namespace {

struct Counted {
  static constexpr RecordKind kind{1};
  std::uint64_t number = 0;
  void fields(auto& field) { field(number); }
};
struct Counter {
  using Event = Counted;
  std::uint64_t value = 0;
  void apply(const Counted& event) { value = event.number; }
  void fields(auto& field) { field(value); }
};
struct Count {
  Reply<std::uint64_t> reply;
};
struct Look {
  Reply<std::uint64_t> reply;
};
using CounterMessage = std::variant<Count, Look>;

Task<> counter(Mailbox<CounterMessage>& inbox, Durable<Counter>& counter) {
  while (auto message = co_await inbox.receive()) {
    if (auto* count = std::get_if<Count>(&*message)) {
      counter.record(Counted{counter->value + 1});
      co_await counter.reply_when_safe(count->reply, counter->value);
    } else {
      co_await counter.reply_when_safe(std::get<Look>(*message).reply, counter->value);
    }
  }
}

/// The highest value that anybody was told.
struct Told {
  std::uint64_t value = 0;
  std::uint64_t answers = 0;
  bool over = false;  // What is answered from here on was never heard.
  void hear(std::uint64_t seen) {
    if (over) return;
    value = std::max(value, seen);
    ++answers;
  }
};

template <typename Request>
Task<> ask_on(Address<CounterMessage> address, std::shared_ptr<Told> told) {
  for (;;) {
    const Result<std::uint64_t> seen = co_await address.ask<Request>();
    if (seen) {
      told->hear(*seen);
    } else if (seen.error() == ErrorCode::actor_stopped) {
      co_return;
    }
    co_await sleep(std::chrono::microseconds(20));
  }
}

Task<> reset_now_and_then(Address<CounterMessage> address) {
  for (;;) {
    co_await sleep(std::chrono::milliseconds(5));
    static_cast<void>(address.reset());
  }
}

/// Gives how many answers were heard.
void attack(std::uint64_t seed, Durability durability, bool lose_power, std::uint64_t& answers) {
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  SeededRandom random(seed);
  SimulatedDisk disk(seed);
  const auto told = std::make_shared<Told>();
  for (int life = 0; life < 3; ++life) {
    SimulatedSystem simulation(random.next());
    System& system = simulation.system();
    const Supervisor supervisor(system);
    DurableOptions options;
    options.durability = durability;
    options.flush_interval = std::chrono::milliseconds(20);
    options.snapshot_after_bytes = 900;
    options.journal.segment_bytes_max = 600;
    options.open_storage = [&disk] { return Result<std::shared_ptr<Storage>>(disk.attach()); };
    const auto address = system.spawn("counter", durable(counter, options));
    ASSERT_GE(wait(system, address.ask<Look>()).value_or(0), told->value) << "in life " << life;
    told->over = false;
    TaskGroup group(system);
    for (int i = 0; i < 3; ++i) group.spawn(ask_on<Count>(address, told));
    for (int i = 0; i < 2; ++i) group.spawn(ask_on<Look>(address, told));
    group.spawn(reset_now_and_then(address));
    const std::uint64_t losses = disk.power_losses();
    if (lose_power) disk.lose_power_at(1 + random.below(60));
    simulation.run_until([&] { return disk.power_losses() != losses; },
                         std::chrono::milliseconds(1 + random.below(40)));
    told->over = true;
    disk.lose_power_at(0);
    if (lose_power && disk.power_losses() == losses) disk.crash();
    if (!lose_power) disk.kill();
    group.cancel();
  }
  answers += told->answers;
}

TEST(G09DurableActors, AlwaysSurvivesPowerLoss) {
  std::uint64_t answers = 0;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) attack(seed, Durability::always, true, answers);
  EXPECT_GT(answers, 5'000U);
}

TEST(G09DurableActors, IntervalSurvivesTheEndOfTheProcess) {
  std::uint64_t answers = 0;
  for (std::uint64_t seed = 1; seed <= 100; ++seed) attack(seed, Durability::interval, false, answers);
  EXPECT_GT(answers, 5'000U);
}

TEST(G03DurableActors, WhatWaitsWhileTheStateIsReadBackIsHandledInOrder) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    SCOPED_TRACE(seed);
    SimulatedDisk disk(seed);
    SimulatedSystem simulation(seed);
    System& system = simulation.system();
    const Supervisor supervisor(system);
    DurableOptions options;
    options.open_storage = [&disk] { return Result<std::shared_ptr<Storage>>(disk.attach()); };
    const auto address = system.spawn("counter", durable(counter, options));
    ASSERT_EQ(wait(system, address.ask<Count>()).value_or(0), 1U);
    const std::uint32_t before = address.incarnation();
    EXPECT_TRUE(address.reset());
    for (int i = 0; i < 20; ++i) EXPECT_TRUE(address.try_tell(Count{}));
    EXPECT_EQ(wait(system, address.ask<Count>()).value_or(0), 22U);
    EXPECT_EQ(address.incarnation(), before + 1);
  }
}

// G4: an incarnation that held its thread, was replaced, and comes back with a change, neither writes it nor answers.
TEST(G04DurableActors, AReplacedOneRecordsNothing) {
  SimulatedDisk disk(1);
  SimulatedSystem simulation(1);
  System& system = simulation.system();
  const Supervisor supervisor(system);
  DurableOptions options;
  options.open_storage = [&disk] { return Result<std::shared_ptr<Storage>>(disk.attach()); };
  bool came_back = false;
  const auto holder = [&](Mailbox<CounterMessage>& inbox, Durable<Counter>& state) -> Task<> {
    while (auto message = co_await inbox.receive()) {
      if (auto* count = std::get_if<Count>(&*message)) {
        state.record(Counted{state->value + 1});
        if (this_actor().incarnation == 1 && state->value == 2) {
          came_back = !simulation.hold_thread(std::chrono::seconds(5));
        }
        co_await state.reply_when_safe(count->reply, state->value);
      } else {
        co_await state.reply_when_safe(std::get<Look>(*message).reply, state->value);
      }
    }
  };
  const auto address = system.spawn("counter", durable(holder, options));
  EXPECT_EQ(wait(system, address.ask<Count>()).value_or(0), 1U);
  EXPECT_EQ(wait(system, address.ask<Count>()).error(), ErrorCode::actor_crashed);
  EXPECT_EQ(wait(system, address.ask<Count>()).value_or(0), 2U) << "the next incarnation's own";
  EXPECT_FALSE(came_back);
  simulation.run_for(std::chrono::seconds(10));
  EXPECT_TRUE(came_back);
  EXPECT_EQ(wait(system, address.ask<Look>()).value_or(0), 2U);
  EXPECT_TRUE(address.reset());
  EXPECT_EQ(wait(system, address.ask<Look>()).value_or(0), 2U) << "and that is what the disk has";
}

}  // namespace
}  // namespace understudy::test
