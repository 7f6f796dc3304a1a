// Tells whose sender waits for room, and taking messages out of nodes of every kind.
#pragma once

#include "understudy/actor/detail/reply_slot.hpp"
#include "understudy/base/detail/atomic.hpp"

#include <optional>

namespace understudy::detail {

/// A tell that did not fit: it stands in the queue beyond the capacity, and its sender is suspended until the receiver
/// has room for it. Sender and receiver both hold the block; the second to leave releases it.
class WaitingTell : public MessageHead, public Suspension {
 public:
  explicit WaitingTell(Context& sender, const ActorCell& target) noexcept
      : MessageHead(NodeKind::waiting_tell), sender_(&sender), target_(&target) {
    state.store(RequestState::waiting, std::memory_order_relaxed);  // Published by the push that follows.
  }

  bool claim() noexcept final {
    RequestState expected = RequestState::waiting;
    return state.compare_exchange_strong(expected, RequestState::interrupted, std::memory_order_acq_rel);
  }
  [[nodiscard]] Wait waiting_for() const noexcept final {
    return {.kind = Wait::Kind::room,
            .claimed = state.load(std::memory_order_relaxed) != RequestState::waiting,
            .target = target_};
  }
  /// The receiver has room: wakes the sender, if it still waits.
  void admit() noexcept {
    static_cast<void>(settle(RequestState::answered, [](Context& /*sender*/) {}));
  }
  /// The receiver will never have room: wakes the sender, if it still waits, after `note(sender)`. True if it did;
  /// otherwise it has been told that the message was accepted, or has been destroyed.
  template <typename Note>
  [[nodiscard]] bool refuse(Note note) noexcept {
    return settle(RequestState::failed, note);
  }
  /// True once the sender has been told that the message was accepted.
  [[nodiscard]] bool admitted() const noexcept {
    return state.load(std::memory_order_relaxed) == RequestState::answered;
  }
  /// One of the two parties leaves. True for the second: it releases the block.
  [[nodiscard]] bool leave() noexcept { return left_.exchange(true, std::memory_order_acq_rel); }

 protected:
  ~WaitingTell() = default;

 private:
  template <typename Note>
  bool settle(RequestState outcome, Note note) noexcept {
    RequestState expected = RequestState::waiting;
    Context* sender = sender_;
    if (!state.compare_exchange_strong(expected, outcome, std::memory_order_acq_rel)) return false;
    note(*sender);  // The sender cannot go on, nor be destroyed, before it is scheduled.
    sender->schedule();
    return true;
  }

  Context* sender_;
  const ActorCell* target_;
  // Exchanged once by each party (acq_rel): the second sees all that the first did.
  Atomic<bool> left_{false};
};

template <typename M>
class WaitingTellOf final : public WaitingTell {
 public:
  WaitingTellOf(Context& sender, const ActorCell& target, M&& message)
      : WaitingTell(sender, target), message_(std::move(message)) {
    place_message(&message_);
  }
  ~WaitingTellOf() {}  // NOLINT(modernize-use-equals-default): the message is taken out, and ended, by the receiver
  static void release(WaitingTellOf* node) noexcept {
    node->~WaitingTellOf();
    free_block(node, sizeof(WaitingTellOf));
  }

 private:
  union {
    M message_;
  };
};

/// The receiver has room for what stands in `head`.
inline void admit(MessageHead& head) noexcept { static_cast<WaitingTell&>(head).admit(); }

/// Lets go of a node whose message has been moved out of it. It is gone, or somebody else's, afterwards.
template <typename M>
inline void release_taken(MessageHead& head) noexcept {
  if (head.kind == NodeKind::tell) {
    TellNode<M>::release(static_cast<TellNode<M>*>(&head));
    return;
  }
  head.message<M>().~M();
  if (head.kind == NodeKind::ask) return;  // The Reply that was moved out holds the node from here on.
  auto& waiting = static_cast<WaitingTellOf<M>&>(head);
  waiting.admit();
  if (waiting.leave()) WaitingTellOf<M>::release(&waiting);
}

/// Moves the message out of a node that has left the queue, into `into`, which is empty. The node is gone, or somebody
/// else's, afterwards.
template <typename M>
void take_message(MessageHead& head, std::optional<M>& into) noexcept {
  into.emplace(std::move(head.message<M>()));
  release_taken<M>(head);
}

}  // namespace understudy::detail
