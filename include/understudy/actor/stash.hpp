// Stash<M>: messages that an actor has received too early. It sets them aside, and gives them back to its mailbox when
// their time has come: in the order in which they were set aside, before all that waits there (of their lane).
//
//     us::Task<> connection(us::Mailbox<Message>& inbox) {
//       us::Stash<Message> early(inbox, 100);
//       bool connected = false;
//       while (auto message = co_await inbox.receive()) {
//         if (!connected && !is_hello(*message)) {
//           if (!early.put(std::move(*message))) { ... }   // Full: the message is still ours.
//           continue;
//         }
//         ...
//         connected = true;
//         early.give_back();
//       }
//     }
//
// A stash that is destroyed gives back what it holds. So nothing is lost by a restart: a crash loses the message in
// hand and no other, and the next incarnation receives those that were set aside, in order, before the newer ones. When
// the actor stops for good they end as all that waits in its mailbox: requests with an error, tells as dead letters. An
// actor that is asked to stop receives them before it receives nothing, if it has given them back by then.
//
// Threads: as its mailbox: only the actor itself, in whose coroutine it lives, or the tasks it awaits. Memory: bounded
// by its capacity, on top of the mailbox's: messages that are given back may exceed that, and senders wait or are
// refused meanwhile; a mailbox that drops its oldest messages drops these first. Cost: one block of the thread's pool a
// message.
#pragma once

#include "understudy/actor/mailbox.hpp"

#include <algorithm>

namespace understudy {

template <Message M>
class Stash {
 public:
  /// Holds at most `capacity` messages, at least one.
  Stash(Mailbox<M>& inbox, std::size_t capacity) noexcept
      : inbox_(inbox), capacity_(std::max<std::size_t>(capacity, 1)) {}
  Stash(const Stash&) = delete;
  Stash& operator=(const Stash&) = delete;
  /// Gives back what it holds.
  ~Stash() { give_back(); }

  /// Sets a message aside. False if the stash is full: the message is untouched. The message received last counts as in
  /// hand no more.
  [[nodiscard]] bool put(M&& message) {
    if (size_ == capacity_) return false;
    detail::MessageHead* node = detail::TellNode<M>::make(std::move(message));
    (last_ == nullptr ? first_ : last_->next) = node;
    last_ = node;
    ++size_;
    inbox_.note_set_aside();
    return true;
  }
  /// Gives all back to the mailbox: they are received next, oldest first, before all that waits, or before all that is
  /// urgent or not as they are. Requests whose asker has given up meanwhile are let go of.
  void give_back() noexcept {
    detail::MessageHead* kept_first = nullptr;
    detail::MessageHead** link = &kept_first;
    for (detail::MessageHead* node = first_; node != nullptr;) {
      detail::MessageHead* next = node->next;
      auto* own = static_cast<detail::TellNode<M>*>(node);
      if (detail::asker_is_gone(own->content)) {
        detail::TellNode<M>::release(own);
      } else {
        *link = node;
        link = &node->next;
      }
      node = next;
    }
    *link = nullptr;
    first_ = nullptr;
    last_ = nullptr;
    size_ = 0;
    if (kept_first != nullptr && !inbox_.put_back(*kept_first)) lose(*kept_first);
  }

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

 private:
  /// What a replaced incarnation had set aside was in its hand.
  void lose(detail::MessageHead& first) noexcept {
    for (detail::MessageHead* node = &first; node != nullptr;) {
      auto* own = static_cast<detail::TellNode<M>*>(std::exchange(node, node->next));
      inbox_.note_lost(own->content);
      detail::TellNode<M>::release(own);
    }
  }

  Mailbox<M>& inbox_;
  const std::size_t capacity_;
  std::size_t size_ = 0;
  detail::MessageHead* first_ = nullptr;
  detail::MessageHead* last_ = nullptr;
};

}  // namespace understudy
