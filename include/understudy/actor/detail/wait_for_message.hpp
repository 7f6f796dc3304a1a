// How an actor suspends in its mailbox: what all that waits for messages has in common.
#pragma once

#include "understudy/actor/detail/actor_cell.hpp"

#include <coroutine>

namespace understudy::detail {

/// Suspends `cell`, at `awaiting`, until `receiver` completes. False: it has, at once.
inline bool wait_for_message(ActorCell& cell, std::coroutine_handle<> awaiting, Receiver& receiver) noexcept {
  Suspension& suspension = receiver.suspension();
  if (!cell.publish(awaiting, suspension)) {
    if (!is_fenced(this_thread())) cell.mailbox().note_in_hand(InHand::nothing);  // It has come back for the next.
    cell.give_up();
    return true;
  }
  cell.set_receiver(&receiver);
  cell.mailbox().note_in_hand(InHand::nothing);
  if (this_thread().budget == 0) {
    // The budget is used up: the actor goes to the back of the queue, awake, and takes its next message there.
    Context::armed();
    cell.scheduler().schedule_behind(cell);
    return true;
  }
  cell.mark_idle();
  if (cell.mailbox().sleep()) {
    Context::armed();
    return true;
  }
  cell.withdraw();
  if (receiver.complete()) {
    cell.set_receiver(nullptr);
    cell.go_on();
    return false;
  }
  // What came was not wanted any more: look again behind everything that is ready.
  cell.yield_turn(awaiting, suspension);
  return true;
}

}  // namespace understudy::detail
