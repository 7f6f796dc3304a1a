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

#include <memory>
#include <optional>
#include <typeinfo>

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
    const auto admit = [](detail::MessageHead& head) { detail::admit(head); };
    const auto drop = [this](detail::MessageHead& head) { cell_.drop_oldest(head); };
    while (detail::MessageHead* node = cell_.mailbox().template pop<detail::has_urgent_lane<M>>(admit, drop)) {
      if (node->kind == detail::NodeKind::tell && !node->timed &&
          detail::slot_carried_by(node->template message<M>()) == nullptr) [[likely]] {
        const std::uint8_t times = node->times;
        detail::take_message<M>(*node, into);
        cell_.mailbox().note_in_hand(detail::InHand::tell);
        cell_.set_deadline(TimePoint::max());
        keep(*into, times);
        return true;
      }
      if (take_wanted(*node, into)) return true;
    }
    return false;
  }
  /// The same for one node, of whatever kind. False if nobody wants it any more.
  bool take_wanted(detail::MessageHead& node, std::optional<M>& into) noexcept {
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

/// The awaitable of Mailbox::receive.
template <Message M>
class [[nodiscard]] Mailbox<M>::Receive final : private detail::Suspension, private detail::Receiver {
 public:
  explicit Receive(Mailbox& inbox) noexcept : inbox_(inbox) {}
  Receive(const Receive&) = delete;
  Receive& operator=(const Receive&) = delete;
  ~Receive() = default;

  /// The same for at most `limit`; gives Result<M>: the message, or `timeout`, or `actor_stopped` where `receive` gives
  /// none. What comes just as the time is over is handed out by this receive or by the next: none is lost. Zero or
  /// less: what waits now. One timer, if it must wait.
  [[nodiscard]] ReceiveWithin within(Duration limit) && noexcept { return ReceiveWithin(inbox_, limit); }

  [[nodiscard]] bool await_ready() noexcept {
    if (inbox_.cell_.mailbox().seems_quiet() || detail::turn_is_over()) return false;
    const detail::LibraryCall call;
    return !call.fenced() && complete();
  }
  bool await_suspend(std::coroutine_handle<> awaiting) noexcept {
    return detail::wait_for_message(inbox_.cell_, awaiting, *this);
  }
  [[nodiscard]] std::optional<M> await_resume() noexcept {
    inbox_.cell_.mark_busy();
    if (message_) {
      inbox_.cell_.count_message();
    } else {
      inbox_.cell_.set_deadline(TimePoint::max());
      inbox_.cell_.mailbox().note_in_hand(detail::InHand::nothing);
    }
    return std::move(message_);
  }

 private:
  bool complete() noexcept override { return inbox_.take(message_) || inbox_.cell_.mailbox().is_exhausted(); }
  [[nodiscard]] detail::Suspension& suspension() noexcept override { return *this; }
  bool claim() noexcept override { return inbox_.cell_.mailbox().claim_sleeper(); }
  [[nodiscard]] detail::Wait waiting_for() const noexcept override {
    return {.kind = detail::Wait::Kind::message, .claimed = !inbox_.cell_.mailbox().sleeping()};
  }

  Mailbox& inbox_;
  std::optional<M> message_;
};

}  // namespace understudy

#include "understudy/actor/detail/receive_within.hpp"
