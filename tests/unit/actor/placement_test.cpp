// Attacks: an actor that is bound to a worker, or has a thread of its own, runs there and nowhere else, whoever sends
// to it, across restarts; nothing is lost on the way; its thread ends with it.
#include "support/runtimes.hpp"
#include "understudy/actor/system.hpp"
#include "understudy/runtime/sleep.hpp"
#include "understudy/runtime/task_group.hpp"
#include "understudy/runtime/wait.hpp"
#include "understudy/supervision/supervisor.hpp"

#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace understudy {
namespace {

using test::on_every_runtime;
using test::on_real_threads;

struct Where {
  bool crash;
  Reply<std::thread::id> reply;
};

Task<> tells_where(Mailbox<Where>& inbox) {
  while (auto question = co_await inbox.receive()) {
    co_await yield();
    if (question->crash) throw std::runtime_error("as told");
    question->reply(std::this_thread::get_id());
  }
}

Task<> ask_often(Address<Where> to, std::mutex& mutex, std::set<std::thread::id>& seen) {
  for (int i = 0; i < 300; ++i) {
    const Result<std::thread::id> answer = co_await to.ask<Where>(false);
    if (i % 10 == 0) co_await yield();
    if (!answer) continue;  // Its incarnation crashed.
    const std::lock_guard lock(mutex);
    seen.insert(*answer);
  }
}

/// The threads on which an actor so placed answers, asked from everywhere, and reset now and then.
std::set<std::thread::id> threads_of(System& system, Placement placement) {
  const Address<Where> actor = system.spawn("placed", tells_where, {.placement = placement});
  std::mutex mutex;
  std::set<std::thread::id> seen;
  TaskGroup askers(system);
  for (int i = 0; i < 20; ++i) askers.spawn(ask_often(actor, mutex, seen));
  for (int i = 0; i < 3; ++i) static_cast<void>(wait(system, actor.ask<Where>(true)));
  EXPECT_TRUE(wait(system, askers.join()));
  return seen;
}

TEST(Placement, OnAWorkerMeansThatWorker) {
  on_real_threads([](System& system) {
    const Supervisor supervisor(system, {.intensity = {.restarts = 100}});
    const std::set<std::thread::id> first = threads_of(system, Placement::worker(0));
    const std::set<std::thread::id> again = threads_of(system, Placement::worker(0));
    const std::set<std::thread::id> round = threads_of(system, Placement::worker(system.worker_count()));
    EXPECT_EQ(first.size(), 1U);
    EXPECT_EQ(first, again);
    EXPECT_EQ(first, round) << "modulo the number of workers";
    if (system.worker_count() > 1) {
      EXPECT_NE(first, threads_of(system, Placement::worker(1)));
    }
  });
}

TEST(Placement, AThreadOfItsOwnIsNobodyElses) {
  on_real_threads([](System& system) {
    const Supervisor supervisor(system, {.intensity = {.restarts = 100}});
    const std::set<std::thread::id> first = threads_of(system, Placement::own_thread());
    const std::set<std::thread::id> second = threads_of(system, Placement::own_thread());
    EXPECT_EQ(first.size(), 1U);
    EXPECT_EQ(second.size(), 1U);
    EXPECT_NE(first, second);
    for (std::uint32_t i = 0; i < system.worker_count(); ++i) {
      EXPECT_NE(first, threads_of(system, Placement::worker(i)));
    }
  });
}

TEST(Placement, ActorsOnThreadsOfTheirOwnTalkToOneAnother) {
  on_every_runtime([](System& system) {
    // A ring of actors, each on its own thread, each telling the next: wake-ups that get lost would end the round.
    struct Hop {
      int left;
      Reply<int> reply;
    };
    std::vector<Address<Hop>> ring;
    for (int i = 0; i < 4; ++i) {
      ring.push_back(system.spawn("hop",
                                  [&ring, i](Mailbox<Hop>& inbox) -> Task<> {
                                    while (auto hop = co_await inbox.receive()) {
                                      if (hop->left == 0) {
                                        hop->reply(i);
                                      } else {
                                        static_cast<void>(ring[static_cast<std::size_t>(i + 1) % 4].try_tell(
                                            Hop{hop->left - 1, std::move(hop->reply)}));
                                      }
                                    }
                                  },
                                  {.placement = i % 2 == 0 ? Placement::own_thread() : Placement::worker(0)}));
    }
    for (int round = 0; round < 20; ++round) {
      EXPECT_EQ(wait(system, ring[0].ask<Hop>(round * 10 + 3)).value(), (round * 10 + 3) % 4);
    }
    system.shutdown();
  });
}

TEST(Placement, ThreadsComeAndGoWithTheirActors) {
  on_real_threads([](System& system) {
    for (int i = 0; i < 50; ++i) {
      const Address<Where> actor = system.spawn("short", tells_where, {.placement = Placement::own_thread()});
      ASSERT_TRUE(wait(system, actor.ask<Where>(false)));
      if (i % 2 == 0) actor.stop();
    }
  });
}

TEST(Placement, AfterShutdownNoThreadIsLeftBehind) {
  on_real_threads([](System& system) {
    system.shutdown();
    const Address<Where> late = system.spawn("late", tells_where, {.placement = Placement::own_thread()});
    EXPECT_TRUE(late.stopped());
  });
}

}  // namespace
}  // namespace understudy
