// The queue of one mailbox: many senders, one receiver, in order, without a lock.
//
// Senders push onto a stack by one compare-and-swap; the receiver takes the whole stack at once, turns it round into a
// list of its own, and hands out messages from there without touching shared memory. One word holds everything the two
// sides must agree on:
//
//     bit 63..48  how many nodes the stack holds (saturating)
//     bit 47      nudged: the receiver's wait is over for another reason than a message (its time, another event);
//                 addresses of this process end below it
//     bit 46..4   the stack's top; of an empty stack, how often the receiver has taken it, or was woken by the short
//                 way (modulo 65,536)
//     bit 3       trimming: a sender takes the oldest nodes out of the stack; nobody else touches what is below the top
//     bit 2       calls: the stack holds a tell whose sender waits for room, or an urgent message
//     bit 1       closed: nothing is accepted any more
//     bit 0       sleeping: the receiver waits; who clears this bit has the right to run it
//
// The intrusive stack with a "reader is blocked" mark is CAF's (Charousset, Hiesgen and Schmidt 2014); the count in
// the same word, which makes the capacity exact, is ours. A sender reads the word and the length of the receiver's
// list, and pushes if the word is still the same; hence the number in an empty one, or it might have been filled and
// taken in between. (A node that comes back to its place in a stack meanwhile is not noticed: a sender that is held up
// there may exceed the capacity by one.)
//
// What goes beyond the capacity anyway, as requests do, and wakes the receiver takes the short way: nothing else waits,
// so its sender, who by waking it has the right to run it, puts the node into the receiver's list.
//
// A mailbox that drops its oldest message holds, as the receiver sees it, the `capacity` newest ones. The others are in
// memory until it takes the next, so a sender whose push makes the stack twice as long as the capacity trims it: see
// docs/decisions/0010-full-mailboxes-that-drop.md.
#pragma once

#include "understudy/actor/detail/mailbox_list.hpp"
#include "understudy/base/detail/atomic.hpp"

#include <cstdint>

namespace understudy::detail {

enum class InHand : std::uint8_t { nothing, tell, request };

/// What the atomics of a mailbox are made of. A parameter, so that tests can also try broken ones.
struct StandardAtomics {
  template <typename T>
  using Atomic = detail::Atomic<T>;
  static void wait_a_little(std::uint64_t round) noexcept { detail::wait_a_little(round); }
};

template <typename Atomics>
class BasicMailboxCore : private MailboxList {
 public:
  /// `capacity`: 1 to 65,535; half of that for a mailbox that drops its oldest.
  explicit BasicMailboxCore(std::uint32_t capacity, bool drops_oldest = false) noexcept
      : capacity_(capacity), drops_oldest_(drops_oldest ? 1U : 0U), attends_(drops_oldest) {}

  // --- senders, any thread -------------------------------------------------------------------------------------

  /// Adds `node` unless the mailbox is closed, or full (asks that wait and tells that wait go beyond the capacity:
  /// their memory is their senders').
  Push push(MessageHead& node, bool beyond_capacity) noexcept {
    // Acquire: pairs with the receiver's release in `take_stack`, so that `held_` is at least as new as the word.
    // (After the short way it may be older by the one node that went it, which goes beyond the capacity.)
    std::uint64_t seen = word_.load(std::memory_order_acquire);
    for (std::uint64_t round = 0, trims = 0;;) {
      if ((seen & closed_bit) != 0) return Push::closed;
      if (beyond_capacity) {
        if ((seen & ~pointer_mask) == sleeping_bit && !node.calls && drops_oldest_ == 0) {
          if (push_to_sleeper(node, seen)) return Push::accepted_wake;
          continue;
        }
      } else {
        const std::uint32_t held = held_.load(std::memory_order_acquire);
        if ((held & taking_bit) != 0) {  // The receiver is moving nodes from the stack to its list: a few instructions.
          Atomics::wait_a_little(round++);
          seen = word_.load(std::memory_order_acquire);
          continue;
        }
        trims = 0;
        if (count_of(seen) + held >= capacity_) {
          const std::uint64_t again = word_.load(std::memory_order_acquire);
          if (again != seen) {
            seen = again;
            continue;
          }
          if (drops_oldest_ == 0) return Push::full;
          if ((seen & trimming_bit) != 0) {
            Atomics::wait_a_little(round++);
            seen = word_.load(std::memory_order_acquire);
            continue;
          }
          if (count_of(seen) + 1 >= 2 * capacity_) trims = trimming_bit;
        }
      }
      node.next = count_of(seen) == 0 ? nullptr : top_of(seen);
      std::uint64_t wanted = reinterpret_cast<std::uint64_t>(&node) | (seen & (calls_bit | nudged_bit)) | trims |
                             (next_count(seen) << 48U);
      if (node.calls) wanted |= calls_bit;
      // Release: the receiver sees the node's content. Acquire: whoever wakes the receiver sees how it suspended; who
      // trims sees the nodes.
      if (word_.compare_exchange_weak(seen, wanted, std::memory_order_acq_rel, std::memory_order_acquire)) {
        if ((seen & sleeping_bit) != 0) return Push::accepted_wake;
        return trims != 0 ? Push::accepted_trim : Push::accepted;
      }
    }
  }
  /// Takes all but the `capacity` newest nodes out of the stack, urgent ones last; gives them oldest first, by their
  /// links. Once after each `accepted_trim`. The receiver waits for it, so the mailbox lives until this returns.
  MessageHead* trim() noexcept {
    std::uint64_t seen = word_.load(std::memory_order_relaxed);  // Frozen, but for `closed` and `nudged`.
    MessageHead* top = top_of(seen);
    MessageHead* oldest = nullptr;
    const std::uint32_t kept = cut_stack(top, capacity_, (seen & calls_bit) != 0, oldest);
    std::uint64_t wanted = 0;
    do {
      wanted = reinterpret_cast<std::uint64_t>(top) | (seen & (closed_bit | calls_bit | nudged_bit)) |
               (std::uint64_t{kept} << 48U);
      // Release: pairs with the next push and with the receiver, who see the new links.
    } while (!word_.compare_exchange_weak(seen, wanted, std::memory_order_acq_rel, std::memory_order_relaxed));
    return oldest;
  }
  /// Refuses whatever comes from now on. True if the receiver was asleep: the caller must schedule it.
  bool close() noexcept {
    std::uint64_t seen = word_.load(std::memory_order_relaxed);
    while (!word_.compare_exchange_weak(seen, (seen | closed_bit) & ~sleeping_bit, std::memory_order_acq_rel,
                                        std::memory_order_relaxed)) {
    }
    return (seen & sleeping_bit) != 0;
  }
  /// Takes the right to run the sleeping receiver. True for one caller.
  bool claim_sleeper() noexcept {
    std::uint64_t seen = word_.load(std::memory_order_relaxed);
    while ((seen & sleeping_bit) != 0) {
      if (word_.compare_exchange_weak(seen, seen & ~sleeping_bit, std::memory_order_acq_rel,
                                      std::memory_order_relaxed)) {
        return true;
      }
    }
    return false;
  }
  /// Ends the receiver's wait, or its next one. True if it was asleep: the caller must schedule it.
  bool nudge() noexcept {
    std::uint64_t seen = word_.load(std::memory_order_relaxed);
    // Release: what the caller wrote before is seen by the receiver that finds itself nudged.
    while (!word_.compare_exchange_weak(seen, (seen | nudged_bit) & ~sleeping_bit, std::memory_order_acq_rel,
                                        std::memory_order_relaxed)) {
    }
    return (seen & sleeping_bit) != 0;
  }
  /// Messages that wait, those of waiting senders included. Exact when nothing moves.
  [[nodiscard]] std::size_t depth() const noexcept {
    const std::uint32_t stacked = count_of(word_.load(std::memory_order_acquire));
    const std::uint32_t all = stacked + (held_.load(std::memory_order_relaxed) & ~taking_bit);
    return drops_oldest_ != 0 && all > capacity_ ? capacity_ : all;
  }
  [[nodiscard]] std::uint32_t capacity() const noexcept { return capacity_; }
  [[nodiscard]] bool closed() const noexcept { return (word_.load(std::memory_order_relaxed) & closed_bit) != 0; }
  [[nodiscard]] bool sleeping() const noexcept { return (word_.load(std::memory_order_relaxed) & sleeping_bit) != 0; }

  // --- the receiver, while it has the right to run ----------------------------------------------------------------

  /// What `pop` would give, if nothing else is to be done for that; null otherwise. Not for an urgent lane.
  [[nodiscard]] MessageHead* next_at_once() const noexcept {
    if (first() == nullptr || attends_) return nullptr;
    const bool looks_for_senders = held_.load(std::memory_order_relaxed) * 2 <= capacity_;
    return looks_for_senders && (word_.load(std::memory_order_relaxed) & calls_bit) != 0 ? nullptr : first();
  }
  /// Takes it from the list.
  MessageHead* pop_at_once() noexcept {
    MessageHead* taken = MailboxList::pop();
    held_.store(held_.load(std::memory_order_relaxed) - 1, std::memory_order_release);
    return taken;
  }
  /// The next node in order, or null. `admit(head)` wakes a sender that waits, as room comes up; `drop(head)` ends what
  /// is too old. With an urgent lane it looks for urgent messages each time.
  template <bool UrgentLane, typename Admit, typename Drop>
  MessageHead* pop(Admit admit, Drop drop) noexcept {
    if (first() == nullptr) {
      take_stack();
      if (first() == nullptr) return nullptr;
    } else if ((UrgentLane || held_.load(std::memory_order_relaxed) * 2 <= capacity_) &&
               (word_.load(std::memory_order_relaxed) & calls_bit) != 0) {
      take_stack();  // Senders wait though half of the mailbox is empty: let them in before the list is used up.
    }
    if (attends_) [[unlikely]]
      attend(admit, drop);
    return pop_at_once();
  }
  /// Calls `visit(head)` for what the list holds, in its order, `most` nodes at most. Others may wait in the stack, of
  /// which urgent ones will come first; and some of these may never be handed out: what is dropped, or was given up.
  template <typename Visit>
  void peek(std::size_t most, Visit visit) noexcept {
    if (first() == nullptr) take_stack();
    for (MessageHead* node = first(); node != nullptr && most > 0; node = node->next, --most) visit(*node);
  }
  /// Puts messages, oldest first by their links, before all others of their lane; beyond the capacity if need be.
  void put_back(MessageHead* oldest) noexcept {
    const std::uint32_t count = MailboxList::put_back(oldest);
    held_.store(held_.load(std::memory_order_relaxed) + count, std::memory_order_release);
  }
  /// True if nothing waits and nothing else is to be noticed. For a receiver that may have been replaced, too.
  [[nodiscard]] bool seems_quiet() const noexcept {
    return held_.load(std::memory_order_relaxed) == 0 && (word_.load(std::memory_order_relaxed) & ~pointer_mask) == 0;
  }
  /// Marks the receiver as asleep. False if there is something to receive, or the mailbox is closed.
  bool sleep() noexcept {
    std::uint64_t seen = word_.load(std::memory_order_relaxed);
    if (first() != nullptr || (seen & ~pointer_mask) != 0) return false;
    // Release: who clears the bit sees how the receiver suspended.
    return word_.compare_exchange_strong(seen, seen | sleeping_bit, std::memory_order_acq_rel,
                                         std::memory_order_relaxed);
  }
  [[nodiscard]] bool nudged() const noexcept { return (word_.load(std::memory_order_acquire) & nudged_bit) != 0; }
  /// Once nobody nudges any more.
  void forget_nudge() noexcept {
    std::uint64_t seen = word_.load(std::memory_order_relaxed);
    while ((seen & nudged_bit) != 0 && !word_.compare_exchange_weak(seen, seen & ~nudged_bit, std::memory_order_acq_rel,
                                                                    std::memory_order_relaxed)) {
    }
  }
  /// True if nothing waits and nothing will come.
  [[nodiscard]] bool is_exhausted() const noexcept {
    return first() == nullptr && (word_.load(std::memory_order_acquire) & ~(pointer_mask | nudged_bit)) == closed_bit;
  }
  /// What the receiver has taken last, and still has in hand: a message that nobody waits for, or a request.
  void note_in_hand(InHand what) noexcept { in_hand_ = what; }
  [[nodiscard]] InHand in_hand() const noexcept { return in_hand_; }

 private:
  static constexpr std::uint64_t sleeping_bit = 1;
  static constexpr std::uint64_t closed_bit = 2;
  static constexpr std::uint64_t calls_bit = 4;
  static constexpr std::uint64_t trimming_bit = 8;
  static constexpr std::uint64_t nudged_bit = 0x0000'8000'0000'0000U;
  static constexpr std::uint64_t pointer_mask = 0x0000'7FFF'FFFF'FFF0U;
  static constexpr std::uint64_t pointer_unit = 0x10;
  static constexpr std::uint32_t taking_bit = 0x8000'0000U;

  static MessageHead* top_of(std::uint64_t word) noexcept {
    return reinterpret_cast<MessageHead*>(word & pointer_mask);
  }
  static std::uint32_t count_of(std::uint64_t word) noexcept { return static_cast<std::uint32_t>(word >> 48U); }
  static std::uint64_t next_count(std::uint64_t word) noexcept {
    const std::uint64_t count = word >> 48U;
    return count < 0xFFFFU ? count + 1 : count;
  }

  /// Wakes a receiver to which nothing else has come: then its list is this sender's until the receiver runs, and the
  /// node goes there without a stay in the stack, out of which it would have to be taken. Senders that look meanwhile
  /// do not count it; it is one of those that go beyond the capacity anyway.
  bool push_to_sleeper(MessageHead& node, std::uint64_t& seen) noexcept {
    const auto takes = static_cast<std::uint16_t>((seen & pointer_mask) / pointer_unit + 1);
    // Acquire: pairs with `sleep`, this sees how the receiver suspended.
    if (!word_.compare_exchange_weak(seen, takes * pointer_unit, std::memory_order_acq_rel,
                                     std::memory_order_acquire)) {
      return false;
    }
    takes_ = takes;
    append_first(node);
    held_.store(1, std::memory_order_release);
    return true;
  }
  void take_stack() noexcept {
    std::uint64_t seen = word_.load(std::memory_order_relaxed);
    if (count_of(seen) == 0) return;
    const std::uint32_t held = held_.load(std::memory_order_relaxed);
    held_.store(held | taking_bit, std::memory_order_relaxed);
    const std::uint64_t empty = ++takes_ * pointer_unit;
    for (std::uint64_t round = 0;;) {
      if ((seen & trimming_bit) != 0) {
        Atomics::wait_a_little(round++);
        seen = word_.load(std::memory_order_relaxed);
        continue;
      }
      // Acquire: pairs with the pushes. Release: a sender that sees the emptied word sees the mark in `held_` as well.
      if (word_.compare_exchange_weak(seen, (seen & (closed_bit | nudged_bit)) | empty, std::memory_order_acq_rel,
                                      std::memory_order_relaxed)) {
        break;
      }
    }
    const std::uint32_t count = (seen & calls_bit) != 0 ? append(top_of(seen), held) : append_plain(top_of(seen));
    attends_ = drops_oldest_ != 0 || has_unadmitted();
    held_.store(held + count, std::memory_order_release);
  }
  template <typename Admit, typename Drop>
  [[gnu::noinline]] void attend(Admit& admit, Drop& drop) noexcept {
    if (drops_oldest_ != 0) {
      drop_oldest(drop);
    } else {
      admit_waiting(capacity_, admit);
      attends_ = has_unadmitted();
    }
  }
  template <typename Drop>
  void drop_oldest(Drop& drop) noexcept {
    if (count_of(word_.load(std::memory_order_relaxed)) + held_.load(std::memory_order_relaxed) <= capacity_) return;
    take_stack();
    const std::uint32_t held = held_.load(std::memory_order_relaxed);
    if (held <= capacity_) return;
    MessageHead* dropped = take_oldest(held - capacity_);
    held_.store(capacity_, std::memory_order_release);
    while (dropped != nullptr) {
      MessageHead* next = dropped->next;
      drop(*dropped);
      dropped = next;
    }
  }

  // Length of the receiver's list. Written by who has the right to run the receiver (release), read by senders
  // (acquire) for the capacity.
  typename Atomics::template Atomic<std::uint32_t> held_{0};
  typename Atomics::template Atomic<std::uint64_t> word_{0};
  const std::uint32_t capacity_ : 31;
  const std::uint32_t drops_oldest_ : 1;
  // The receiver's own.
  bool attends_;  // Each pop has more to do: senders to let in, or messages to drop.
  InHand in_hand_ = InHand::nothing;
  std::uint16_t takes_ = 0;
};

using MailboxCore = BasicMailboxCore<StandardAtomics>;

}  // namespace understudy::detail
