// Attacks: everything that may make a healthy actor look stuck: an hour of random load, queues, nested asks, a process
// that is stopped and goes on, clocks that jump, a machine with more to do than it can, bytes that nobody has had the
// time to look at. Nobody is ever restarted for that.
#include "support/runtimes.hpp"
#include "understudy/runtime/blocking.hpp"
#include "understudy/runtime/network.hpp"
#include "understudy/runtime/task_group.hpp"
#include "understudy/supervision/supervisor.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace understudy::test {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

struct Work {
  Duration takes;
  Reply<int> reply;
};

/// Works for a while, less than its cutoff, then asks the next in the row; the last asks nobody.
Task<> link_of_chain(Mailbox<Work>& inbox, Address<Work> next) {
  while (auto work = co_await inbox.receive()) {
    if (work->takes > Duration{0}) co_await sleep(work->takes);
    if (!next) {
      const auto slow = [] {};
      co_await blocking(slow);
      work->reply(1);
      continue;
    }
    const Result<int> answer = co_await next.ask<Work>(work->takes / 2);
    work->reply(answer.value_or(0) + 1);
  }
}

struct Chain {
  Chain(System& system, int links) {
    for (int i = 0; i < links; ++i) {
      actors.push_back(system.spawn("link", link_of_chain, {.capacity = 3}, i == 0 ? Address<Work>() : actors.back()));
    }
  }
  std::vector<Address<Work>> actors;
};

/// Asks one of the actors at random, again and again, after a pause or at once.
Task<> load(const std::vector<Address<Work>>* actors, std::uint64_t seed, TimePoint end, System* system,
            std::atomic<int>* answered) {
  SeededRandom random(seed);
  while (system->clock().now() < end) {
    const Address<Work>& to = (*actors)[random.below(actors->size())];
    const Duration takes = milliseconds(random.below(4) == 0 ? random.below(400) : random.below(5));
    const Result<int> got = co_await to.ask<Work>(takes);
    if (got) ++*answered;
    if (random.below(3) != 0) co_await sleep(milliseconds(random.below(20'000)));
  }
}

void expect_quiet(const Supervisor& supervisor) {
  for (const Incident& incident : supervisor.incidents()) ADD_FAILURE() << describe(incident);
  EXPECT_EQ(supervisor.incident_count(), 0U);
}

TEST(NoFalseAlarm, InAnHourOfRandomLoad) {
  for_each_seed(3, [](SimulatedSystem& simulation) {
    System& system = simulation.system();
    simulation.set_blocking_time_max(seconds(3));
    const Supervisor supervisor(system);
    const Chain chain(system, 6);
    std::atomic<int> answered = 0;
    TaskGroup loads(system);
    const TimePoint end = system.clock().now() + hours(1);
    for (std::uint64_t i = 0; i < 12; ++i) {
      loads.spawn(load(&chain.actors, simulation.seed() * 100 + i, end, &system, &answered));
    }
    // The process is stopped and goes on, by and by: time passes, and nothing has run.
    SeededRandom random(simulation.seed());
    while (system.clock().now() < end) {
      pass_time(system, milliseconds(random.below(60'000)));
      simulation.suspend_for(milliseconds(random.below(30'000)));
    }
    ASSERT_TRUE(wait(system, loads.join()));
    EXPECT_GT(answered.load(), 500);
    expect_quiet(supervisor);
  });
}

/// A request that waits longer than any cutoff, behind others that their actor does one by one.
TEST(NoFalseAlarm, BehindALongQueue) {
  on_every_runtime(
      [](System& system) {
        const Supervisor supervisor(system, {.heartbeat = milliseconds(20), .cutoff = milliseconds(100)});
        const auto last = system.spawn("last", link_of_chain, {}, Address<Work>());
        const auto first = system.spawn("first", link_of_chain, {}, last);
        TaskGroup others(system);
        std::atomic<int> answered = 0;
        const auto ask = [](Address<Work> to, Duration takes, std::atomic<int>& count) -> Task<> {
          if (co_await to.ask<Work>(takes)) ++count;
        };
        for (int i = 0; i < 15; ++i) others.spawn(ask(last, milliseconds(30), answered));
        pass_time(system, milliseconds(1));
        others.spawn(ask(first, Duration{0}, answered));
        ASSERT_TRUE(wait(system, others.join()));
        EXPECT_EQ(answered.load(), 16);
        expect_quiet(supervisor);
      },
      10);
}

/// One that puts requests aside and goes on with others is none that is at work on them.
TEST(NoFalseAlarm, IsNoExcuseForOneThatPutsRequestsAside) {
  for_each_seed(10, [](SimulatedSystem& simulation) {
    System& system = simulation.system();
    const Supervisor supervisor(system, {.heartbeat = milliseconds(20), .cutoff = milliseconds(100)});
    const auto forgetful = system.spawn("forgetful", [](Mailbox<Work>& inbox) -> Task<> {
      std::vector<Work> kept;
      while (auto work = co_await inbox.receive()) {
        co_await sleep(milliseconds(20));
        if (work->takes == Duration{0}) kept.push_back(std::move(*work));
      }
    });
    const auto asker = system.spawn("asker", link_of_chain, {}, forgetful);
    ASSERT_TRUE(asker.try_tell(Work{.takes = Duration{0}, .reply = {}}));
    // It is never idle, and never late itself.
    const auto start = simulation.now();
    while (supervisor.incident_count() == 0 && simulation.now() - start < seconds(2)) {
      static_cast<void>(forgetful.try_tell(Work{.takes = milliseconds(1), .reply = {}}));
      pass_time(system, milliseconds(10));
    }
    ASSERT_EQ(supervisor.incident_count(), 1U);
    EXPECT_EQ(supervisor.incidents()[0].actor, "/asker");
    EXPECT_LE(simulation.now() - start, milliseconds(350)) << "two cutoffs, and a little";
  });
}

TEST(NoFalseAlarm, WithFarMoreToDoThanWorkers) {
  System system({.workers = 1});
  const Supervisor supervisor(system, {.heartbeat = milliseconds(20), .cutoff = milliseconds(150)});
  const auto busy = [](Mailbox<Work>& inbox) -> Task<> {
    while (auto work = co_await inbox.receive()) {
      const auto end = std::chrono::steady_clock::now() + work->takes;
      while (std::chrono::steady_clock::now() < end) {
      }
      co_await yield();  // In the middle of its message it stands behind all the others.
      work->reply(1);
    }
  };
  std::vector<Address<Work>> actors;
  for (int i = 0; i < 300; ++i) actors.push_back(system.spawn("busy", busy));
  TaskGroup askers(system);
  std::atomic<int> answered = 0;
  for (const Address<Work>& actor : actors) {
    askers.spawn([](Address<Work> to, std::atomic<int>& count) -> Task<> {
      for (int i = 0; i < 2; ++i) {
        if (co_await to.ask<Work>(milliseconds(2))) ++count;
      }
    }(actor, answered));
  }
  ASSERT_TRUE(wait(system, askers.join()));
  EXPECT_EQ(answered.load(), 600);
  expect_quiet(supervisor);
}

struct ReadByte {
  Reply<bool> reply;
};
Task<> reads_bytes(Mailbox<ReadByte>& inbox, Listener* listener, std::atomic<bool>* reading) {
  const Result<std::unique_ptr<Connection>> connection = co_await listener->accept();
  while (auto request = co_await inbox.receive()) {
    std::array<char, 1> byte{};
    reading->store(true);
    const Result<std::size_t> count = co_await (*connection)->read_some(byte);
    request->reply(count && *count == 1);
  }
}

/// A byte comes for an actor that waits for it, and the only worker computes for far longer than its cutoff. Whether
/// the actor was left in peace.
bool byte_comes_while_another_computes() {
  System system({.workers = 1});
  const Supervisor supervisor(system, {.heartbeat = milliseconds(10), .cutoff = milliseconds(10)});
  const std::unique_ptr<Listener> listener = system.network().listen("127.0.0.1", 0).value();
  boost::asio::io_context loop;
  boost::asio::ip::tcp::socket peer(loop);
  std::atomic<bool> reading = false;
  std::atomic<bool> read = false;
  const Address<ReadByte> reader = system.spawn("reader", reads_bytes, {}, listener.get(), &reading);
  peer.connect({boost::asio::ip::address_v4::loopback(), listener->port()});
  TaskGroup tasks(system);
  tasks.spawn([](Address<ReadByte> asked, std::atomic<bool>& got) -> Task<> {
    const Result<bool> answer = co_await asked.ask<ReadByte>();
    got = answer.value_or(false);
  }(reader, read));
  tasks.spawn([](boost::asio::ip::tcp::socket& to, const std::atomic<bool>& waits) -> Task<> {
    while (!waits) co_await yield();
    boost::asio::write(to, boost::asio::buffer("!", 1));
    const auto end = std::chrono::steady_clock::now() + milliseconds(60);
    while (std::chrono::steady_clock::now() < end) std::this_thread::yield();
  }(peer, reading));
  EXPECT_TRUE(wait(system, tasks.join()));
  system.shutdown();
  return read && supervisor.incident_count() == 0;
}

TEST(NoFalseAlarm, WhenWhatItWaitsForHasComeAndNobodyHasLooked) {
  // A machine that does not let the worker write the byte for as long as a cutoff may spoil a round, but not all.
  int left_in_peace = 0;
  for (int round = 0; round < 10 && left_in_peace == 0; ++round) {
    left_in_peace += byte_comes_while_another_computes() ? 1 : 0;
  }
  EXPECT_GT(left_in_peace, 0);
}

}  // namespace
}  // namespace understudy::test
