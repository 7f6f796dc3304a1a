// Telling: send a message that asks for no answer.
//
//     us::Result<void> sent = co_await counter.tell(Add{5});
//
// The await ends when the mailbox has accepted the message; while it is full the sender waits (that is backpressure),
// or what WhenFull says is done. Errors: mailbox_full (policy reject), actor_stopped, cancelled. A message that a
// policy drops is no error for its sender, but a dead letter. Cost: one block of the thread's pool; no suspension while
// there is room, but once in a while so that a loop of tells takes turns with others. Destroyed while it waits for
// room, it takes its message back: it is never handled. What is not accepted is kept as a dead letter besides.
#pragma once

#include "understudy/actor/detail/actor_cell.hpp"
#include "understudy/actor/detail/system_hooks.hpp"
#include "understudy/actor/detail/tell_node.hpp"
#include "understudy/actor/message.hpp"
#include "understudy/runtime/detail/turn.hpp"

#include <type_traits>
#include <utility>

namespace understudy {
namespace detail {

/// Keeps `message`, which this thread was about to send and `cell` has not accepted, as a dead letter; unless it is a
/// request, whose asker will get `reason`.
template <typename M>
void note_unsent(const ActorCell& cell, const M& message, DeadLetterCause cause, const Error& reason) noexcept {
  if (!has_asker(message)) note_dead_letter(cell, type_of(message), cause, reason, sender_here());
}
/// Lets go of a message that was not sent: requests in it end with `reason`.
template <typename M>
void drop_unsent(M&& message, const Error& reason) noexcept {
  ThreadState& thread = this_thread();
  const Error* const outer = std::exchange(thread.teardown_error, &reason);
  {
    [[maybe_unused]] const std::remove_cvref_t<M> dropped = std::forward<M>(message);
  }
  thread.teardown_error = outer;
}

/// Why a mailbox refused a message.
[[nodiscard]] inline Error refusal(Push refused) noexcept {
  if (refused == Push::fenced) return Error(ErrorCode::cancelled, "the sending incarnation has been replaced");
  return refused == Push::closed ? ErrorCode::actor_stopped : ErrorCode::mailbox_full;
}

/// The same, as the cause of a dead letter.
[[nodiscard]] inline DeadLetterCause cause_of(Push refused) noexcept {
  if (refused == Push::fenced) return DeadLetterCause::withdrawn;
  return refused == Push::closed ? DeadLetterCause::stopped : DeadLetterCause::rejected;
}

/// A request that is passed on: while its message is on its way nobody has it in hand.
template <typename M>
class ReplyOnItsWay {
 public:
  ReplyOnItsWay([[maybe_unused]] const M& message, [[maybe_unused]] const ActorCell& to) noexcept {
    if constexpr (may_carry_reply<M>) {
      slot_ = slot_carried_by(message);
      if (slot_ != nullptr) before_ = slot_->note_waiting_at(to);
    }
  }
  /// It was not accepted.
  void come_back() const noexcept {
    if constexpr (may_carry_reply<M>) {
      if (slot_ != nullptr) slot_->restore_holder(before_);
    }
  }

 private:
  ReplySlot* slot_ = nullptr;
  std::uintptr_t before_ = 0;
};

/// The rest of push_unsent where the mailbox did more than take the node. Out of line: a stream of tells seldom comes
/// here.
template <typename M>
[[gnu::noinline]] bool settle_push(ActorCell& cell, UnsentTell<M>& unsent, Push& refused) {
  if (refused < Push::full) {
    unsent.note_sent();
    cell.after_push(refused);
    return true;
  }
  if (refused == Push::closed || cell.options().when_full != WhenFull::drop_newest) return false;
  note_unsent(cell, unsent.message(), DeadLetterCause::dropped_newest, refusal(refused));
  drop_unsent(std::move(unsent.message()), refusal(refused));
  refused = Push::accepted;
  return true;
}

/// push_unsent of a message that carries no request.
template <typename M>
[[gnu::always_inline]] inline bool push_plain(ActorCell& cell, UnsentTell<M>& unsent, Push& refused) {
  refused = cell.mailbox().push(unsent.node(), false);
  if (refused != Push::accepted) [[unlikely]]
    return settle_push(cell, unsent, refused);
  unsent.note_sent();
  return true;
}

/// push_unsent of one that does.
template <typename M>
[[gnu::noinline]] bool pass_on_request(ActorCell& cell, UnsentTell<M>& unsent, Push& refused) {
  const ReplyOnItsWay<M> reply(unsent.message(), cell);
  if (push_plain(cell, unsent, refused)) return true;
  reply.come_back();
  return false;
}

/// Pushes the message if the mailbox has room, or makes room, or drops what finds none. True: the sender is done.
/// Otherwise the message is untouched, and `refused` says why. Inlined: a call of it would cost a tenth of a tell.
template <typename M>
[[gnu::always_inline]] inline bool push_unsent(ActorCell& cell, UnsentTell<M>& unsent, Push& refused) {
  const LibraryCall call;
  if (call.fenced()) [[unlikely]] {
    count_refused();
    refused = Push::fenced;
    return false;
  }
  if constexpr (may_carry_reply<M>) {
    if (slot_carried_by(unsent.message()) != nullptr) return pass_on_request(cell, unsent, refused);
  }
  return push_plain(cell, unsent, refused);
}

/// The same for a message that has no block of its own yet; it is untouched as well if it is not sent.
template <typename M>
[[nodiscard]] bool push_tell(ActorCell& cell, M& message, Push& refused) {
  UnsentTell<M> unsent(std::in_place, [&message]() -> M { return std::move(message); });
  if (push_unsent(cell, unsent, refused)) return true;
  message = std::move(unsent.message());
  return false;
}

template <typename M>
class TellAwaiter {
 public:
  TellAwaiter(ActorCell& target, UnsentTell<M>&& unsent) noexcept : target_(target), unsent_(std::move(unsent)) {}
  TellAwaiter(const TellAwaiter&) = delete;
  TellAwaiter& operator=(const TellAwaiter&) = delete;
  ~TellAwaiter() {
    if (waiting_ != nullptr && waiting_->leave()) WaitingTellOf<M>::release(waiting_);
  }

  [[nodiscard, gnu::always_inline]] bool await_ready() {
    settled_ = push_unsent(target_, unsent_, outcome_);
    if (!settled_) [[unlikely]]
      return settle_refusal();
    return !turn_is_over();
  }
  bool await_suspend(std::coroutine_handle<> awaiting) {
    if (settled_) {
      turn_over_.suspend(awaiting);
      return true;
    }
    Context& sender = *this_thread().current;
    waiting_ =
        new (allocate_block(sizeof(WaitingTellOf<M>))) WaitingTellOf<M>(sender, target_, std::move(unsent_.message()));
    WaitingTellOf<M>& node = *waiting_;
    const ReplyOnItsWay<M> reply(node.template message<M>(), target_);
    if (!sender.publish(awaiting, node)) {
      reply.come_back();
      withdraw(Push::full, DeadLetterCause::withdrawn);
      sender.give_up();
      return true;
    }
    ActorCell& target = target_;
    if (const Push pushed = target.mailbox().push(node, true); pushed < Push::full) {
      Context::armed();
      if (pushed != Push::accepted) target.after_push(pushed);
      return true;
    }
    withdraw(Push::closed, DeadLetterCause::stopped);
    sender.unpublish();
    return false;
  }
  [[nodiscard]] Result<void> await_resume() noexcept {
    if (waiting_ != nullptr) {
      outcome_ =
          waiting_->state.load(std::memory_order_acquire) == RequestState::answered ? Push::accepted : Push::closed;
    }
    if (outcome_ < Push::full) return {};
    Error error = refusal(outcome_);
    if (waiting_ == nullptr) drop_unsent(std::move(unsent_.message()), error);
    return std::unexpected(std::move(error));
  }

 private:
  /// There was no room, or there will never be. True: the tell has failed; false: the sender waits.
  [[gnu::noinline]] bool settle_refusal() {
    if (outcome_ == Push::full && target_.options().when_full != WhenFull::reject) return false;
    settled_ = true;
    note_unsent(target_, unsent_.message(), cause_of(outcome_), refusal(outcome_));
    return !turn_is_over();
  }
  /// The node was not sent: it is this awaiter's alone, and can be claimed by nobody.
  void withdraw(Push outcome, DeadLetterCause cause) noexcept {
    waiting_->state.store(RequestState::failed, std::memory_order_relaxed);
    M& message = waiting_->template message<M>();
    note_unsent(target_, message, cause, cause == DeadLetterCause::withdrawn ? ErrorCode::cancelled : refusal(outcome));
    drop_unsent(std::move(message), refusal(outcome));
    message.~M();  // NOLINT(bugprone-use-after-move): what has been moved from is still to be ended
    static_cast<void>(waiting_->leave());
    outcome_ = outcome;
  }

  ActorCell& target_;
  UnsentTell<M> unsent_;
  Push outcome_ = Push::accepted;
  bool settled_ = false;  // No need to wait for room.
  TurnOver turn_over_;
  WaitingTellOf<M>* waiting_ = nullptr;
};

}  // namespace detail

/// A message to be sent, ready to be awaited. Refers to the Address it was made from, which must outlive the await.
template <typename M>
class [[nodiscard("a tell does nothing until it is awaited; see try_tell")]] Tell {
 public:
  /// `make_message()` gives the message.
  template <typename MakeMessage>
  Tell(detail::ActorCell& target, std::in_place_t tag, const MakeMessage& make_message)
      : target_(&target), unsent_(tag, make_message) {}
  Tell(detail::ActorCell& target, M&& message)
      : Tell(target, std::in_place, [&message]() -> M { return std::move(message); }) {}
  [[nodiscard]] auto operator co_await() && { return detail::TellAwaiter<M>(*target_, std::move(unsent_)); }

 private:
  detail::ActorCell* target_;
  detail::UnsentTell<M> unsent_;
};

}  // namespace understudy
