// Attacks: code that holds a simulated thread where that is awkward: as a task, in a destructor, while it handles an
// exception, with tasks of its own, in a simulation that another simulation's actor runs, for ever.
#include "support/counted.hpp"
#include "support/quiet.hpp"
#include "understudy/actor/detail/slot_pointer.hpp"
#include "understudy/actor/stream.hpp"
#include "understudy/runtime/scope.hpp"
#include "understudy/runtime/sleep.hpp"
#include "understudy/runtime/task_group.hpp"
#include "understudy/runtime/wait.hpp"
#include "understudy/simulation/simulated_system.hpp"
#include "understudy/supervision/supervisor.hpp"

#include <exception>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace understudy::test {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

struct Hold {
  Duration how_long;
  Reply<std::uint32_t> reply;
};

/// Answers with its incarnation, after it has held its thread.
Task<> holder(Mailbox<Hold>& inbox, SimulatedSystem& simulation, Counted /*life*/) {
  while (auto job = co_await inbox.receive()) {
    if (job->how_long > Duration{0}) simulation.hold_thread(job->how_long);
    job->reply(this_actor().incarnation);
  }
}

SupervisionOptions hasty() {
  return {.heartbeat = milliseconds(20), .cutoff = milliseconds(100), .intensity = {.restarts = 1000}};
}

Result<std::uint32_t> ask(System& system, const Address<Hold>& to, Duration how_long) {
  return wait(system, to.ask<Hold>(how_long));
}

TEST(HoldThread, ForLessThanTheCutoffHarmsNobody) {
  const Census census;
  SimulatedSystem simulation(1);
  System& system = simulation.system();
  const Supervisor supervisor(system, hasty());
  const auto actor = system.spawn("holder", holder, {}, std::ref(simulation), Counted(census));
  const Duration before = simulation.now();
  EXPECT_EQ(ask(system, actor, milliseconds(90)).value_or(0), 1U);
  EXPECT_GE(simulation.now() - before, milliseconds(90));
  EXPECT_LT(simulation.now() - before, milliseconds(92));
  EXPECT_EQ(supervisor.incident_count(), 0U);
  EXPECT_EQ(simulation.threads_held(), 0U);
}

TEST(HoldThread, ForLongerEndsInAnIncidentAndARestart) {
  const Census census;
  SimulatedSystem simulation(1);
  System& system = simulation.system();
  const Supervisor supervisor(system, hasty());
  const auto actor = system.spawn("holder", holder, {}, std::ref(simulation), Counted(census));
  const Duration before = simulation.now();
  EXPECT_EQ(ask(system, actor, seconds(1)).error(), ErrorCode::actor_crashed);
  EXPECT_LT(simulation.now() - before, milliseconds(120)) << "its cutoff, and a tick or two";
  EXPECT_EQ(ask(system, actor, Duration{0}).value_or(0), 2U);
  EXPECT_EQ(simulation.threads_held(), 1U);
  EXPECT_EQ(system.abandoned().threads_now, 1U);
  ASSERT_EQ(supervisor.incident_count(), 1U);
  EXPECT_EQ(supervisor.incidents()[0].kind, IncidentKind::holding_a_thread);
  simulation.run_for(seconds(1));
  EXPECT_EQ(simulation.threads_held(), 0U);
  EXPECT_EQ(system.abandoned().threads_now, 0U);
  EXPECT_GE(system.abandoned().refused, 1U) << "its reply";
}

TEST(HoldThread, OneSeedGivesOneHistory) {
  std::set<std::uint64_t> histories;
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    std::set<std::uint64_t> same;
    for (int i = 0; i < 2; ++i) {
      const Census census;
      SimulatedSystem simulation(seed);
      System& system = simulation.system();
      const Supervisor supervisor(system, hasty());
      const auto actor = system.spawn("holder", holder, {}, std::ref(simulation), Counted(census));
      for (const int ms : {300, 50, 0, 150}) static_cast<void>(ask(system, actor, milliseconds(ms)));
      simulation.run_for(seconds(1));
      same.insert(simulation.trace_hash());
    }
    EXPECT_EQ(same.size(), 1U) << "seed " << seed;
    histories.insert(*same.begin());
  }
  EXPECT_EQ(histories.size(), 30U);
}

/// The second asker's slot lies where the first one's did, whose Reply is still held.
TEST(HoldThread, ForgetsEachReplyThatWasLeftWithAThread) {
  for (const int second : {100, 1000}) {
    const Census census;
    SimulatedSystem simulation(1);
    System& system = simulation.system();
    const Supervisor supervisor(system, hasty());
    const auto actor = system.spawn("holder", holder, {}, std::ref(simulation), Counted(census));
    for (const int more : {500, second}) {
      EXPECT_EQ(ask(system, actor, milliseconds(100 + more)).error(), ErrorCode::actor_crashed);
    }
    EXPECT_EQ(detail::SlotPointer::orphans(), 2U);
    simulation.run_for(seconds(2));
    EXPECT_EQ(detail::SlotPointer::orphans(), 0U);
  }
}

/// An asker that has gone leaves its memory to the Reply, which the thread lets go of when it comes back. What it would
/// not give back is seen by the leak sanitizer.
TEST(HoldThread, WithARequestWhoseAskerHasGone) {
  for (const bool destroyed : {false, true}) {
    const Census census;
    Result<std::uint32_t> answer;
    {
      SimulatedSystem simulation(1);
      System& system = simulation.system();
      const Supervisor supervisor(system, hasty());
      const auto actor = system.spawn("holder", holder, {}, std::ref(simulation), Counted(census));
      TaskGroup askers(system);
      askers.spawn([](Address<Hold> to, bool for_ever, Result<std::uint32_t>& into, Counted /*life*/) -> Task<> {
        if (for_ever) {
          into = co_await to.ask<Hold>(milliseconds(300));
        } else {
          into = co_await to.ask<Hold>(milliseconds(300)).within(milliseconds(20));
        }
      }(actor, destroyed, answer, Counted(census)));
      simulation.run_for(milliseconds(50));
      askers.cancel();
      ASSERT_TRUE(wait(system, askers.join()));
      EXPECT_EQ(census.living(), 2) << "the actor's, and its function's";
      simulation.run_for(seconds(1));
      EXPECT_EQ(system.abandoned().threads_ever, 1U);
      EXPECT_GE(system.abandoned().refused, 1U);
      EXPECT_EQ(simulation.threads_held(), 0U);
    }
    EXPECT_TRUE(destroyed || answer.error() == ErrorCode::timeout);
    EXPECT_EQ(census.living(), 0);
    EXPECT_EQ(detail::SlotPointer::orphans(), 0U);
  }
}

TEST(HoldThread, ForEverDoesNotHoldUpShutdown) {
  for (const bool supervised : {true, false}) {
    const Census census;
    {
      SimulatedSystem simulation(1);
      System& system = simulation.system();
      std::optional<Supervisor> supervisor;
      if (supervised) supervisor.emplace(system, hasty());
      const auto actor = system.spawn("holder", holder, {}, std::ref(simulation), Counted(census));
      ASSERT_TRUE(actor.try_tell(Hold{.how_long = Duration::max(), .reply = {}}));
      simulation.run_for(milliseconds(5));
      const Duration before = simulation.now();
      system.shutdown(milliseconds(50));
      EXPECT_LE(simulation.now() - before, milliseconds(250));
      EXPECT_TRUE(actor.stopped());
      EXPECT_GT(census.living(), 0) << "its frame is left with its thread";
    }
    EXPECT_EQ(census.living(), 0) << "it has come back after its system";
  }
}

TEST(HoldThread, PastTheLimitOfThreadsAsksForAShutdown) {
  const Census census;
  SimulatedSystem simulation(1);
  System& system = simulation.system();
  SupervisionOptions options = hasty();
  options.abandoned_threads_max = 2;
  const Supervisor supervisor(system, options);
  for (int i = 0; i < 3; ++i) {
    const auto actor = system.spawn("holder", holder, {}, std::ref(simulation), Counted(census));
    ASSERT_TRUE(actor.try_tell(Hold{.how_long = Duration::max(), .reply = {}}));
  }
  const Result<Error> reason = wait(system, system.wait_for_shutdown_request());
  ASSERT_TRUE(reason);
  EXPECT_THAT(std::string(reason->message()), HasSubstr("needs to be started anew"));
  EXPECT_EQ(system.abandoned().threads_now, 2U);
}

TEST(HoldThread, OfATaskLetsAllElseGoOn) {
  SimulatedSystem simulation(1);
  System& system = simulation.system();
  std::string order;
  TaskGroup tasks(system);
  tasks.spawn([](SimulatedSystem& own, std::string& log) -> Task<> {
    log += own.hold_thread(milliseconds(20)) ? 'b' : '?';
    co_await sleep(milliseconds(20));
    log += 'd';
  }(simulation, order));
  tasks.spawn([](std::string& log) -> Task<> {
    co_await sleep(milliseconds(10));
    log += 'a';
    co_await sleep(milliseconds(20));
    log += 'c';
  }(order));
  EXPECT_TRUE(wait(system, tasks.join()));
  EXPECT_EQ(order, "abcd");
}

/// A replaced incarnation is destroyed when its scope's tasks, which may use its frames, have ended; not before.
TEST(HoldThread, WithTasksOfItsOwn) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    const Census census;
    {
      SimulatedSystem simulation(seed);
      System& system = simulation.system();
      const Supervisor supervisor(system, hasty());
      const auto actor = system.spawn("scoped", [&](Mailbox<Hold>& inbox) -> Task<> {
        while (auto job = co_await inbox.receive()) {
          std::string borrowed(100, 'x');
          const auto body = [&](Scope& scope) -> Task<> {
            scope.spawn([](std::string& text, Counted /*life*/) -> Task<> {
              for (;;) {
                co_await sleep(Duration(500));
                text += 'y';
              }
            }(borrowed, Counted(census)));
            if (job->how_long > Duration{0}) simulation.hold_thread(job->how_long);
            scope.cancel();
            co_await scope.join();  // Of a replaced one they have ended.
            EXPECT_EQ(borrowed.substr(0, 100), std::string(100, 'x'));
          };
          co_await scope(body);
          job->reply(this_actor().incarnation);
        }
      });
      EXPECT_EQ(ask(system, actor, milliseconds(101 + seed)).error(), ErrorCode::actor_crashed);
      EXPECT_EQ(ask(system, actor, Duration{0}).value_or(0), 2U);
      simulation.run_for(seconds(1));
      EXPECT_EQ(simulation.threads_held(), 0U);
    }
    EXPECT_EQ(census.living(), 0) << "seed " << seed;
  }
}

/// What one thread handles and throws is nothing to the others.
TEST(HoldThread, WhileAnExceptionIsHandled) {
  SimulatedSystem simulation(1);
  System& system = simulation.system();
  std::vector<std::string> seen;
  struct Holding {
    ~Holding() { simulation.hold_thread(milliseconds(20)); }
    SimulatedSystem& simulation;
  };
  const auto thrower = [&](std::string what, Duration first) -> Task<> {
    co_await sleep(first);
    try {
      try {
        const Holding while_it_is_under_way(simulation);
        throw std::runtime_error(what);
      } catch (const std::exception&) {
        simulation.hold_thread(milliseconds(20));
        throw;
      }
    } catch (const std::exception& error) {
      seen.push_back(what + error.what() + std::to_string(std::uncaught_exceptions()));
    }
  };
  TaskGroup tasks(system);
  for (int i = 0; i < 3; ++i) tasks.spawn(thrower(std::string(1, static_cast<char>('a' + i)), milliseconds(9 * i)));
  EXPECT_TRUE(wait(system, tasks.join()));
  EXPECT_EQ(seen, (std::vector<std::string>{"aa0", "bb0", "cc0"}));
  EXPECT_EQ(std::current_exception(), nullptr);
}

struct SlowToEnd {
  explicit SlowToEnd(SimulatedSystem& own) : simulation(own) {}
  SlowToEnd(const SlowToEnd&) = delete;
  SlowToEnd& operator=(const SlowToEnd&) = delete;
  ~SlowToEnd() { simulation.hold_thread(seconds(5)); }
  SimulatedSystem& simulation;
};

TEST(HoldThread, InADestructorIsReportedAndAsksForAShutdown) {
  SimulatedSystem simulation(1);
  System& system = simulation.system();
  const Supervisor supervisor(system, hasty());
  const auto actor = system.spawn("clinging", [&](Mailbox<Hold>& inbox) -> Task<> {
    const SlowToEnd clinging(simulation);
    while (auto job = co_await inbox.receive()) job->reply(this_actor().incarnation);
  });
  EXPECT_EQ(ask(system, actor, Duration{0}).value_or(0), 1U);
  EXPECT_TRUE(actor.reset());
  const Result<Error> reason = wait(system, system.wait_for_shutdown_request());
  ASSERT_TRUE(reason);
  EXPECT_THAT(std::string(reason->message()), HasSubstr("in a destructor"));
  EXPECT_EQ(system.abandoned().threads_ever, 0U);
  EXPECT_EQ(ask(system, actor, Duration{0}).value_or(0), 2U) << "if it comes back after all, it goes on";
}

TEST(HoldThread, InASimulationThatAnActorOfAnotherRuns) {
  SimulatedSystem outer(1);
  std::uint32_t inner_answer = 0;
  std::uint32_t outer_life = 0;
  const auto runner = outer.system().spawn("runner", [&](Mailbox<Hold>& inbox) -> Task<> {
    while (auto job = co_await inbox.receive()) {
      const Census census;
      SimulatedSystem inner(2);
      const Supervisor supervisor(inner.system(), hasty());
      const auto actor = inner.system().spawn("holder", holder, {}, std::ref(inner), Counted(census));
      static_cast<void>(ask(inner.system(), actor, hours(1)));
      inner_answer = ask(inner.system(), actor, Duration{0}).value_or(0);
      outer_life = this_actor().incarnation;
      outer.hold_thread(milliseconds(1));
      inner.run_for(milliseconds(1));
      job->reply(7U);
    }
  });
  EXPECT_EQ(ask(outer.system(), runner, Duration{0}).value_or(0), 7U);
  EXPECT_EQ(inner_answer, 2U);
  EXPECT_EQ(outer_life, 1U);
}

struct List {
  bool hold;
  ReplyStream<int> items;
};

/// Its stream ends with an error, whatever it says of it, and what it sends is not taken.
TEST(HoldThread, AStreamOfAReplacedOneEndsInAnError) {
  for (const bool finishes : {true, false}) {
    SimulatedSystem simulation(1);
    System& system = simulation.system();
    const Supervisor supervisor(system, hasty());
    const auto actor = system.spawn("lister", [&](Mailbox<List>& inbox) -> Task<> {
      while (auto list = co_await inbox.receive()) {
        static_cast<void>(co_await list->items.send(1));
        if (list->hold) simulation.hold_thread(milliseconds(200));
        const Result<void> sent = co_await list->items.send(2);
        EXPECT_EQ(sent.has_value(), !list->hold);
        EXPECT_TRUE(sent || sent.error() == ErrorCode::cancelled);
        if (finishes) list->items.finish();
      }
    });
    for (const bool hold : {true, false}) {
      std::vector<int> taken;
      Result<void> end;
      TaskGroup takers(system);
      takers.spawn([](Address<List> from, bool held, std::vector<int>& items, Result<void>& result) -> Task<> {
        Stream<int> stream = co_await open_stream<List>(from, 4, held);
        while (auto item = co_await stream.next()) items.push_back(*item);
        result = stream.result();
      }(actor, hold, taken, end));
      ASSERT_TRUE(wait(system, takers.join()));
      EXPECT_EQ(taken, (hold ? std::vector<int>{1} : std::vector<int>{1, 2}));
      EXPECT_EQ(end.has_value(), finishes && !hold);
      EXPECT_TRUE(!hold || end.error() == ErrorCode::actor_crashed);
    }
  }
}

}  // namespace
}  // namespace understudy::test
