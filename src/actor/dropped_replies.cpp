// Replies that are destroyed unanswered: what their askers get, and when it is known.
#include "understudy/actor/detail/actor_cell.hpp"
#include "understudy/actor/detail/redelivery.hpp"
#include "understudy/actor/detail/reply_slot.hpp"

#include <exception>

namespace understudy::detail {

void fail_dropped(ReplySlot& slot) noexcept {
  ThreadState& thread = this_thread();
  if (thread.spared_reply == &slot) [[unlikely]] {
    thread.spared_reply = nullptr;
    return;
  }
  if (thread.teardown_error != nullptr) {
    slot.fail(*thread.teardown_error);
    return;
  }
  if (std::uncaught_exceptions() > 0 && thread.current != nullptr && thread.current->cell() != nullptr) {
    // Whether the actor crashes or catches is known when its activation ends (ActorCell::run).
    slot.next = thread.dropped_replies;
    thread.dropped_replies = &slot;
    return;
  }
  slot.fail(ErrorCode::reply_dropped);
}

/// Fails those that this thread has put off, but for `spared`. True if that was among them.
bool ActorCell::fail_dropped_replies(const Error& reason, const ReplySlot* spared) noexcept {
  ThreadState& thread = this_thread();
  bool has_spared = false;
  while (thread.dropped_replies != nullptr) {
    ReplySlot* slot = thread.dropped_replies;
    thread.dropped_replies = static_cast<ReplySlot*>(slot->next);
    if (slot == spared) {
      has_spared = true;
    } else {
      slot->fail(reason);
    }
  }
  return has_spared;
}

/// Replies that were dropped by the unwinding that has ended the incarnation.
void ActorCell::settle_dropped_replies(const Ending& ending) noexcept {
  if (this_thread().dropped_replies == nullptr) return;
  ReplySlot* const spared = reply_to_spare(ending);
  const bool crashed = ending.kind == Ending::Kind::crashed;
  if (fail_dropped_replies(crashed ? ending.error : Error(ErrorCode::reply_dropped), spared)) {
    redelivery()->note_came_back();
  }
}

}  // namespace understudy::detail
