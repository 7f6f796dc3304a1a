// G3: a restart loses no queued message; only the message in hand ends in an error. Attacked by crashes, resets and
// hangs at every message of a full mailbox.
#include "support/counted.hpp"
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

enum class Fate : std::uint8_t { handled, crash, hang, slow };
struct Message {
  std::uint64_t number;
  Fate fate;
  Counted token;
  Reply<std::uint64_t> reply;
};
using Started = std::vector<std::atomic<int>>;

Task<> receiver(Mailbox<Message>& inbox, std::shared_ptr<Started> started) {
  while (auto message = co_await inbox.receive()) {
    ++(*started)[message->number];
    if (message->fate == Fate::crash) throw std::runtime_error("crash");
    if (message->fate == Fate::hang) co_await sleep(std::chrono::hours(1));
    if (message->fate == Fate::slow) co_await sleep(Duration(2000));
    message->reply(message->number);
  }
}

void attack(System& system, std::uint64_t seed, std::uint64_t count, Fate worst) {
  SeededRandom random(seed);
  const Census census;
  const Supervisor supervisor(system, {.heartbeat = std::chrono::milliseconds(10),
                                       .cutoff = std::chrono::milliseconds(10),
                                       .intensity = {.restarts = 1'000'000},
                                       .backoff = {.next = Duration(1000), .longest = Duration(5000)}});
  const auto started = std::make_shared<Started>(count);
  const auto actor =
      system.spawn("receiver", receiver, {.capacity = static_cast<std::uint32_t>(1 + random.below(40))}, started);
  std::vector<std::atomic<int>> ended(count);  // 1: answered, 2: crashed, 3: something else.
  TaskGroup group(system);
  std::vector<Fate> fates(count);
  for (std::uint64_t i = 0; i < count; ++i) {
    fates[i] = static_cast<Fate>(random.below(4));
    if (fates[i] == Fate::hang && worst != Fate::hang) fates[i] = Fate::crash;
    group.spawn(
        [](Address<Message> to, std::uint64_t number, Fate fate, Counted token, std::atomic<int>& end) -> Task<> {
          const Result<std::uint64_t> got = co_await to.ask<Message>(number, fate, std::move(token));
          end = got ? 1 : got.error() == ErrorCode::actor_crashed ? 2 : 3;
        }(actor, i, fates[i], Counted(census), ended[i]));
  }
  std::uint64_t resets = 0;
  while (group.size() > 0) {
    ASSERT_TRUE(wait(system, pause(Duration(random.below(30'000)))));
    if (random.chance(20) && actor.reset()) ++resets;
  }
  std::uint64_t failed_though_harmless = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    EXPECT_EQ((*started)[i].load(), 1) << "message " << i;
    if (fates[i] == Fate::crash || fates[i] == Fate::hang) {
      EXPECT_EQ(ended[i].load(), 2) << "message " << i;
    } else if (ended[i].load() != 1) {
      EXPECT_EQ(ended[i].load(), 2) << "message " << i;
      ++failed_though_harmless;
    }
  }
  EXPECT_LE(failed_though_harmless, resets) << "one in hand for each reset";
  EXPECT_EQ(census.living(), 0);
}

TEST(G03MailboxOutlives, EveryIncarnationInSimulation) {
  for_each_seed(400,
                [](SimulatedSystem& simulation) { attack(simulation.system(), simulation.seed(), 40, Fate::hang); });
}

TEST(G03MailboxOutlives, EveryIncarnationOnRealThreads) {
  on_real_threads([](System& outer) {
    for (std::uint64_t round = 1; round <= 4; ++round) {
      System system({.workers = outer.worker_count()});
      attack(system, round, round == 1 ? 20 : 500, round == 1 ? Fate::hang : Fate::crash);
    }
  });
}

}  // namespace
}  // namespace understudy::test
