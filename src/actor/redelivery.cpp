// What becomes of the message in hand when an incarnation fails: it fails too, or comes again.
#include "understudy/actor/detail/redelivery.hpp"

#include "actor/system_core.hpp"
#include "base/log.hpp"
#include "understudy/actor/detail/actor_cell.hpp"
#include "understudy/actor/detail/system_hooks.hpp"

#include <cstdlib>

#include <boost/core/demangle.hpp>

namespace understudy::detail {

void message_cannot_come_again(const ActorCell& cell, const std::type_info& type) noexcept {
  log_error("{} was spawned with SpawnOptions::redeliver, but {} cannot be copied; give it `{} again() const`",
            cell.path(), boost::core::demangle(type.name()), boost::core::demangle(type.name()));
  std::abort();
}

/// The reply of the request in hand, if that may come again after this end.
ReplySlot* ActorCell::reply_to_spare(const Ending& ending) noexcept {
  const bool failed =
      ending.kind == Ending::Kind::crashed || ending.kind == Ending::Kind::stuck || ending.kind == Ending::Kind::reset;
  if (!failed || mailbox_.in_hand() != InHand::request) return nullptr;
  Redelivery* const kept = redelivery();
  return kept != nullptr && kept->may_come_again() ? kept->slot() : nullptr;
}

/// Puts the message in hand back to the head of the mailbox, if it may come again.
void ActorCell::deliver_again() noexcept {
  Redelivery* const kept = redelivery();
  if (kept == nullptr || !kept->may_come_again()) return;
  if (mailbox_.in_hand() != InHand::tell && kept->came_back() == nullptr) return;
  MessageHead* const message = kept->make_again(*this);
  if (message == nullptr) return;
  mailbox_.put_back(message);
  mailbox_.note_in_hand(InHand::nothing);
}

/// What was in hand and has not been put back. A request's Reply has failed with its frame, unless it was spared.
void ActorCell::give_up_what_was_in_hand() noexcept {
  Redelivery* const kept = redelivery();
  if (mailbox_.in_hand() == InHand::tell && ending_.kind != Ending::Kind::returned) {
    const bool poison = kept != nullptr && !kept->may_come_again() && ending_.kind != Ending::Kind::stopped;
    note_dead_letter(*this, message_type(), poison ? DeadLetterCause::poison : DeadLetterCause::crashed_in_hand,
                     ending_.error, std::nullopt);
  }
  mailbox_.note_in_hand(InHand::nothing);
  if (kept == nullptr) return;
  if (ReplySlot* const slot = kept->came_back()) slot->fail(ending_.error);
  kept->forget();
}

}  // namespace understudy::detail
