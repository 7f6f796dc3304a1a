// Attacks: the mailbox's queue keeps its order, counts its capacity exactly, loses no wake-up, lets waiting senders in
// one by one; against a model, over all short sequences of operations; and under many threads.
#include "understudy/actor/detail/mailbox_core.hpp"

#include "understudy/base/random.hpp"

#include <deque>
#include <memory>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace understudy::detail {
namespace {

struct Node final : MessageHead {
  Node(NodeKind kind_of, std::uint32_t from, std::uint32_t count) : MessageHead(kind_of), sender(from), number(count) {}
  std::uint32_t sender;
  std::uint32_t number;
  bool admitted = false;
};

/// A mailbox beside what it should do.
class Checked {
 public:
  explicit Checked(std::uint32_t capacity) : core_(capacity), capacity_(capacity) {}

  void push(NodeKind kind) {
    nodes_.push_back(std::make_unique<Node>(kind, 0, static_cast<std::uint32_t>(nodes_.size())));
    Node& node = *nodes_.back();
    const bool beyond = kind != NodeKind::tell;
    const Push pushed = core_.push(node, beyond);
    if (closed_) {
      ASSERT_EQ(pushed, Push::closed);
    } else if (!beyond && waiting_.size() >= capacity_) {
      ASSERT_EQ(pushed, Push::full);
    } else {
      ASSERT_EQ(pushed, sleeping_ ? Push::accepted_wake : Push::accepted);
      sleeping_ = false;
      waiting_.push_back(&node);
    }
  }
  void pop() {
    if (sleeping_) return;  // The receiver has no right to run.
    MessageHead* taken =
        core_.pop<false>([&](MessageHead& head) { admit(static_cast<Node&>(head)); }, [](MessageHead&) {});
    if (waiting_.empty()) {
      ASSERT_EQ(taken, nullptr);
      return;
    }
    ASSERT_EQ(taken, waiting_.front());
    if (taken->kind == NodeKind::waiting_tell) {
      ASSERT_TRUE(waiting_.front()->admitted);
    }
    waiting_.pop_front();
  }
  void peek() {
    if (sleeping_) return;
    constexpr std::size_t most = 3;
    std::size_t seen = 0;
    core_.peek(most, [&](MessageHead& head) {
      ASSERT_LT(seen, waiting_.size());
      ASSERT_EQ(&head, waiting_[seen++]);
    });
    ASSERT_LE(seen, most);
    ASSERT_EQ(seen == 0, waiting_.empty());
  }
  void sleep() {
    if (sleeping_) return;
    ASSERT_EQ(core_.sleep(), waiting_.empty() && !closed_);
    sleeping_ = waiting_.empty() && !closed_;
  }
  void close() {
    ASSERT_EQ(core_.close(), sleeping_);
    closed_ = true;
    sleeping_ = false;
  }
  void claim() {
    ASSERT_EQ(core_.claim_sleeper(), sleeping_);
    sleeping_ = false;
  }
  void check() const {
    ASSERT_EQ(core_.depth(), waiting_.size());
    ASSERT_EQ(core_.closed(), closed_);
    ASSERT_EQ(core_.sleeping(), sleeping_);
    ASSERT_EQ(core_.is_exhausted(), closed_ && waiting_.empty());
  }

  static constexpr int operations = 8;
  void apply(int operation) {
    switch (operation) {
      case 0:
        return push(NodeKind::tell);
      case 1:
        return push(NodeKind::waiting_tell);
      case 2:
        return push(NodeKind::ask);
      case 3:
        return pop();
      case 4:
        return sleep();
      case 5:
        return close();
      case 6:
        return peek();
      default:
        return claim();
    }
  }

 private:
  void admit(Node& node) {
    ASSERT_FALSE(node.admitted);
    std::size_t before = 0;
    while (waiting_[before] != &node) {
      ASSERT_TRUE(waiting_[before]->kind != NodeKind::waiting_tell || waiting_[before]->admitted) << "out of order";
      ++before;
    }
    ASSERT_LT(before, capacity_);
    node.admitted = true;
  }

  MailboxCore core_;
  std::size_t capacity_;
  std::vector<std::unique_ptr<Node>> nodes_;
  std::deque<Node*> waiting_;
  bool closed_ = false;
  bool sleeping_ = false;
};

TEST(MailboxCore, FollowsItsModelOverAllShortHistories) {
  constexpr int length = 6;
  int histories = 1;
  for (int i = 0; i < length; ++i) histories *= Checked::operations;
  for (std::uint32_t capacity = 1; capacity <= 3; ++capacity) {
    for (int history = 0; history < histories; ++history) {
      Checked checked(capacity);
      int rest = history;
      for (int i = 0; i < length; ++i, rest /= Checked::operations) {
        checked.apply(rest % Checked::operations);
        checked.check();
        if (testing::Test::HasFatalFailure()) FAIL() << "capacity " << capacity << " history " << history;
      }
    }
  }
}

TEST(MailboxCore, FollowsItsModelOverLongHistories) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    SeededRandom random(seed);
    Checked checked(static_cast<std::uint32_t>(1 + random.below(20)));
    const std::uint64_t bias = random.below(60);
    for (int i = 0; i < 2000; ++i) {
      const int operation = random.chance(bias) ? 3 : static_cast<int>(random.below(Checked::operations));
      if (operation == 5 && !random.chance(1)) continue;
      checked.apply(operation);
      checked.check();
      if (testing::Test::HasFatalFailure()) FAIL() << "seed " << seed;
    }
  }
}

/// Senders push as fast as they can; the receiver sleeps whenever it may, and is woken by whoever takes its mark.
class Stress {
 public:
  Stress(std::uint32_t capacity, NodeKind kind, std::uint32_t senders, std::uint32_t each)
      : core_(capacity), kind_(kind), senders_(senders), each_(each) {}

  void run() {
    std::vector<std::thread> threads;
    for (std::uint32_t i = 0; i < senders_; ++i) threads.emplace_back([this, i] { send(i); });
    receive();
    for (std::thread& thread : threads) thread.join();
  }

 private:
  void send(std::uint32_t sender) {
    for (std::uint32_t number = 0; number < each_;) {
      auto node = std::make_unique<Node>(kind_, sender, number);
      const Push pushed = core_.push(*node, kind_ != NodeKind::tell);
      if (pushed == Push::full) {
        std::this_thread::yield();
        continue;
      }
      static_cast<void>(node.release());  // The receiver's.
      if (pushed == Push::accepted_wake) {
        awake_.store(true, std::memory_order_release);
        awake_.notify_one();
      }
      ++number;
    }
  }
  void receive() {
    std::vector<std::uint32_t> next(senders_);
    for (std::uint64_t left = std::uint64_t{senders_} * each_; left > 0;) {
      if (kind_ == NodeKind::tell) {
        ASSERT_LE(core_.depth(), core_.capacity());
      }
      MessageHead* taken = core_.pop<false>([](MessageHead&) {}, [](MessageHead&) {});
      if (taken != nullptr) {
        const std::unique_ptr<Node> node(static_cast<Node*>(taken));
        ASSERT_EQ(node->number, next[node->sender]++) << "order of one sender";
        --left;
        continue;
      }
      awake_.store(false, std::memory_order_relaxed);
      if (core_.sleep()) awake_.wait(false, std::memory_order_acquire);
    }
    ASSERT_EQ(core_.depth(), 0U);
  }

  MailboxCore core_;
  const NodeKind kind_;
  const std::uint32_t senders_;
  const std::uint32_t each_;
  std::atomic<bool> awake_{true};
};

TEST(MailboxCore, KeepsOrderAndCapacityUnderManySenders) {
  for (const std::uint32_t capacity : {1U, 2U, 7U, 100U}) {
    for (const std::uint32_t senders : {1U, 2U, 4U}) {
      Stress(capacity, NodeKind::tell, senders, 10'000).run();
      Stress(capacity, NodeKind::waiting_tell, senders, 10'000).run();
      Stress(capacity, NodeKind::ask, senders, 10'000).run();
    }
  }
}

TEST(MailboxCore, HoldsMoreThanItsCounterCanCount) {
  MailboxCore core(65'535);
  std::vector<std::unique_ptr<Node>> nodes;
  for (std::uint32_t i = 0; i < 200'000; ++i) {
    nodes.push_back(std::make_unique<Node>(NodeKind::ask, 0, i));
    ASSERT_EQ(core.push(*nodes.back(), true), Push::accepted);
  }
  Node late(NodeKind::tell, 0, 0);
  EXPECT_EQ(core.push(late, false), Push::full);
  for (std::uint32_t i = 0; i < 200'000; ++i)
    ASSERT_EQ(core.pop<false>([](MessageHead&) {}, [](MessageHead&) {}), nodes[i].get());
  EXPECT_EQ(core.depth(), 0U);
  EXPECT_EQ(core.push(late, false), Push::accepted);
}

TEST(MailboxCore, ANudgeEndsOneWaitAndTouchesNoMessage) {
  MailboxCore core(4);
  EXPECT_TRUE(core.sleep());
  EXPECT_TRUE(core.nudge()) << "the caller has to run it";
  EXPECT_FALSE(core.nudge());
  EXPECT_FALSE(core.sleep()) << "its wait is over";
  Node first(NodeKind::ask, 0, 1);
  Node second(NodeKind::ask, 0, 2);
  EXPECT_EQ(core.push(first, true), Push::accepted);
  EXPECT_TRUE(core.nudged());
  const auto nobody = [](MessageHead& /*head*/) {};
  EXPECT_EQ(core.pop<false>(nobody, nobody), &first);
  EXPECT_TRUE(core.nudged());
  EXPECT_EQ(core.push(second, true), Push::accepted);
  EXPECT_EQ(core.depth(), 1U);
  core.forget_nudge();
  EXPECT_FALSE(core.nudged());
  EXPECT_EQ(core.pop<false>(nobody, nobody), &second);
  EXPECT_TRUE(core.sleep());
  EXPECT_TRUE(core.close());
  EXPECT_FALSE(core.nudge());
  EXPECT_TRUE(core.is_exhausted());
}

}  // namespace
}  // namespace understudy::detail
