// Attacks: the mailbox's queue in every order of the atomic steps of a few senders, the receiver, one who closes it and
// one who claims the sleeping receiver: nothing lost or handed out twice, each sender's order kept, the capacity exact,
// one wake-up for each sleep. And broken queues, which the checker must find, or it proves nothing.
#include "support/interleavings.hpp"
#include "understudy/actor/detail/mailbox_core.hpp"

#include <memory>
#include <vector>

#include <gtest/gtest.h>

namespace understudy::detail {
namespace {

namespace model = test::interleavings;
using test::interleavings::check;
using test::interleavings::explore;
using test::interleavings::Outcome;
using test::interleavings::Run;

/// The length of the receiver's list, of 32 bits, is written by who has the right to run the receiver.
struct Atomics {
  template <typename T>
  using Atomic = std::conditional_t<sizeof(T) == 4, model::LastWriterAtomic<T>, model::Atomic<T>>;
  static void wait_a_little(std::uint64_t /*round*/) { model::wait_a_little(); }
};

struct Node final : MessageHead {
  Node(NodeKind kind_of, std::size_t from, std::size_t count) : MessageHead(kind_of), sender(from), number(count) {}
  std::size_t sender;
  std::size_t number;
  enum class Fate : std::uint8_t { unsent, queued, refused, received, dropped } fate = Fate::unsent;
  bool admitted = false;
};

struct Plan {
  std::uint32_t capacity = 1;
  NodeKind kind = NodeKind::tell;
  NodeKind kind_of_first = kind;  // Of the first sender's messages.
  bool drops_oldest = false;
  bool urgent_last = false;        // The last message of each sender is urgent.
  std::vector<std::size_t> sends;  // How many messages each sender sends.
  bool closer = false;
  bool claimer = false;
};

/// One mailbox under test, its nodes, and what must hold at each moment. What is noted here is noted in the same step
/// as the atomic operation before it.
template <typename TheirAtomics>
class Scene {
 public:
  explicit Scene(const Plan& plan) : plan_(plan), core_(plan.capacity, plan.drops_oldest) {
    for (std::size_t sender = 0; sender < plan.sends.size(); ++sender) {
      nodes_.emplace_back();
      for (std::size_t i = 0; i < plan.sends[sender]; ++i) {
        const NodeKind kind = sender == 0 ? plan.kind_of_first : plan.kind;
        nodes_.back().push_back(std::make_unique<Node>(kind, sender, i));
        if (plan.urgent_last && i + 1 == plan.sends[sender]) nodes_.back().back()->urgent = true;
        if (plan.urgent_last && i + 1 == plan.sends[sender]) nodes_.back().back()->calls = true;
      }
    }
    next_.resize(plan.sends.size());
  }

  void send(std::size_t sender) {
    for (const auto& node : nodes_[sender]) {
      const bool beyond = node->kind != NodeKind::tell && !plan_.drops_oldest;
      bool was_full = waiting_ >= plan_.capacity;
      watchers_.push_back(&was_full);
      const Push pushed = core_.push(*node, beyond);
      std::erase(watchers_, &was_full);
      if (pushed == Push::closed || pushed == Push::full) {
        node->fate = Node::Fate::refused;
        check(pushed == Push::closed ? closed_ : was_full, "refused without need");
        continue;
      }
      // What takes the short way is accepted one step before its push ends: it may be closed by now.
      check(!closed_ || (beyond && pushed == Push::accepted_wake), "accepted by a closed mailbox");
      node->fate = node->fate == Node::Fate::unsent ? Node::Fate::queued : node->fate;
      ++waiting_;
      if (node->kind == NodeKind::tell) ++tells_waiting_;
      check(beyond || plan_.drops_oldest || tells_waiting_ <= plan_.capacity, "more than the capacity");
      check(waiting_ <= std::size_t{3} * plan_.capacity || !plan_.drops_oldest, "more in memory than was said");
      if (waiting_ >= plan_.capacity) {
        for (bool* watcher : watchers_) *watcher = true;
      }
      if (pushed == Push::accepted_wake) wake();
      if (pushed == Push::accepted_trim) drop_all(core_.trim());
    }
  }
  void close() {
    const bool slept = core_.close();
    closed_ = true;
    if (slept) wake();
  }
  void claim() {
    if (core_.claim_sleeper()) wake();
  }
  /// Ends when the mailbox has been closed and emptied, or sleeps when all others have ended.
  void receive() {
    for (;;) {
      MessageHead* taken = pop();
      if (taken != nullptr) {
        --waiting_;
        auto& node = static_cast<Node&>(*taken);
        if (node.kind == NodeKind::tell) --tells_waiting_;
        check(node.fate == Node::Fate::queued, "received what was not queued");
        check(node.kind != NodeKind::waiting_tell || node.admitted || node.urgent, "received before it was admitted");
        node.fate = Node::Fate::received;
        if (!node.urgent) {
          check(node.number >= next_[node.sender], "out of order");
          next_[node.sender] = node.number + 1;
        }
        continue;
      }
      if (closed_ && core_.is_exhausted()) break;
      if (!core_.sleep()) continue;
      asleep_ = true;
      awake_.set(false);
      test::interleavings::wait_for(awake_, true);
    }
  }
  void finish() {
    check(plan_.closer || asleep_, "the receiver does not sleep");
    check(core_.sleeping() == asleep_, "the word says otherwise");
    for (const auto& sent : nodes_) {
      for (const auto& node : sent) {
        check(node->fate != Node::Fate::unsent && node->fate != Node::Fate::queued, "a message is lost");
      }
    }
    check(waiting_ == 0 && core_.depth() == 0, "something is left");
  }

 private:
  MessageHead* pop() {
    const auto admit = [](MessageHead& head) {
      check(!static_cast<Node&>(head).admitted, "admitted twice");
      static_cast<Node&>(head).admitted = true;
    };
    const auto drop = [this](MessageHead& head) { drop_one(head); };
    return plan_.urgent_last ? core_.template pop<true>(admit, drop) : core_.template pop<false>(admit, drop);
  }
  void drop_all(MessageHead* oldest) {
    while (oldest != nullptr) {
      MessageHead* next = oldest->next;
      drop_one(*oldest);
      oldest = next;
    }
  }
  void drop_one(MessageHead& head) {
    auto& node = static_cast<Node&>(head);
    check(node.fate == Node::Fate::queued, "dropped what was not queued");
    node.fate = Node::Fate::dropped;
    --waiting_;
    if (node.kind == NodeKind::tell) --tells_waiting_;
  }
  void wake() {
    check(asleep_, "woken while it was awake");
    asleep_ = false;
    awake_.store(true);
  }

  const Plan plan_;
  BasicMailboxCore<TheirAtomics> core_;
  std::vector<std::vector<std::unique_ptr<Node>>> nodes_;
  std::vector<std::size_t> next_;
  std::vector<bool*> watchers_;  // Senders that are pushing: whether it has been full since they began.
  std::size_t waiting_ = 0;
  std::size_t tells_waiting_ = 0;  // Of those that do not go beyond the capacity.
  bool closed_ = false;
  bool asleep_ = false;
  test::interleavings::Atomic<bool> awake_{true};
};

template <typename TheirAtomics>
Outcome explore_plan(const Plan& plan, const model::Limits& limits = {}) {
  return explore(
      [&plan](Run& run) {
        const auto scene = std::make_shared<Scene<TheirAtomics>>(plan);
        run.daemon([scene] { scene->receive(); });
        for (std::size_t i = 0; i < plan.sends.size(); ++i) run.thread([scene, i] { scene->send(i); });
        if (plan.closer) run.thread([scene] { scene->close(); });
        if (plan.claimer) run.thread([scene] { scene->claim(); });
        run.finally([scene] { scene->finish(); });
      },
      limits);
}
/// All orders. With sanitizers, for which switching stacks is slow, those with two interruptions at most.
void expect_sound(const Plan& plan, model::Limits limits = {}) {
  if (model::is_slow) limits.preemptions_max = 2;
  const Outcome outcome = explore_plan<Atomics>(plan, limits);
  EXPECT_EQ(outcome.failure, "");
  EXPECT_TRUE(outcome.complete);
  EXPECT_GT(outcome.schedules, 20U);
}
/// All orders in which threads that could go on are interrupted three times at most.
void expect_nearly_sound(const Plan& plan) { expect_sound(plan, {.preemptions_max = 3}); }

TEST(MailboxInterleavings, Senders) {
  for (const std::uint32_t capacity : {1U, 2U}) {
    expect_sound({.capacity = capacity, .sends = {2}});
    expect_sound({.capacity = capacity, .sends = {1, 1}});
    expect_nearly_sound({.capacity = capacity, .sends = {2, 1}});
  }
}
TEST(MailboxInterleavings, SendersThatWaitForRoom) {
  for (const NodeKind kind : {NodeKind::waiting_tell, NodeKind::ask}) {
    expect_sound({.capacity = 1, .kind = kind, .sends = {1, 1}});
    expect_nearly_sound({.capacity = 1, .kind = kind, .sends = {2, 1}});
  }
}
TEST(MailboxInterleavings, ARequestAndTells) {
  for (const std::uint32_t capacity : {1U, 2U}) {
    expect_sound({.capacity = capacity, .kind_of_first = NodeKind::ask, .sends = {1, 1}});
    expect_nearly_sound({.capacity = capacity, .kind_of_first = NodeKind::ask, .sends = {1, 2}});
  }
  expect_nearly_sound({.kind_of_first = NodeKind::ask, .sends = {1, 1}, .closer = true});
  expect_nearly_sound({.kind_of_first = NodeKind::ask, .sends = {1, 1}, .claimer = true});
}
TEST(MailboxInterleavings, CloserAndClaimer) {
  expect_sound({.capacity = 1, .sends = {1}, .closer = true});
  expect_sound({.capacity = 1, .sends = {1}, .claimer = true});
  expect_nearly_sound({.capacity = 1, .sends = {1}, .closer = true, .claimer = true});
  expect_nearly_sound({.capacity = 2, .sends = {2}, .closer = true});
}
TEST(MailboxInterleavings, UrgentMessages) {
  expect_sound({.capacity = 2, .urgent_last = true, .sends = {2}});
  expect_nearly_sound({.capacity = 2, .urgent_last = true, .sends = {2, 1}});
  expect_nearly_sound({.capacity = 1, .drops_oldest = true, .urgent_last = true, .sends = {3}});
}
TEST(MailboxInterleavings, DroppingTheOldest) {
  expect_sound({.capacity = 1, .drops_oldest = true, .sends = {2}});
  expect_sound({.capacity = 1, .drops_oldest = true, .sends = {1, 1}});
  expect_nearly_sound({.capacity = 1, .drops_oldest = true, .sends = {2, 1}});
  expect_nearly_sound({.capacity = 1, .drops_oldest = true, .sends = {2}, .closer = true});
}

/// A compare-and-swap that is two steps.
struct TornAtomics : Atomics {
  template <typename T>
  class Atomic : public Atomics::Atomic<T> {
   public:
    using Atomics::Atomic<T>::Atomic;
    template <typename... Order>
    bool compare_exchange_weak(T& expected, T wanted, Order... /*order*/) {
      const T seen = this->load();
      if (seen != expected) {
        expected = seen;
        return false;
      }
      this->store(wanted);
      return true;
    }
  };
};
/// A receiver that does not mark that it is taking the stack.
struct UnmarkedAtomics : Atomics {
  template <typename T>
  class Atomic : public Atomics::Atomic<T> {
   public:
    using Atomics::Atomic<T>::Atomic;
    template <typename... Order>
    void store(T value, Order... /*order*/) {
      if (sizeof(T) == 4 && (value & 0x8000'0000U) != 0) return;
      Atomics::Atomic<T>::store(value);
    }
  };
};
/// A sender that wakes nobody: it never sees that the receiver sleeps. (The bit stays set for others.)
struct SleepyAtomics : Atomics {
  template <typename T>
  class Atomic : public Atomics::Atomic<T> {
   public:
    using Atomics::Atomic<T>::Atomic;
    template <typename... Order>
    bool compare_exchange_weak(T& expected, T wanted, Order... /*order*/) {
      if (!this->compare_exchange_strong(expected, wanted)) return false;
      expected &= ~T{1};
      return true;
    }
  };
};

/// An empty word that is like all others: a sender does not notice that it was filled and taken.
struct UnnumberedAtomics : Atomics {
  template <typename T>
  class Atomic : public Atomics::Atomic<T> {
   public:
    using Atomics::Atomic<T>::Atomic;
    template <typename... Order>
    bool compare_exchange_weak(T& expected, T wanted, Order... /*order*/) {
      return this->compare_exchange_strong(expected, wanted >> 48U == 0 ? wanted & 0xFU : wanted);
    }
  };
};

TEST(MailboxInterleavings, FindsBrokenOnes) {
  EXPECT_NE(explore_plan<UnnumberedAtomics>({.capacity = 1, .sends = {1, 1}}).failure, "");
  EXPECT_NE(explore_plan<TornAtomics>({.capacity = 2, .sends = {1, 1}}).failure, "");
  EXPECT_NE(explore_plan<UnmarkedAtomics>({.capacity = 1, .sends = {2, 1}}).failure, "");
  EXPECT_NE(explore_plan<SleepyAtomics>({.capacity = 1, .sends = {1}}).failure, "");
}

}  // namespace
}  // namespace understudy::detail
