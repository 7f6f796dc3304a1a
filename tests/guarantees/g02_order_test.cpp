// G2: messages from one sender to one actor are handled in sending order, across restarts too. Attacked by senders that
// mix tells, asks and tries on a small mailbox, while the actor crashes and is reset.
#include "support/runtimes.hpp"
#include "understudy/runtime/task_group.hpp"
#include "understudy/supervision/supervisor.hpp"

#include <atomic>
#include <memory>
#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>

namespace understudy::test {
namespace {

struct Message {
  std::uint64_t sender;
  std::uint64_t number;
  Reply<void> reply;
};

struct Log {
  explicit Log(std::size_t senders) : next(senders) {}
  std::vector<std::uint64_t> next;  // Written by the actor alone.
  std::atomic<std::uint64_t> handled{0};
  std::atomic<std::uint64_t> out_of_order{0};
};

Task<> receiver(Mailbox<Message>& inbox, std::shared_ptr<Log> log, System& system) {
  while (auto message = co_await inbox.receive()) {
    if (message->number < log->next[message->sender]) ++log->out_of_order;
    log->next[message->sender] = message->number + 1;
    ++log->handled;
    const std::uint64_t mood = system.random_number() % 20;
    if (mood == 0) throw std::runtime_error("in the middle");
    if (mood < 5) co_await sleep(Duration(mood * 300));
    message->reply();
  }
}

Task<> sender(Address<Message> to, std::uint64_t own, std::uint64_t count, std::uint64_t seed) {
  SeededRandom random(seed);
  for (std::uint64_t number = 0; number < count; ++number) {
    switch (random.below(3)) {
      case 0:
        static_cast<void>(co_await to.tell<Message>(own, number, Reply<void>()));
        break;
      case 1:
        static_cast<void>(co_await to.ask<Message>(own, number).within(Duration(random.below(20'000))));
        break;
      default:
        static_cast<void>(to.try_tell(Message{.sender = own, .number = number, .reply = {}}));
    }
  }
}

void attack(System& system, std::uint64_t seed, std::uint64_t count) {
  constexpr std::uint64_t senders = 5;
  SeededRandom random(seed);
  const Supervisor supervisor(
      system, {.intensity = {.restarts = 1'000'000}, .backoff = {.next = Duration(500), .longest = Duration(5000)}});
  const auto log = std::make_shared<Log>(senders);
  const auto actor = system.spawn(
      "receiver", receiver,
      {.capacity = static_cast<std::uint32_t>(1 + seed % 4), .when_full = static_cast<WhenFull>(seed / 4 % 4)}, log,
      std::ref(system));
  TaskGroup group(system);
  for (std::uint64_t i = 0; i < senders; ++i) group.spawn(sender(actor, i, count, random.next()));
  while (group.size() > 0) {
    ASSERT_TRUE(wait(system, pause(Duration(random.below(40'000)))));
    if (random.chance(30)) static_cast<void>(actor.reset());
  }
  ASSERT_TRUE(eventually(system, [&] { return actor.depth() == 0; }));
  EXPECT_EQ(log->out_of_order.load(), 0U);
  EXPECT_GT(log->handled.load(), 0U);
}

TEST(G02Order, HoldsInSimulation) {
  for_each_seed(400, [](SimulatedSystem& simulation) { attack(simulation.system(), simulation.seed(), 20); });
}

TEST(G02Order, HoldsOnRealThreads) {
  on_real_threads([](System& system) {
    for (const std::uint64_t round : {1U, 2U, 3U, 7U, 10U, 13U}) {
      System own({.workers = system.worker_count()});
      attack(own, round, 1000);
    }
  });
}

}  // namespace
}  // namespace understudy::test
