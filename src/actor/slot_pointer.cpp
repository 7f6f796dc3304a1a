#include "understudy/actor/detail/slot_pointer.hpp"

#include "understudy/actor/detail/reply_slot.hpp"
#include "understudy/runtime/detail/abandoned.hpp"

#include <mutex>
#include <unordered_map>

namespace understudy::detail {
namespace {

/// Orphans by address, with the epoch that began when they became some: a pointer of an earlier one is to the orphan, a
/// later one to another slot at the same place.
struct Orphans {
  std::mutex mutex;
  std::unordered_multimap<const ReplySlot*, std::uint16_t> epochs;
};
Orphans& orphans_listed() noexcept {
  static Orphans orphans;
  return orphans;
}
/// Whether a pointer of epoch `made` is older than `orphaned`. Epochs go round; fewer threads than that can be given
/// up.
bool is_older(std::uint16_t made, std::uint16_t orphaned) noexcept {
  return static_cast<std::int16_t>(static_cast<std::uint16_t>(made - orphaned)) < 0;
}

}  // namespace

void SlotPointer::begin_orphans() noexcept {
  std::uint16_t before = epoch_.load(std::memory_order_relaxed);
  std::uint16_t next = 0;
  do {
    next = static_cast<std::uint16_t>(before + 1);
    if (next == 0) next = 1;
  } while (!epoch_.compare_exchange_weak(before, next, std::memory_order_relaxed));
}

void SlotPointer::add_orphan(const ReplySlot& slot) {
  Orphans& listed = orphans_listed();
  const std::lock_guard lock(listed.mutex);
  listed.epochs.emplace(&slot, epoch_.load(std::memory_order_relaxed));
}

std::size_t SlotPointer::orphans() noexcept {
  Orphans& listed = orphans_listed();
  const std::lock_guard lock(listed.mutex);
  return listed.epochs.size();
}

ReplySlot* SlotPointer::find(std::uint64_t word) noexcept {
  const bool lost = word != 0 && (word >> address_bits) != epoch_now() && is_orphan(word);
  return lost ? nullptr : slot_of(word);
}

ReplySlot* SlotPointer::find_and_forget(std::uint64_t word) noexcept {
  ReplySlot* const slot = find(word);
  if (slot == nullptr && word != 0) forget_orphan(word);
  return slot;
}

bool SlotPointer::is_orphan(std::uint64_t word) noexcept {
  Orphans& listed = orphans_listed();
  const std::lock_guard lock(listed.mutex);
  const auto [first, last] = listed.epochs.equal_range(slot_of(word));
  for (auto each = first; each != last; ++each) {
    if (is_older(static_cast<std::uint16_t>(word >> address_bits), each->second)) return true;
  }
  return false;
}

void SlotPointer::forget_orphan(std::uint64_t word) noexcept {
  Orphans& listed = orphans_listed();
  const std::lock_guard lock(listed.mutex);
  const auto made = static_cast<std::uint16_t>(word >> address_bits);
  const auto [first, last] = listed.epochs.equal_range(slot_of(word));
  // Its own is the first after it was made; a later one is of another slot that lay at the same place.
  auto own = last;
  for (auto each = first; each != last; ++each) {
    if (is_older(made, each->second) && (own == last || is_older(each->second, own->second))) own = each;
  }
  if (own != last) listed.epochs.erase(own);
}

ReplySlot* SlotPointer::refuse() noexcept {
  const std::uint64_t word = std::exchange(word_, 0);
  if (word == 0) return nullptr;
  count_refused();
  // Whoever takes the actor from this thread may be about to answer the slot, which then is gone: not to be looked at.
  this_thread().abandoned->put_off(&SlotPointer::let_go, word);
  return nullptr;
}

void SlotPointer::forget_put_off(const ReplySlot& slot) noexcept {
  this_thread().abandoned->forget_put_off([&](std::uint64_t word) { return slot_of(word) == &slot; });
}

void SlotPointer::let_go(std::uint64_t word) noexcept {
  // An asker that has given up before has left its slot to the Reply.
  if (ReplySlot* const slot = find_and_forget(word)) {
    slot->fail(Error(ErrorCode::actor_crashed, "the actor that had the request in hand has been replaced"));
  }
}

}  // namespace understudy::detail
