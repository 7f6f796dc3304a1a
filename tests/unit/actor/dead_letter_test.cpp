// Attacks: each way in which a tell can die leaves one letter, with its cause, its sender where that is known, and its
// actor; requests leave none; the ring is bounded, the counts are not; subscribers that throw, tell, or are replaced;
// and addresses that outlive their system.
#include "support/counted.hpp"
#include "support/runtimes.hpp"
#include "understudy/runtime/task_group.hpp"
#include "understudy/supervision/supervisor.hpp"

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <thread>
#include <variant>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace understudy::test {
namespace {

struct Note {
  int number;
};
struct Question {
  int number;
  Reply<int> reply;
};
using Letterbox = std::variant<Note, Question>;

/// Opened by the test; actors wait before it.
class Gate {
 public:
  Task<> pass() const {
    while (!open_->load()) co_await sleep(std::chrono::microseconds(20));
  }
  void open() const { open_->store(true); }

 private:
  std::shared_ptr<std::atomic<bool>> open_ = std::make_shared<std::atomic<bool>>(false);
};

Task<> gated(Mailbox<Letterbox>& inbox, Gate gate) {
  co_await gate.pass();
  while (auto message = co_await inbox.receive()) {
  }
}
Task<> deserter(Mailbox<Letterbox>& /*inbox*/, Gate gate) { co_await gate.pass(); }

/// Tells `to` what it is told.
Task<> messenger(Mailbox<int>& inbox, Address<Letterbox> to) {
  while (auto number = co_await inbox.receive()) static_cast<void>(co_await to.tell<Note>(*number));
}
Task<> child_messenger(Mailbox<int>& inbox, Address<Letterbox> to) {
  const Address<int> child = spawn_child("child", messenger, {}, to);
  while (auto number = co_await inbox.receive()) static_cast<void>(co_await child.tell(int(*number)));
}

TEST(DeadLetter, ToAStoppedActorNamesItsSender) {
  on_every_runtime([](System& system) {
    const TimePoint start = system.clock().now();
    const auto gone = system.spawn("gone", [](Mailbox<Letterbox>&) -> Task<> { co_return; });
    ASSERT_TRUE(eventually(system, [&] { return gone.stopped(); }));
    EXPECT_EQ(gone.try_tell(Note{1}).error(), ErrorCode::actor_stopped);
    EXPECT_EQ(wait(system, gone.tell(Note{2})).error(), ErrorCode::actor_stopped);
    const auto parent = system.spawn("parent", child_messenger, {}, gone);
    ASSERT_TRUE(parent.try_tell(3));
    ASSERT_TRUE(eventually(system, [&] { return system.dead_letters().count == 3; }));

    const DeadLetters letters = system.dead_letters();
    EXPECT_EQ(letters.of(DeadLetterCause::stopped), 3U);
    ASSERT_EQ(letters.latest.size(), 3U);
    EXPECT_EQ(letters.latest[0].sender, DeadLetter::outside);
    EXPECT_EQ(letters.latest[1].sender, DeadLetter::outside);
    EXPECT_EQ(letters.latest[2].sender, "/parent/child");
    for (const DeadLetter& letter : letters.latest) {
      EXPECT_EQ(letter.actor, "/gone");
      EXPECT_EQ(letter.incarnation, 1U);
      EXPECT_THAT(letter.message, testing::HasSubstr("Note")) << "the alternative, not the sum";
      EXPECT_EQ(letter.cause, DeadLetterCause::stopped);
      EXPECT_EQ(name_of(letter.cause), "stopped");
      EXPECT_EQ(letter.reason, ErrorCode::actor_stopped);
      EXPECT_GE(letter.time, start);
      EXPECT_LE(letter.time, system.clock().now());
    }
  });
}

TEST(DeadLetter, OfARejectingMailbox) {
  on_every_runtime([](System& system) {
    const Gate gate;
    const auto actor = system.spawn("full", gated, {.capacity = 1, .when_full = WhenFull::reject}, gate);
    ASSERT_TRUE(actor.try_tell(Note{1}));
    EXPECT_EQ(actor.try_tell(Note{2}).error(), ErrorCode::mailbox_full);
    EXPECT_EQ(wait(system, actor.tell(Note{3})).error(), ErrorCode::mailbox_full);
    EXPECT_EQ(wait(system, actor.ask<Question>(4)).error(), ErrorCode::mailbox_full) << "given back to its asker";
    EXPECT_EQ(system.dead_letters().of(DeadLetterCause::rejected), 2U);
    EXPECT_EQ(system.dead_letters().count, 2U);
    gate.open();
  });
}

TEST(DeadLetter, WaitingOrLeftInTheMailboxOfAnActorThatEnds) {
  on_every_runtime([](System& system) {
    const Gate gate;
    const auto actor = system.spawn("deserter", deserter, {.capacity = 2}, gate);
    ASSERT_TRUE(actor.try_tell(Note{1}));
    ASSERT_TRUE(actor.try_tell(Note{2}));
    const auto patient = system.spawn("patient", messenger, {}, actor);
    ASSERT_TRUE(patient.try_tell(3));
    TaskGroup doomed(system);
    doomed.spawn([](Address<Letterbox> to) -> Task<> { static_cast<void>(co_await to.tell<Note>(4)); }(actor));
    ASSERT_TRUE(eventually(system, [&] { return actor.depth() == 4; }));
    doomed.cancel();
    ASSERT_TRUE(wait(system, doomed.join()));
    gate.open();
    ASSERT_TRUE(eventually(system, [&] { return actor.stopped(); }));
    const DeadLetters letters = system.dead_letters();
    EXPECT_EQ(letters.count, 4U);
    EXPECT_EQ(letters.of(DeadLetterCause::left_in_mailbox), 2U);
    EXPECT_EQ(letters.of(DeadLetterCause::stopped), 1U);
    EXPECT_EQ(letters.of(DeadLetterCause::withdrawn), 1U);
    for (const DeadLetter& letter : letters.latest) {
      const bool waited = letter.cause == DeadLetterCause::stopped;
      EXPECT_EQ(letter.sender, waited ? std::string_view("/patient") : DeadLetter::unknown_sender);
    }
  });
}

TEST(DeadLetter, OfASenderDestroyedWhileItWaitedIsNotedWhenItsTurnComes) {
  on_every_runtime([](System& system) {
    const Gate gate;
    const auto actor = system.spawn("gated", gated, {.capacity = 1}, gate);
    ASSERT_TRUE(actor.try_tell(Note{1}));
    TaskGroup doomed(system);
    for (int i = 0; i < 3; ++i) {
      doomed.spawn([](Address<Letterbox> to) -> Task<> { static_cast<void>(co_await to.tell<Note>(2)); }(actor));
    }
    ASSERT_TRUE(eventually(system, [&] { return actor.depth() == 4; }));
    doomed.cancel();
    ASSERT_TRUE(wait(system, doomed.join()));
    EXPECT_EQ(system.dead_letters().count, 0U);
    gate.open();
    ASSERT_TRUE(eventually(system, [&] { return system.dead_letters().of(DeadLetterCause::withdrawn) == 3; }));
  });
}

/// 0: crashes at once. 1: crashes later. 2: waits until it is taken down. 3: comes back, and is taken down idle.
Task<> fragile(Mailbox<Letterbox>& inbox) {
  while (auto message = co_await inbox.receive()) {
    const int what = std::visit([](const auto& one) { return one.number; }, *message);
    if (what == 0) throw std::runtime_error("at once");
    if (what == 1) {
      co_await sleep(std::chrono::microseconds(5));
      throw std::runtime_error("later");
    }
    if (what == 2) co_await sleep(std::chrono::hours(1));
  }
}

TEST(DeadLetter, InHandWhenItsActorFails) {
  on_every_runtime([](System& system) {
    const Supervisor supervisor(system, {.intensity = {.restarts = 1000}, .backoff = {.next = Duration{0}}});
    const auto actor = system.spawn("fragile", fragile);
    ASSERT_TRUE(eventually(system, [&] { return actor.incarnation() == 1; }));
    const auto in_hand = [&] { return system.dead_letters().of(DeadLetterCause::crashed_in_hand); };
    ASSERT_TRUE(actor.try_tell(Note{0}));
    ASSERT_TRUE(eventually(system, [&] { return actor.incarnation() == 2; }));
    EXPECT_EQ(in_hand(), 1U);
    ASSERT_TRUE(actor.try_tell(Note{1}));
    ASSERT_TRUE(eventually(system, [&] { return actor.incarnation() == 3; }));
    EXPECT_EQ(in_hand(), 2U);
    ASSERT_TRUE(actor.try_tell(Note{2}));
    ASSERT_TRUE(eventually(system, [&] { return actor.depth() == 0; }));
    ASSERT_TRUE(eventually(system, [&] { return actor.reset() || actor.incarnation() == 4; }));
    ASSERT_TRUE(eventually(system, [&] { return actor.incarnation() == 4; }));
    EXPECT_EQ(in_hand(), 3U);
    EXPECT_EQ(system.dead_letters().latest.back().incarnation, 3U);
    EXPECT_EQ(system.dead_letters().latest.back().sender, DeadLetter::unknown_sender);
    EXPECT_EQ(system.dead_letters().latest.back().reason, ErrorCode::actor_crashed);
    // Requests go back to their askers, asked or passed on; an idle actor has nothing in hand, nor has a new one.
    EXPECT_EQ(wait(system, actor.ask<Question>(0)).error(), ErrorCode::actor_crashed);
    const auto router = system.spawn("router", [actor](Mailbox<Question>& inbox) -> Task<> {
      while (auto question = co_await inbox.receive()) static_cast<void>(co_await actor.tell(std::move(*question)));
    });
    EXPECT_EQ(wait(system, router.ask<Question>(1)).error(), ErrorCode::actor_crashed);
    ASSERT_TRUE(actor.try_tell(Note{3}));
    ASSERT_TRUE(eventually(system, [&] { return actor.depth() == 0; }));
    pass_time(system, std::chrono::milliseconds(1));
    static_cast<void>(actor.reset());
    ASSERT_TRUE(eventually(system, [&] { return actor.incarnation() == 7; }));
    EXPECT_EQ(in_hand(), 3U);
    EXPECT_EQ(system.dead_letters().count, 3U);
  });
}

TEST(DeadLetter, TakenDownAtShutdown) {
  on_real_threads([](System& outer) {
    System system({.workers = outer.worker_count()});
    const auto actor = system.spawn("fragile", fragile);
    ASSERT_TRUE(actor.try_tell(Note{2}));
    ASSERT_TRUE(actor.try_tell(Note{3}));
    ASSERT_TRUE(eventually(system, [&] { return actor.depth() == 1; }));
    system.shutdown(std::chrono::milliseconds(1));
    EXPECT_EQ(system.dead_letters().of(DeadLetterCause::crashed_in_hand), 1U);
    EXPECT_EQ(system.dead_letters().of(DeadLetterCause::left_in_mailbox), 1U);
  });
}

TEST(DeadLetter, OfABatchOnlyTheLastIsInHand) {
  SimulatedSystem simulation(1);
  System& system = simulation.system();
  const auto actor = system.spawn("batch", [](Mailbox<Letterbox>& inbox) -> Task<> {
    const auto first = co_await inbox.receive();
    co_await sleep(std::chrono::seconds(1));
    while (inbox.try_receive()) {
    }
    throw std::runtime_error("with all of them");
  });
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(actor.try_tell(Note{i}));
  ASSERT_TRUE(eventually(system, [&] { return actor.stopped(); }));
  EXPECT_EQ(system.dead_letters().of(DeadLetterCause::crashed_in_hand), 1U);
}

TEST(DeadLetter, TheRingIsBoundedAndItsSizeMayChange) {
  SimulatedSystem simulation(1);
  System& system = simulation.system();
  const auto gone = system.spawn("gone", [](Mailbox<Letterbox>&) -> Task<> { co_return; });
  ASSERT_TRUE(eventually(system, [&] { return gone.stopped(); }));
  std::uint64_t sent = 0;
  const auto send = [&](int count) {
    for (int i = 0; i < count; ++i) {
      EXPECT_FALSE(gone.try_tell(Note{i}));
      pass_time(system, Duration(10));
    }
    sent += static_cast<std::uint64_t>(count);
    const DeadLetters letters = system.dead_letters();
    EXPECT_EQ(letters.count, sent);
    for (std::size_t i = 1; i < letters.latest.size(); ++i) {
      EXPECT_LT(letters.latest[i - 1].time, letters.latest[i].time) << "oldest first";
    }
    return letters;
  };
  EXPECT_EQ(send(300).latest.size(), dead_letters_kept_default);
  const TimePoint newest = system.dead_letters().latest.back().time;
  system.keep_dead_letters(5);
  EXPECT_EQ(system.dead_letters().latest.size(), 5U);
  EXPECT_EQ(system.dead_letters().latest.back().time, newest);
  EXPECT_EQ(send(3).latest.size(), 5U);
  system.keep_dead_letters(8);
  EXPECT_EQ(send(2).latest.size(), 7U);
  EXPECT_EQ(send(12).latest.size(), 8U);
  system.keep_dead_letters(0);
  EXPECT_EQ(send(3).latest.size(), 0U);
  system.keep_dead_letters(2);
  EXPECT_EQ(send(3).latest.size(), 2U);
}

TEST(DeadLetter, SubscribersMayTellThrowAndBeReplaced) {
  on_every_runtime([](System& system) {
    const auto gone = system.spawn("gone", [](Mailbox<Letterbox>&) -> Task<> { co_return; });
    ASSERT_TRUE(eventually(system, [&] { return gone.stopped(); }));
    const Census census;
    const auto seen = std::make_shared<std::atomic<int>>(0);
    system.on_dead_letter([seen, gone, life = Counted(census)](const DeadLetter& letter) {
      EXPECT_EQ(letter.actor, "/gone");
      ++*seen;
      EXPECT_FALSE(gone.try_tell(Note{0})) << "dies as well, and is not handed on";
    });
    for (int i = 0; i < 10; ++i) EXPECT_FALSE(gone.try_tell(Note{i}));
    EXPECT_EQ(seen->load(), 10);
    EXPECT_EQ(system.dead_letters().count, 20U);
    system.on_dead_letter([seen](const DeadLetter&) {
      ++*seen;
      throw std::runtime_error("no");
    });
    EXPECT_EQ(census.living(), 0) << "the first is gone";
    EXPECT_FALSE(gone.try_tell(Note{1}));
    EXPECT_EQ(seen->load(), 11);
    // An actor that works on letters.
    const auto handled = std::make_shared<std::atomic<int>>(0);
    const auto clerk = system.spawn("clerk", [handled](Mailbox<DeadLetter>& inbox) -> Task<> {
      while (auto letter = co_await inbox.receive()) ++*handled;
    });
    system.on_dead_letter([clerk](const DeadLetter& letter) { static_cast<void>(clerk.try_tell(letter)); });
    EXPECT_FALSE(gone.try_tell(Note{1}));
    ASSERT_TRUE(eventually(system, [&] { return handled->load() == 1; }));
    system.on_dead_letter(nullptr);
    EXPECT_FALSE(gone.try_tell(Note{1}));
    EXPECT_EQ(seen->load(), 11);
  });
}

TEST(DeadLetter, AreNotedByManyThreadsWhileOthersRead) {
  System system({.workers = 2});
  const auto gone = system.spawn("gone", [](Mailbox<Letterbox>&) -> Task<> { co_return; });
  ASSERT_TRUE(eventually(system, [&] { return gone.stopped(); }));
  std::atomic<std::uint64_t> told = 0;
  system.on_dead_letter([&told](const DeadLetter&) { ++told; });
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 2000; ++n) EXPECT_FALSE(gone.try_tell(Note{n}));
    });
  }
  for (std::size_t kept = 0; kept < 60; ++kept) {
    system.keep_dead_letters(kept);
    EXPECT_LE(system.dead_letters().latest.size(), kept);
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(system.dead_letters().count, 6000U);
  EXPECT_EQ(told.load(), 6000U);
}

TEST(DeadLetter, AnAddressMayOutliveItsSystem) {
  const Census census;
  std::optional<Address<Letterbox>> root;
  const auto child = std::make_shared<std::optional<Address<int>>>();
  {
    System system({.workers = 2});
    system.on_dead_letter([life = Counted(census)](const DeadLetter&) {});
    root = system.spawn("parent", [child](Mailbox<Letterbox>& inbox) -> Task<> {
      *child = spawn_child("child", [](Mailbox<int>& own) -> Task<> {
        while (auto number = co_await own.receive()) {
        }
      });
      while (auto message = co_await inbox.receive()) {
      }
    });
    ASSERT_TRUE(root->try_tell(Note{1}));
    ASSERT_TRUE(eventually(system, [&] { return root->depth() == 0; }));
  }
  EXPECT_EQ(census.living(), 0);
  ASSERT_TRUE(child->has_value());
  const System other({.workers = 1});  // Perhaps where the first one was.
  EXPECT_EQ(root->try_tell(Note{2}).error(), ErrorCode::actor_stopped);
  root.reset();
  EXPECT_EQ((**child).try_tell(3).error(), ErrorCode::actor_stopped);
  EXPECT_EQ(other.dead_letters().count, 0U);
}

}  // namespace
}  // namespace understudy::test
