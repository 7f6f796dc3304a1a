// G5: a system shuts down leaf first, bounded in time, with nothing leaked: frames, memory, file handles, threads.
// Attacked by shutdown at a random moment of a program that uses everything.
#include "support/counted.hpp"
#include "support/runtimes.hpp"
#include "support/threads.hpp"
#include "understudy/runtime/blocking.hpp"
#include "understudy/runtime/network.hpp"
#include "understudy/runtime/task_group.hpp"
#include "understudy/supervision/supervisor.hpp"

#include <filesystem>
#include <memory>
#include <stdexcept>

#include <gtest/gtest.h>

namespace understudy::test {
namespace {

struct Message {
  std::uint64_t number;
  Counted token;
  Reply<Counted> reply;
};

Task<> member(Mailbox<Message>& inbox, Counted life, System& system, int depth) {
  TaskGroup tasks(system);
  tasks.spawn([](Counted own) -> Task<> {
    const Counted held = std::move(own);
    co_await sleep(std::chrono::hours(1));
  }(life));
  Address<Message> child;
  if (depth > 0) child = spawn_child("child", member, {.capacity = 2}, life, std::ref(system), depth - 1);
  while (auto message = co_await inbox.receive()) {
    const std::uint64_t what = system.random_number() % 8;
    if (what == 0) throw std::runtime_error("crash");
    if (what == 1) co_await sleep(std::chrono::hours(1));
    if (what == 2) {
      auto call = [held = life] { return 1; };
      static_cast<void>(co_await blocking(std::move(call)));
    }
    if (what < 6 && depth > 0) {
      static_cast<void>(co_await child.tell(std::move(*message)));
    } else {
      message->reply(std::move(message->token));
    }
  }
}

Task<> asker(Address<Message> to, Census census, std::uint64_t seed) {
  SeededRandom random(seed);
  for (std::uint64_t number = 0;; ++number) {
    if (random.chance(50)) {
      const auto got = co_await to.ask<Message>(number, Counted(census)).within(Duration(random.below(50'000)));
      if (!got && got.error() == ErrorCode::actor_stopped) co_return;
    } else {
      const auto got = co_await to.ask<Message>(number, Counted(census));
      if (!got && got.error() == ErrorCode::actor_stopped) co_return;
    }
    co_await yield();
  }
}

Task<> client_and_server(System& system, Counted life) {
  const Counted held = std::move(life);
  const auto listener = std::move(system.network().listen("127.0.0.1", 0)).value();
  TaskGroup clients(system);
  clients.spawn([](System& own, std::uint16_t port) -> Task<> {
    auto connection = co_await own.network().connect("127.0.0.1", port);
    const std::string bytes(1'000'000, 'x');
    while (connection && co_await (*connection)->write_all(bytes)) {
    }
  }(system, listener->port()));
  auto connection = co_await listener->accept();
  std::string buffer(1000, '\0');
  while (connection && (co_await (*connection)->read_some(buffer)).value_or(0) > 0) {
    co_await sleep(Duration(10'000));
  }
}

/// Uses everything, then shuts down at some moment.
void attack(System& system, std::uint64_t seed) {
  SeededRandom random(seed);
  const Census census;
  {
    const Supervisor supervisor(system, {.heartbeat = std::chrono::milliseconds(10),
                                         .cutoff = std::chrono::milliseconds(10),
                                         .intensity = {.restarts = 1000},
                                         .backoff = {.next = Duration(1000), .longest = Duration(5000)}});
    TaskGroup group(system);
    for (int i = 0; i < 2; ++i) {
      const auto root = system.spawn("root", member, {.capacity = 3}, Counted(census), std::ref(system), 2);
      for (int n = 0; n < 3; ++n) group.spawn(asker(root, census, random.next()));
      system.start(asker(root, census, random.next()));
    }
    system.start(client_and_server(system, Counted(census)));
    pass_time(system, Duration(random.below(300'000)));
    const TimePoint start = system.clock().now();
    system.shutdown(Duration(random.below(2'000'000)));
    EXPECT_LT(system.clock().now() - start, std::chrono::seconds(2));
    EXPECT_EQ(group.size(), 0U);
    EXPECT_EQ(census.living(), 0);
  }
}

TEST(G05Structure, LeaksNothingInSimulation) {
  for_each_seed(400, [](SimulatedSystem& simulation) { attack(simulation.system(), simulation.seed()); });
}

std::size_t open_handles() {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) count += entry.exists() ? 1U : 1U;
  return count;
}

TEST(G05Structure, LeaksNoFileHandleAndNoThread) {
  System other({.workers = 1});
  const std::size_t handles = open_handles();
  const std::size_t threads = threads_of_this_process();
  std::uint64_t seed = 0;
  for (const std::uint32_t workers : {1U, 2U, 4U}) {
    for (int round = 0; round < 25; ++round) {
      SCOPED_TRACE(std::to_string(workers) + " workers, round " + std::to_string(round));
      {
        System system({.workers = workers});
        attack(system, ++seed);
      }
      ASSERT_FALSE(HasFailure());
    }
    EXPECT_EQ(open_handles(), handles);
    EXPECT_TRUE(eventually(other, [&] { return threads_of_this_process() == threads; }));
  }
}

}  // namespace
}  // namespace understudy::test
