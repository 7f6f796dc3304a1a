// The receiver's own part of a mailbox: what it has taken from the stack and not handed out yet, in order. No atomics:
// only the receiver touches it, while it has the right to run, or who has just taken that right to wake it.
//
//     first_ ─▶ urgent … urgent ─▶ normal … normal ─▶ waiting, not yet admitted … ◀─ last_
//                                  │                  │
//                                  admitted ones      unadmitted_
#pragma once

#include "understudy/actor/detail/message_node.hpp"

#include <cstdint>

namespace understudy::detail {

class MailboxList {
 public:
  [[nodiscard]] MessageHead* first() const noexcept { return first_; }
  [[nodiscard]] bool has_unadmitted() const noexcept { return unadmitted_ != nullptr; }

  /// Makes `node` the only one of an empty list.
  void append_first(MessageHead& node) noexcept {
    node.next = nullptr;
    first_ = &node;
    last_ = &node;
  }
  /// Appends a stack, newest first, that holds nothing but messages of one lane that wait for nobody. Returns how many.
  std::uint32_t append_plain(MessageHead* newest) noexcept {
    MessageHead* oldest = nullptr;
    std::uint32_t count = 0;
    for (MessageHead* node = newest; node != nullptr; ++count) {
      MessageHead* below = node->next;
      node->next = oldest;
      oldest = node;
      node = below;
    }
    link_last(oldest, newest);
    return count;
  }
  /// Appends any stack to a list of `held` nodes: urgent ones come behind the urgent ones that are there. Returns how
  /// many.
  [[gnu::noinline]] std::uint32_t append(MessageHead* newest, std::uint32_t held) noexcept {
    Chain urgent;
    Chain normal;
    MessageHead* first_waiting = nullptr;
    std::uint32_t from_there = 0;
    for (MessageHead* node = newest; node != nullptr;) {
      MessageHead* below = node->next;
      if (node->urgent) {
        urgent.put_first(node);
      } else {
        normal.put_first(node);
        if (node->kind == NodeKind::waiting_tell) {
          first_waiting = node;
          from_there = normal.count;
        }
      }
      node = below;
    }
    if (first_waiting != nullptr && unadmitted_ == nullptr) {
      unadmitted_ = first_waiting;
      admitted_ = held + normal.count - from_there;
    }
    if (normal.first != nullptr) link_last(normal.first, normal.last);
    insert(last_urgent(), urgent);
    return urgent.count + normal.count;
  }
  /// Puts messages, oldest first, before all others of their lane. Returns how many.
  std::uint32_t put_back(MessageHead* oldest) noexcept {
    Chain urgent;
    Chain normal;
    while (oldest != nullptr) {
      MessageHead* node = oldest;
      oldest = oldest->next;
      (node->urgent ? urgent : normal).put_last(node);
    }
    insert(last_urgent(), normal);
    insert(nullptr, urgent);
    return urgent.count + normal.count;
  }
  /// Lets senders in, in order, while fewer than `capacity` messages stand before them.
  template <typename Admit>
  void admit_waiting(std::uint32_t capacity, Admit& admit) noexcept {
    while (unadmitted_ != nullptr && admitted_ < capacity) {
      MessageHead* node = unadmitted_;
      unadmitted_ = node->next;
      ++admitted_;
      if (node->kind == NodeKind::waiting_tell) admit(*node);
    }
    if (unadmitted_ == nullptr) admitted_ = 0;
  }
  /// The list must not be empty, and its first node not be unadmitted.
  MessageHead* pop() noexcept {
    MessageHead* taken = first_;
    first_ = taken->next;
    if (first_ == nullptr) last_ = nullptr;
    if (admitted_ > 0) --admitted_;
    return taken;
  }
  /// Takes out the `count` oldest messages, those that are not urgent first; oldest first, by their links. Never while
  /// senders wait.
  MessageHead* take_oldest(std::uint32_t count) noexcept {
    Chain taken;
    MessageHead* before = last_urgent();
    while (taken.count < count) {
      if (before != nullptr && before->next == nullptr) before = nullptr;  // Nothing but urgent ones is left.
      MessageHead* node = before == nullptr ? first_ : before->next;
      if (node == nullptr) break;
      (before == nullptr ? first_ : before->next) = node->next;
      if (last_ == node) last_ = before;
      taken.put_last(node);
    }
    return taken.first;
  }
  /// Leaves the `kept` newest nodes in the stack of which `top` is the newest, or as many: if there may be urgent ones,
  /// they stay before others. Gives the rest oldest first, by their links. Returns how many have stayed.
  static std::uint32_t cut_stack(MessageHead*& top, std::uint32_t kept, bool may_be_urgent,
                                 MessageHead*& oldest) noexcept {
    std::uint32_t urgent = 0;
    if (may_be_urgent) {
      for (const MessageHead* node = top; node != nullptr; node = node->next) urgent += node->urgent ? 1U : 0U;
    }
    std::uint32_t urgent_kept = urgent < kept ? urgent : kept;
    std::uint32_t normal_kept = kept - urgent_kept;
    Chain stack;
    Chain rest;
    for (MessageHead* node = top; node != nullptr;) {
      MessageHead* below = node->next;
      std::uint32_t& room = node->urgent ? urgent_kept : normal_kept;
      if (room > 0) {
        --room;
        stack.put_last(node);
      } else {
        rest.put_first(node);
      }
      node = below;
    }
    top = stack.first;
    oldest = rest.first;
    return stack.count;
  }

 private:
  struct Chain {
    MessageHead* first = nullptr;
    MessageHead* last = nullptr;
    std::uint32_t count = 0;
    void put_first(MessageHead* node) noexcept {
      node->next = first;
      first = node;
      if (last == nullptr) last = node;
      ++count;
    }
    void put_last(MessageHead* node) noexcept {
      node->next = nullptr;
      (last == nullptr ? first : last->next) = node;
      last = node;
      ++count;
    }
  };

  void link_last(MessageHead* oldest, MessageHead* newest) noexcept {
    (last_ == nullptr ? first_ : last_->next) = oldest;
    last_ = newest;
  }
  /// Inserts behind `before` (null: at the front), which stands before all that is unadmitted.
  void insert(MessageHead* before, const Chain& chain) noexcept {
    if (chain.first == nullptr) return;
    MessageHead*& link = before == nullptr ? first_ : before->next;
    chain.last->next = link;
    link = chain.first;
    if (last_ == before) last_ = chain.last;
    if (unadmitted_ != nullptr) admitted_ += chain.count;
  }
  /// The last of the urgent messages at the front, or null. As long as there are urgent messages.
  [[nodiscard]] MessageHead* last_urgent() const noexcept {
    MessageHead* last = nullptr;
    for (MessageHead* node = first_; node != nullptr && node->urgent; node = node->next) last = node;
    return last;
  }

  MessageHead* first_ = nullptr;
  MessageHead* last_ = nullptr;
  // The first node of the list that has not been looked at for a waiting sender, and how many stand before it.
  MessageHead* unadmitted_ = nullptr;
  std::uint32_t admitted_ = 0;
};

}  // namespace understudy::detail
