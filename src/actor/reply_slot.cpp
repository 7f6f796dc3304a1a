#include "understudy/actor/detail/reply_slot.hpp"

#include "understudy/actor/detail/slot_pointer.hpp"

namespace understudy::detail {

bool ReplySlot::fail_if_in_hand_of(const ActorCell& cell, const Error& error) noexcept {
  const std::uintptr_t held = holder_.load(std::memory_order_relaxed);
  if (holder() != &cell || (held & in_hand_bit) == 0) return false;
  RequestState expected = RequestState::waiting;
  if (!state.compare_exchange_strong(expected, RequestState::answering, std::memory_order_acq_rel)) return false;
  SlotPointer::add_orphan(*this);
  new (error_place()) Error(error);
  state.store(RequestState::failed, std::memory_order_release);
  return true;
}

}  // namespace understudy::detail
