// The queue of one mailbox: many senders, one receiver, in order, without a lock.
//
// Senders push onto a stack by one compare-and-swap; the receiver takes the whole stack at once, turns it round into a
// list of its own, and hands out messages from there without touching shared memory. One word holds everything the two
// sides must agree on:
//
//     bit 63..48  how many nodes the stack holds (saturating)
//     bit 47..4   the stack's top
//     bit 3       nudged: the receiver's wait is over for another reason than a message (its time, another event)
//     bit 2       waiters: the stack holds a tell whose sender waits for room
//     bit 1       closed: nothing is accepted any more
//     bit 0       sleeping: the receiver waits; who clears this bit has the right to run it
//
// The intrusive stack with a "reader is blocked" mark is CAF's (Charousset, Hiesgen and Schmidt 2014); the count in
// the same word, which makes the capacity exact, is ours.
#pragma once

#include "understudy/actor/detail/message_node.hpp"

#include <atomic>
#include <cstdint>

namespace understudy::detail {

enum class Push : std::uint8_t { accepted, accepted_wake, full, closed };

class MailboxCore {
 public:
  explicit MailboxCore(std::uint32_t capacity) noexcept : capacity_(capacity) {}

  // --- senders, any thread -------------------------------------------------------------------------------------

  /// Adds `node` unless the mailbox is closed, or full (asks that wait and tells that wait go beyond the capacity:
  /// their memory is their senders'). `accepted_wake`: the caller now must schedule the receiver.
  Push push(MessageHead& node, bool beyond_capacity) noexcept {
    // Acquire: pairs with the receiver's release in `take_stack`, so that `held_` is at least as new as the word.
    std::uint64_t seen = word_.load(std::memory_order_acquire);
    for (;;) {
      if ((seen & closed_bit) != 0) return Push::closed;
      if (!beyond_capacity) {
        const std::uint32_t held = held_.load(std::memory_order_acquire);
        if ((held & taking_bit) != 0) {  // The receiver is moving nodes from the stack to its list: a few instructions.
          seen = word_.load(std::memory_order_acquire);
          continue;
        }
        if (count_of(seen) + held >= capacity_) {
          const std::uint64_t again = word_.load(std::memory_order_acquire);
          if (again == seen) return Push::full;
          seen = again;
          continue;
        }
      }
      node.next = top_of(seen);
      std::uint64_t wanted =
          reinterpret_cast<std::uint64_t>(&node) | (seen & (waiters_bit | nudged_bit)) | (next_count(seen) << 48U);
      if (node.kind == NodeKind::waiting_tell) wanted |= waiters_bit;
      // Release: the receiver sees the node's content. Acquire: whoever wakes the receiver sees how it suspended.
      if (word_.compare_exchange_weak(seen, wanted, std::memory_order_acq_rel, std::memory_order_acquire)) {
        return (seen & sleeping_bit) != 0 ? Push::accepted_wake : Push::accepted;
      }
    }
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
    return count_of(word_.load(std::memory_order_acquire)) + (held_.load(std::memory_order_relaxed) & ~taking_bit);
  }
  [[nodiscard]] std::uint32_t capacity() const noexcept { return capacity_; }
  [[nodiscard]] bool closed() const noexcept { return (word_.load(std::memory_order_relaxed) & closed_bit) != 0; }
  [[nodiscard]] bool sleeping() const noexcept { return (word_.load(std::memory_order_relaxed) & sleeping_bit) != 0; }

  // --- the receiver, while it has the right to run ----------------------------------------------------------------

  /// The next node in order, or null. Tells whose senders wait are admitted as room comes up; `admit` wakes a sender.
  template <typename Admit>
  MessageHead* pop(Admit admit) noexcept {
    if (first_ == nullptr) {
      take_stack();
      if (first_ == nullptr) return nullptr;
    } else if (held_.load(std::memory_order_relaxed) * 2 <= capacity_ &&
               (word_.load(std::memory_order_relaxed) & waiters_bit) != 0) {
      take_stack();  // Senders wait though half of the mailbox is empty: let them in before the list is used up.
    }
    if (unadmitted_ != nullptr) admit_waiting(admit);
    MessageHead* taken = first_;
    first_ = taken->next;
    if (first_ == nullptr) last_ = nullptr;
    if (admitted_ > 0) --admitted_;
    held_.store(held_.load(std::memory_order_relaxed) - 1, std::memory_order_release);
    return taken;
  }
  /// Marks the receiver as asleep. False if there is something to receive, or the mailbox is closed.
  bool sleep() noexcept {
    std::uint64_t seen = word_.load(std::memory_order_relaxed);
    if (first_ != nullptr || seen != 0) return false;
    // Release: who clears the bit sees how the receiver suspended.
    return word_.compare_exchange_strong(seen, sleeping_bit, std::memory_order_acq_rel, std::memory_order_relaxed);
  }
  [[nodiscard]] bool nudged() const noexcept { return (word_.load(std::memory_order_acquire) & nudged_bit) != 0; }
  /// Once nobody nudges any more.
  void forget_nudge() noexcept {
    if (nudged()) word_.fetch_and(~nudged_bit, std::memory_order_acq_rel);
  }
  /// True if nothing waits and nothing will come.
  [[nodiscard]] bool is_exhausted() const noexcept {
    return first_ == nullptr && (word_.load(std::memory_order_acquire) & ~nudged_bit) == closed_bit;
  }

 private:
  static constexpr std::uint64_t sleeping_bit = 1;
  static constexpr std::uint64_t closed_bit = 2;
  static constexpr std::uint64_t waiters_bit = 4;
  static constexpr std::uint64_t nudged_bit = 8;
  static constexpr std::uint64_t pointer_mask = 0x0000'FFFF'FFFF'FFF0U;
  static constexpr std::uint32_t taking_bit = 0x8000'0000U;

  static MessageHead* top_of(std::uint64_t word) noexcept {
    return reinterpret_cast<MessageHead*>(word & pointer_mask);
  }
  static std::uint32_t count_of(std::uint64_t word) noexcept { return static_cast<std::uint32_t>(word >> 48U); }
  static std::uint64_t next_count(std::uint64_t word) noexcept {
    const std::uint64_t count = word >> 48U;
    return count < 0xFFFFU ? count + 1 : count;
  }

  void take_stack() noexcept {
    std::uint64_t seen = word_.load(std::memory_order_relaxed);
    if (top_of(seen) == nullptr) return;
    const std::uint32_t held = held_.load(std::memory_order_relaxed);
    held_.store(held | taking_bit, std::memory_order_relaxed);
    // Acquire: pairs with the pushes. Release: a sender that sees the emptied word sees the mark in `held_` as well.
    while (!word_.compare_exchange_weak(seen, seen & (closed_bit | nudged_bit), std::memory_order_acq_rel,
                                        std::memory_order_relaxed)) {
    }
    MessageHead* newest = top_of(seen);
    MessageHead* oldest = nullptr;
    std::uint32_t count = 0;
    for (MessageHead* node = newest; node != nullptr; ++count) {
      MessageHead* below = node->next;
      node->next = oldest;
      oldest = node;
      node = below;
    }
    if (last_ == nullptr) {
      first_ = oldest;
    } else {
      last_->next = oldest;
    }
    last_ = newest;
    if ((seen & waiters_bit) != 0 && unadmitted_ == nullptr) {
      unadmitted_ = oldest;
      admitted_ = held;
    }
    held_.store(held + count, std::memory_order_release);
  }

  template <typename Admit>
  void admit_waiting(Admit& admit) noexcept {
    while (unadmitted_ != nullptr && admitted_ < capacity_) {
      MessageHead* node = unadmitted_;
      unadmitted_ = node->next;
      ++admitted_;
      if (node->kind == NodeKind::waiting_tell) admit(*node);
    }
    if (unadmitted_ == nullptr) admitted_ = 0;
  }

  std::atomic<std::uint64_t> word_{0};
  // Length of the receiver's list. Written by the receiver alone (release), read by senders (acquire) for the capacity.
  std::atomic<std::uint32_t> held_{0};
  const std::uint32_t capacity_;
  MessageHead* first_ = nullptr;
  MessageHead* last_ = nullptr;
  // The first node of the list that has not been looked at for a waiting sender, and how many stand before it.
  MessageHead* unadmitted_ = nullptr;
  std::uint32_t admitted_ = 0;
};

}  // namespace understudy::detail
