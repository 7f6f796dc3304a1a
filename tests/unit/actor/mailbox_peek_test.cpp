// Attacks: what an actor peeks at comes in the order in which it will be handed out, and stays where it is, whoever
// gives up meanwhile.
#include "support/counted.hpp"
#include "support/runtimes.hpp"
#include "understudy/runtime/task_group.hpp"

#include <atomic>
#include <chrono>
#include <memory>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace understudy::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct Number {
  int value = 0;
};
struct Question {
  int value = 0;
  Counted counted;
  Reply<int> reply;
};

std::vector<int> peek_at(Mailbox<Number>& inbox, std::size_t most) {
  std::vector<int> seen;
  inbox.peek(most, [&seen](const Number& number) { seen.push_back(number.value); });
  return seen;
}

struct Looks {
  std::atomic<bool> began = false;
  std::vector<std::vector<int>> seen;
};

TEST(MailboxPeek, ShowsWhatComesAndLeavesIt) {
  on_every_runtime([](System& system) {
    const auto looks = std::make_shared<Looks>();
    const auto body = [](Mailbox<Number>& inbox, std::shared_ptr<Looks> noted) -> Task<> {
      auto& seen = noted->seen;
      static_cast<void>(co_await inbox.receive());
      noted->began = true;
      while (inbox.depth() < 5) co_await yield();  // They come while it has the first in hand.
      seen.push_back(peek_at(inbox, 3));
      seen.push_back(peek_at(inbox, 100));
      seen.push_back(peek_at(inbox, 0));
      seen.push_back({inbox.try_receive()->value});
      seen.push_back(peek_at(inbox, 2));
      while (auto number = co_await inbox.receive()) EXPECT_GT(number->value, 1);
      seen.push_back(peek_at(inbox, 2));
    };
    const auto actor = system.spawn("curious", body, {.capacity = 10}, looks);
    ASSERT_TRUE(actor.try_tell(Number{0}));
    ASSERT_TRUE(eventually(system, [&] { return looks->began.load(); }));
    for (int value = 1; value <= 5; ++value) ASSERT_TRUE(actor.try_tell(Number{value}));
    actor.stop();
    ASSERT_TRUE(eventually(system, [&] { return actor.stopped(); }));
    EXPECT_THAT(looks->seen, ElementsAre(ElementsAre(1, 2, 3), ElementsAre(1, 2, 3, 4, 5), IsEmpty(), ElementsAre(1),
                                         ElementsAre(2, 3), IsEmpty()));
  });
}

/// In one of the ways in which a message waits: of an asker, of one with a deadline, of a sender that waits for room.
Task<> send_one(Address<Question> peer, const Census* census, std::uint64_t way) {
  Question question{.value = 7, .counted = Counted(*census), .reply = {}};
  if (way == 0) {
    static_cast<void>(co_await peer.ask<Question>(7, std::move(question.counted)));
  } else if (way == 1) {
    static_cast<void>(
        co_await peer.ask<Question>(7, std::move(question.counted)).within(std::chrono::microseconds(50)));
  } else {
    static_cast<void>(co_await peer.tell(std::move(question)));
  }
}

TEST(MailboxPeek, ShowsNothingThatIsGoneWhoeverGivesUp) {
  on_every_runtime([](System& system) {
    const Census census;
    const auto handled = std::make_shared<std::atomic<int>>(0);
    const auto shown = std::make_shared<std::atomic<int>>(0);
    {
      const auto body = [](Mailbox<Question>& inbox, std::shared_ptr<std::atomic<int>> count,
                           std::shared_ptr<std::atomic<int>> peeked) -> Task<> {
        while (auto question = co_await inbox.receive()) {
          for (int round = 0; round < 5; ++round) {
            inbox.peek(100, [&peeked](const Question& waits) {
              EXPECT_EQ(waits.value, 7);
              ++*peeked;
            });
            co_await yield();
          }
          ++*count;
          if (question->reply) question->reply(question->value);
        }
      };
      const auto actor = system.spawn("curious", body, {.capacity = 4}, handled, shown);
      SeededRandom random(system.random_number());
      for (int round = 0; round < 10; ++round) {
        TaskGroup senders(system);
        for (int i = 0; i < 12; ++i) senders.spawn(send_one(actor, &census, random.below(3)));
        static_cast<void>(wait(system, sleep(std::chrono::microseconds(random.below(200)))));
        if (random.chance(70)) senders.cancel();
        static_cast<void>(wait(system, senders.join()));
      }
      actor.stop();
      ASSERT_TRUE(eventually(system, [&] { return actor.stopped(); }));
    }
    EXPECT_GT(handled->load(), 0);
    EXPECT_GT(shown->load(), 0);
    EXPECT_EQ(census.living(), 0);
  });
}

}  // namespace
}  // namespace understudy::test
