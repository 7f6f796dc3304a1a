// Attacks: urgent messages overtake, in order among themselves; a mailbox that drops its oldest hands out the newest,
// and nothing else, however senders and receiver take turns; what is put back comes first. Against a model, over all
// short sequences of operations and long ones by seed; and under many threads.
#include "understudy/actor/detail/mailbox_core.hpp"
#include "understudy/base/random.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <memory>
#include <set>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace understudy::detail {
namespace {

struct Node final : MessageHead {
  Node(NodeKind kind_of, bool is_urgent, std::uint32_t from, std::uint32_t count)
      : MessageHead(kind_of), sender(from), number(count) {
    urgent = is_urgent;
    calls = calls || urgent;
  }
  std::uint32_t sender;
  std::uint32_t number;
  bool admitted = false;
};

/// A mailbox with an urgent lane beside what it should do.
class Checked {
 public:
  Checked(std::uint32_t capacity, bool drops_oldest)
      : core_(capacity, drops_oldest), capacity_(capacity), drops_oldest_(drops_oldest) {}

  void push(NodeKind kind, bool urgent) {
    if (drops_oldest_ && kind == NodeKind::waiting_tell) return;
    nodes_.push_back(std::make_unique<Node>(kind, urgent, 0, static_cast<std::uint32_t>(nodes_.size())));
    Node& node = *nodes_.back();
    const bool beyond = kind != NodeKind::tell && !drops_oldest_;
    const Push pushed = core_.push(node, beyond);
    if (!beyond && !drops_oldest_ && waiting() >= capacity_) {
      ASSERT_EQ(pushed, Push::full);
      return;
    }
    ASSERT_LT(pushed, Push::full);
    lane(urgent).push_back(&node);
    if (pushed == Push::accepted_trim) note_dropped(core_.trim());
    ASSERT_LE(waiting() - dropped_early(), std::size_t{3} * capacity_ + (drops_oldest_ ? 0 : nodes_.size()));
  }
  void pop() {
    if (drops_oldest_) {
      while (waiting() > capacity_) {
        std::deque<Node*>& from = lane(false).empty() ? lane(true) : lane(false);
        expected_dropped_.insert(from.front());
        from.pop_front();
      }
    }
    MessageHead* taken = core_.pop<true>([&](MessageHead& head) { admit(static_cast<Node&>(head)); },
                                         [&](MessageHead& head) { dropped_.insert(static_cast<Node*>(&head)); });
    ASSERT_EQ(dropped_, expected_dropped_);
    if (waiting() == 0) {
      ASSERT_EQ(taken, nullptr);
      return;
    }
    std::deque<Node*>& from = lane(true).empty() ? lane(false) : lane(true);
    ASSERT_EQ(taken, from.front());
    // An urgent one goes first though its sender waits: that one is told when the message is taken.
    ASSERT_TRUE(taken->urgent || taken->kind != NodeKind::waiting_tell || from.front()->admitted);
    from.pop_front();
    ++in_hand_;
    hand_[in_hand_ % hand_.size()] = static_cast<Node*>(taken);
  }
  /// Puts the last one or two that were taken back, as a stash does: as messages that wait for nobody.
  void put_back(std::size_t count) {
    if (in_hand_ < count) return;
    MessageHead* oldest = nullptr;
    for (std::size_t i = 0; i < count; ++i) {  // In any order: it is the order in which they are put back that counts.
      Node* taken = hand_[(in_hand_ - i) % hand_.size()];
      const bool urgent = taken->urgent;
      nodes_.push_back(std::make_unique<Node>(NodeKind::tell, urgent, 0, taken->number));
      nodes_.back()->next = oldest;
      oldest = nodes_.back().get();
      lane(urgent).push_front(nodes_.back().get());
    }
    in_hand_ = 0;
    core_.put_back(oldest);
  }
  void check() const {
    const std::size_t all = urgent_.size() + normal_.size();
    ASSERT_EQ(core_.depth(), drops_oldest_ ? std::min(all, std::size_t{capacity_}) : all);
  }

  static constexpr int operations = 9;
  void apply(int operation) {
    switch (operation) {
      case 0:
        return push(NodeKind::tell, false);
      case 1:
        return push(NodeKind::tell, true);
      case 2:
        return push(NodeKind::waiting_tell, false);
      case 3:
        return push(NodeKind::waiting_tell, true);
      case 4:
        return push(NodeKind::ask, false);
      case 5:
        return push(NodeKind::ask, true);
      case 6:
        return put_back(1);
      case 7:
        return put_back(2);
      default:
        return pop();
    }
  }

 private:
  [[nodiscard]] std::deque<Node*>& lane(bool urgent) { return urgent ? urgent_ : normal_; }
  [[nodiscard]] std::size_t waiting() const { return urgent_.size() + normal_.size(); }
  [[nodiscard]] std::size_t dropped_early() const { return dropped_.size() - expected_dropped_.size(); }
  void note_dropped(MessageHead* oldest) {
    std::array<std::uint32_t, 2> last{};
    for (MessageHead* node = oldest; node != nullptr; node = node->next) {
      auto* dropped = static_cast<Node*>(node);
      ASSERT_TRUE(dropped_.insert(dropped).second) << "twice";
      std::uint32_t& before = last[dropped->urgent ? 1 : 0];
      ASSERT_GE(dropped->number, before) << "oldest first";
      before = dropped->number;
    }
  }
  void admit(Node& node) {
    ASSERT_FALSE(node.admitted);
    ASSERT_FALSE(node.urgent);
    const auto place = static_cast<std::size_t>(std::ranges::find(normal_, &node) - normal_.begin());
    ASSERT_LT(place + urgent_.size(), capacity_);
    for (std::size_t i = 0; i < place; ++i) {
      ASSERT_TRUE(normal_[i]->kind != NodeKind::waiting_tell || normal_[i]->admitted) << "out of order";
    }
    node.admitted = true;
  }

  MailboxCore core_;
  const std::uint32_t capacity_;
  const bool drops_oldest_;
  std::vector<std::unique_ptr<Node>> nodes_;
  std::deque<Node*> urgent_;
  std::deque<Node*> normal_;
  std::array<Node*, 2> hand_{};
  std::size_t in_hand_ = 0;
  std::set<Node*> dropped_;
  std::set<Node*> expected_dropped_;
};

TEST(MailboxList, FollowsItsModelOverAllShortHistories) {
  constexpr int length = 6;
  int histories = 1;
  for (int i = 0; i < length; ++i) histories *= Checked::operations;
  for (const bool drops_oldest : {false, true}) {
    for (std::uint32_t capacity = 1; capacity <= 2; ++capacity) {
      for (int history = 0; history < histories; ++history) {
        Checked checked(capacity, drops_oldest);
        int rest = history;
        for (int i = 0; i < length; ++i, rest /= Checked::operations) {
          checked.apply(rest % Checked::operations);
          checked.check();
        }
        if (testing::Test::HasFatalFailure()) FAIL() << "history " << history << ", capacity " << capacity;
      }
    }
  }
}

TEST(MailboxList, FollowsItsModelOverLongHistories) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    SeededRandom random(seed);
    Checked checked(static_cast<std::uint32_t>(1 + random.below(12)), random.chance(50));
    const std::uint64_t pops = 2 + random.below(60);
    for (int i = 0; i < 600; ++i) {
      const auto operation = random.below(Checked::operations - 1 + pops);
      checked.apply(static_cast<int>(std::min<std::uint64_t>(operation, Checked::operations - 1)));
      checked.check();
      if (testing::Test::HasFatalFailure()) FAIL() << "seed " << seed;
    }
  }
}

/// Senders push into a mailbox that drops its oldest; what they trim, what the receiver drops and what it receives is
/// each message once, each in the order of its sender.
class DropStress {
 public:
  DropStress(std::uint32_t capacity, bool lanes, std::uint32_t senders, std::uint32_t each)
      : core_(capacity, true), lanes_(lanes), senders_(senders), each_(each) {}

  void run() {
    std::vector<std::thread> threads;
    for (std::uint32_t i = 0; i < senders_; ++i) threads.emplace_back([this, i] { send(i); });
    std::vector<std::array<std::uint32_t, 2>> next(senders_);
    while (!threads.empty()) {
      receive(next);
      if (sent_.load() == senders_) {
        for (std::thread& thread : threads) thread.join();
        threads.clear();
      }
    }
    std::uint32_t last = 0;
    while (receive(next)) ++last;
    EXPECT_LE(last, core_.capacity());
    EXPECT_EQ(received_ + dropped_.load(), std::uint64_t{senders_} * each_);
    EXPECT_EQ(core_.depth(), 0U);
  }

 private:
  void send(std::uint32_t sender) {
    for (std::uint32_t number = 0; number < each_; ++number) {
      auto node = std::make_unique<Node>(NodeKind::tell, lanes_ && number % 3 == 0, sender, number);
      ++living_;
      // In the stack and in the list, in the hands of each sender that trims, and just moved.
      EXPECT_LE(living_.load(), std::int64_t{3 + senders_} * core_.capacity() + 2 * senders_ + 1);
      const Push pushed = core_.push(*node, false);
      static_cast<void>(node.release());
      ASSERT_LT(pushed, Push::full);
      if (pushed != Push::accepted_trim) continue;
      for (MessageHead* head = core_.trim(); head != nullptr;) {
        MessageHead* following = head->next;
        drop(*head);
        head = following;
      }
    }
    ++sent_;
  }
  bool receive(std::vector<std::array<std::uint32_t, 2>>& next) {
    const auto dropped = [this](MessageHead& head) { drop(head); };
    MessageHead* taken =
        lanes_ ? core_.pop<true>([](MessageHead&) {}, dropped) : core_.pop<false>([](MessageHead&) {}, dropped);
    if (taken == nullptr) return false;
    const std::unique_ptr<Node> node(static_cast<Node*>(taken));
    --living_;
    ++received_;
    std::uint32_t& expected = next[node->sender][node->urgent ? 1 : 0];
    EXPECT_GE(node->number, expected) << "order of one sender, in one lane";
    expected = node->number + 1;
    return true;
  }
  void drop(MessageHead& head) {
    const std::unique_ptr<Node> node(static_cast<Node*>(&head));
    --living_;
    ++dropped_;
  }

  MailboxCore core_;
  const bool lanes_;
  const std::uint32_t senders_;
  const std::uint32_t each_;
  std::uint64_t received_ = 0;
  std::atomic<std::uint64_t> dropped_{0};
  std::atomic<std::int64_t> living_{0};
  std::atomic<std::uint32_t> sent_{0};
};

TEST(MailboxList, DropsTheOldestUnderManySenders) {
  for (const std::uint32_t capacity : {1U, 2U, 7U, 100U}) {
    for (const std::uint32_t senders : {1U, 2U, 4U}) {
      for (const bool lanes : {false, true}) DropStress(capacity, lanes, senders, 10'000).run();
    }
  }
}

}  // namespace
}  // namespace understudy::detail
