// G7: every message is handled, given back with a reason, or kept as a dead letter. Attacked by senders and an actor
// that are killed at random; afterwards the books must balance, message by message.
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

/// What became of one message.
struct Entry {
  std::atomic<int> tell{0};        // It was told, not asked.
  std::atomic<int> started{0};     // The actor began with it.
  std::atomic<int> finished{0};    // And came to its end.
  std::atomic<int> accepted{0};    // Its sender was told that it was sent (a tell).
  std::atomic<int> given_back{0};  // Its sender was told that it was not.
  std::atomic<int> answered{0};    // Its asker got a value, or an error.
  std::atomic<int> taken_back{0};  // Its sender was destroyed.
};
struct Books {
  explicit Books(std::size_t messages) : entries(messages) {}
  Census census;
  std::vector<Entry> entries;
};

struct Message {
  std::uint64_t number;
  Counted token;
  Reply<void> reply;
};

Task<> receiver(Mailbox<Message>& inbox, std::shared_ptr<Books> books, System& system) {
  while (auto message = co_await inbox.receive()) {
    ++books->entries[message->number].started;
    const std::uint64_t mood = system.random_number() % 20;
    if (mood == 0) throw std::runtime_error("crash");
    if (mood < 6) co_await sleep(Duration(mood * 500));
    message->reply();
    ++books->entries[message->number].finished;
  }
}

Task<> sender(Address<Message> to, std::shared_ptr<Books> books, std::uint64_t first, std::uint64_t count,
              std::uint64_t seed) {
  struct Open {
    explicit Open(Entry& own) : entry(own) {}
    Open(const Open&) = delete;
    Open& operator=(const Open&) = delete;
    ~Open() {
      if (!closed) ++entry.taken_back;
    }
    void close(std::atomic<int>& how) {
      ++how;
      closed = true;
    }
    Entry& entry;
    bool closed = false;
  };
  SeededRandom random(seed);
  for (std::uint64_t number = first; number < first + count; ++number) {
    Entry& entry = books->entries[number];
    Open open(entry);
    switch (random.below(4)) {
      case 0: {
        ++entry.tell;
        const Result<void> told = co_await to.tell<Message>(number, Counted(books->census), Reply<void>());
        open.close(told ? entry.accepted : entry.given_back);
        break;
      }
      case 1: {
        ++entry.tell;
        const Result<void> told = to.try_tell(Message{.number = number, .token = Counted(books->census), .reply = {}});
        open.close(told ? entry.accepted : entry.given_back);
        break;
      }
      case 2: {
        const Result<void> got = co_await to.ask<Message>(number, Counted(books->census));
        open.close(entry.answered);
        EXPECT_FALSE(!got && got.error() == ErrorCode::timeout);
        break;
      }
      default: {
        const Result<void> got =
            co_await to.ask<Message>(number, Counted(books->census)).within(Duration(random.below(15'000)));
        open.close(entry.answered);
        EXPECT_FALSE(!got && got.error() == ErrorCode::cancelled);
      }
    }
    co_await yield();
  }
}

void attack(System& system, std::uint64_t seed, std::uint64_t each) {
  constexpr std::uint64_t senders = 6;
  SeededRandom random(seed);
  const Supervisor supervisor(system, {.intensity = {.restarts = random.chance(50) ? 1'000'000U : 5U},
                                       .backoff = {.next = Duration(1000), .longest = Duration(4000)}});
  const auto books = std::make_shared<Books>(senders * each);
  const auto actor =
      system.spawn("receiver", receiver,
                   {.capacity = static_cast<std::uint32_t>(1 + random.below(4)),
                    .when_full = random.chance(50) ? WhenFull::wait : static_cast<WhenFull>(random.below(4))},
                   books, std::ref(system));
  std::vector<std::unique_ptr<TaskGroup>> groups;
  for (std::uint64_t i = 0; i < senders; ++i) {
    groups.push_back(std::make_unique<TaskGroup>(system));
    groups.back()->spawn(sender(actor, books, i * each, each, random.next()));
  }
  for (int blow = 0; blow < 8; ++blow) {
    ASSERT_TRUE(wait(system, pause(Duration(random.below(each * 2000)))));
    if (random.chance(60)) static_cast<void>(actor.reset());
    if (random.chance(20)) groups[random.below(senders)]->cancel();
  }
  if (random.chance(50)) {
    for (const auto& group : groups) ASSERT_TRUE(wait(system, group->join()));
  }
  // The end may come for a full mailbox, with senders that wait; it may be gentle or a crash.
  actor.stop();
  for (const auto& group : groups) ASSERT_TRUE(wait(system, group->join()));
  ASSERT_TRUE(eventually(system, [&] { return actor.stopped(); }));
  ASSERT_TRUE(eventually(system, [&] { return books->census.living() == 0; }));

  std::uint64_t not_finished = 0;
  std::uint64_t in_hand = 0;
  std::uint64_t given_back = 0;
  std::uint64_t taken_back = 0;
  for (std::uint64_t i = 0; i < books->entries.size(); ++i) {
    const Entry& entry = books->entries[i];
    ASSERT_LE(entry.started.load(), 1) << "message " << i << " was handled twice";
    if (entry.given_back.load() > 0) {
      ASSERT_EQ(entry.started.load(), 0) << "message " << i << " was given back, and handled";
    }
    ASSERT_LE(entry.accepted.load() + entry.given_back.load() + entry.answered.load() + entry.taken_back.load(), 1);
    if (entry.tell.load() == 0) continue;
    if (entry.finished.load() == 0) ++not_finished;
    if (entry.finished.load() < entry.started.load()) ++in_hand;
    if (entry.given_back.load() > 0) ++given_back;
    if (entry.taken_back.load() > 0) ++taken_back;
  }
  // Each tell that the actor has not finished is one letter, and no other message is.
  const DeadLetters dead = system.dead_letters();
  EXPECT_EQ(dead.count, not_finished);
  EXPECT_EQ(dead.of(DeadLetterCause::crashed_in_hand), in_hand);
  // A sender may have been destroyed before it could learn what had become of its tell.
  const std::uint64_t told = dead.of(DeadLetterCause::stopped) + dead.of(DeadLetterCause::rejected);
  EXPECT_GE(told, given_back);
  EXPECT_LE(told + dead.of(DeadLetterCause::withdrawn), given_back + taken_back);
}

TEST(G07NothingVanishes, InSimulation) {
  for_each_seed(500, [](SimulatedSystem& simulation) { attack(simulation.system(), simulation.seed(), 12); });
}

TEST(G07NothingVanishes, OnRealThreads) {
  on_real_threads([](System& outer) {
    for (std::uint64_t round = 1; round <= 15; ++round) {
      SCOPED_TRACE("round " + std::to_string(round));
      System system({.workers = outer.worker_count()});
      attack(system, round, round * 20);
    }
  });
}

}  // namespace
}  // namespace understudy::test
