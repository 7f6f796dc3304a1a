// Mailbox<M>: where an actor's messages wait, bounded, in order, over all of its incarnations.
//
//     us::Task<> counter(us::Mailbox<Add>& inbox) {
//       while (auto add = co_await inbox.receive()) { ... }
//     }
//
// Threads: only the actor itself, that is its coroutine and the tasks it awaits, uses its mailbox.
#pragma once

#include "understudy/actor/address.hpp"
#include "understudy/actor/detail/actor_cell.hpp"
#include "understudy/actor/detail/redelivery.hpp"
#include "understudy/actor/detail/system_hooks.hpp"
#include "understudy/actor/detail/tell_node.hpp"
#include "understudy/actor/detail/wait_for_message.hpp"
#include "understudy/actor/message.hpp"
#include "understudy/actor/tell.hpp"
#include "understudy/runtime/detail/turn.hpp"

#include <concepts>
#include <cstddef>
#include <memory>
#include <optional>
#include <typeinfo>
#include <utility>

namespace understudy {
namespace detail {
struct MailboxAccess;
}  // namespace detail

template <Message M>
class Stash;

template <Message M>
class Mailbox {
 public:
  class Receive;
  class ReceiveWithin;

  explicit Mailbox(detail::ActorCell& cell) : cell_(cell) {
    if (cell.options().redeliver == 0) return;
    if constexpr (detail::can_come_again<M>) {
      redelivery_ = std::make_unique<detail::RedeliveryOf<M>>(cell.options().redeliver);
    } else {
      detail::message_cannot_come_again(cell, typeid(M));
    }
  }
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  /// Waits for the next message. Empty when the actor has been asked to stop and has handled everything: it should
  /// return then. Messages from one sender come in sending order; requests whose asker has given up are not handed out.
  /// While it handles a request with a deadline the actor inherits that (actor/ask.hpp); one that comes too late is not
  /// handed out either: it ends with `timeout`.
  /// After a number of messages in a row, or a fraction of a millisecond of them, the actor yields, so that a flooded
  /// one does not starve its neighbours.
  [[nodiscard]] Receive receive() noexcept { return Receive(*this); }
  /// The next message if one waits, without suspending: for actors that gather a batch. Empty if there is none now.
  [[nodiscard]] std::optional<M> try_receive() noexcept {
    const detail::LibraryCall call;
    std::optional<M> message;
    if (!call.fenced() && take(message)) {
      cell_.count_message();
      cell_.set_deadline(TimePoint::max());
    }
    return message;
  }
  /// Calls `visit(const M&)` for messages that wait, oldest first, `most` at most, and leaves them where they are: for
  /// actors that prepare for what comes, as by fetching memory that it is going to need. What is shown may never be
  /// handed out, and something urgent may come before it. Nothing of it may be used once `peek` has returned: copy what
  /// is wanted. `visit` must be quick, must not suspend, throw, or use the mailbox.
  template <std::invocable<const M&> Visit>
  void peek(std::size_t most, Visit visit) noexcept {
    const detail::LibraryCall call;
    if (call.fenced()) return;
    cell_.mailbox().peek(most, [&visit](detail::MessageHead& head) { visit(std::as_const(head.message<M>())); });
  }
  /// This actor's own address: what it gives to others so that they can send to it.
  [[nodiscard]] Address<M> address() const { return Address<M>(detail::CellPointer::share(cell_)); }
  /// Messages that wait now. A hint: senders add to it at any time.
  [[nodiscard]] std::size_t depth() const noexcept { return cell_.mailbox().depth(); }
  [[nodiscard]] std::uint32_t capacity() const noexcept { return cell_.mailbox().capacity(); }
  /// For the library.
  [[nodiscard]] detail::Redelivery* redelivery() const noexcept { return redelivery_.get(); }

 private:
  friend struct detail::MailboxAccess;
  friend class Stash<M>;

  /// Moves the next message that somebody still wants into `into`, which is empty. False if there is none.
  bool take(std::optional<M>& into) noexcept {
    detail::MessageHead* node = nullptr;
    if (!take(node, into)) return false;
    if (node != nullptr) detail::take_message<M>(*node, into);
    return true;
  }
  /// The same, but leaves the message where it is if its node can be kept for a while: then `node` is that, which was
  /// null. The caller takes the message out of it, or lets go of both by that.
  bool take(detail::MessageHead*& node, std::optional<M>& into) noexcept {
    const auto admit = [](detail::MessageHead& head) { detail::admit(head); };
    const auto drop = [this](detail::MessageHead& head) { cell_.drop_oldest(head); };
    while (detail::MessageHead* next = cell_.mailbox().template pop<detail::has_urgent_lane<M>>(admit, drop)) {
      if (is_plain_tell(*next)) [[likely]] {
        cell_.mailbox().note_in_hand(detail::InHand::tell);
      } else if (is_plain_ask(*next)) {
        static_cast<detail::ReplySlot&>(*next).note_in_hand_of(cell_, false);
        cell_.mailbox().note_in_hand(detail::InHand::request);
      } else if (take_wanted(*next, into)) {
        return true;
      } else {
        continue;
      }
      cell_.set_deadline(TimePoint::max());
      keep(next->template message<M>(), next->times);
      node = next;
      return true;
    }
    return false;
  }
  /// The same where there is nothing to it: a plain tell that has been taken from the queue already. Short enough to be
  /// inlined.
  [[nodiscard]] detail::MessageHead* take_at_once() noexcept {
    if constexpr (detail::has_urgent_lane<M>) return nullptr;
    detail::MessageHead* const next = cell_.mailbox().next_at_once();
    if (next == nullptr || !is_plain_tell(*next) || redelivery_ != nullptr) return nullptr;
    cell_.mailbox().note_in_hand(detail::InHand::tell);
    cell_.set_deadline(TimePoint::max());
    return cell_.mailbox().pop_at_once();
  }
  /// A tell that no sender waits for, and nobody an answer.
  [[nodiscard]] static bool is_plain_tell(detail::MessageHead& node) noexcept {
    return node.kind == detail::NodeKind::tell && !node.timed &&
           detail::slot_carried_by(node.template message<M>()) == nullptr;
  }
  /// An ask without a deadline, whose asker waits.
  [[nodiscard]] static bool is_plain_ask(detail::MessageHead& node) noexcept {
    return node.kind == detail::NodeKind::ask && !node.timed && !node.is_given_up();
  }
  /// Moves the message of one node, of whatever kind, into `into`. False if nobody wants it any more.
  [[gnu::noinline]] bool take_wanted(detail::MessageHead& node, std::optional<M>& into) noexcept {
    const detail::NodeKind kind = node.kind;
    const std::uint8_t times = node.times;
    const bool withdrawn = kind != detail::NodeKind::tell && node.is_given_up();
    bool wanted = !withdrawn;
    TimePoint deadline = TimePoint::max();
    if (node.timed) [[unlikely]] {
      auto& slot = static_cast<detail::ReplySlot&>(node);
      deadline = slot.deadline();
      wanted = wanted && cell_.take_up(slot);
    }
    if (kind == detail::NodeKind::ask) static_cast<detail::ReplySlot&>(node).note_in_hand_of(cell_, false);
    detail::take_message<M>(node, into);
    if (withdrawn && kind == detail::NodeKind::waiting_tell) {
      note_withdrawn(*into);
      into.reset();
      return false;
    }
    if (wanted && kind != detail::NodeKind::ask) wanted = still_wanted(*into, deadline);
    if (!wanted) {
      cell_.count_not_started();
      detail::drop_unsent(std::move(*into), ErrorCode::timeout);
      into.reset();
      return false;
    }
    const bool is_tell = kind != detail::NodeKind::ask && !detail::has_asker(*into);
    cell_.mailbox().note_in_hand(is_tell ? detail::InHand::tell : detail::InHand::request);
    cell_.set_deadline(deadline);
    keep(*into, times);
    return true;
  }
  void keep([[maybe_unused]] const M& message, [[maybe_unused]] std::uint8_t times) noexcept {
    if constexpr (detail::can_come_again<M>) {
      if (redelivery_ != nullptr) [[unlikely]]
        redelivery_->keep(message, times);
    }
  }
  /// A request that was passed on by a tell keeps its deadline.
  bool still_wanted(const M& message, TimePoint& deadline) const noexcept {
    detail::ReplySlot* slot = detail::slot_carried_by(message);
    if (slot == nullptr) return true;
    if (slot->is_given_up()) return false;
    slot->note_in_hand_of(cell_, true);
    if (!slot->timed) return true;
    deadline = slot->deadline();
    return deadline > cell_.scheduler().clock().now();
  }
  /// For Stash: messages come back, oldest first by their links; the one in hand is in hand no more. False if the
  /// caller has been replaced: its successor has the mailbox.
  [[nodiscard]] bool put_back(detail::MessageHead& oldest) noexcept {
    const detail::LibraryCall call;
    if (!call.fenced()) cell_.mailbox().put_back(&oldest);
    return !call.fenced();
  }
  void note_set_aside() noexcept {
    const detail::LibraryCall call;
    if (!call.fenced()) cell_.mailbox().note_in_hand(detail::InHand::nothing);
  }
  /// The sender of `message` was destroyed while it waited for room.
  void note_withdrawn(const M& message) noexcept {
    note_lost(message, DeadLetterCause::withdrawn, ErrorCode::cancelled);
  }
  void note_lost(const M& message, DeadLetterCause cause = DeadLetterCause::crashed_in_hand,
                 ErrorCode reason = ErrorCode::actor_crashed) noexcept {
    if (!detail::has_asker(message)) detail::note_dead_letter(cell_, detail::type_of(message), cause, reason, {});
  }

  detail::ActorCell& cell_;
  std::unique_ptr<detail::RedeliveryOf<M>> redelivery_;  // Null: what is in hand when the actor fails, fails with it.
};

}  // namespace understudy

#include "understudy/actor/detail/receive.hpp"
#include "understudy/actor/detail/receive_within.hpp"
