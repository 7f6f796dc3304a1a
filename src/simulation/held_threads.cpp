#include "simulation/held_threads.hpp"

#include <algorithm>
#include <utility>

namespace understudy::detail {
namespace {

bool is_fenced(const HeldThreads::Held& held) noexcept {
  return held.thread->state().fence.load(std::memory_order_relaxed) == Fence::confirmed;
}

}  // namespace

void HeldThreads::add(std::unique_ptr<SimulatedThread> thread, TimePoint now) {
  const TimePoint moment = thread->held_until().moment;
  Held& held = *all_.emplace_back(std::make_unique<Held>(std::move(thread), now));
  if (moment != TimePoint::max()) timers_.start(held, moment);
}

bool HeldThreads::empty_but_for_fenced() const noexcept {
  return std::ranges::all_of(all_, [](const std::unique_ptr<Held>& each) { return is_fenced(*each); });
}

std::size_t HeldThreads::count_due() const noexcept {
  return static_cast<std::size_t>(std::ranges::count_if(all_, [](const auto& each) { return each->due; }));
}

std::unique_ptr<SimulatedThread> HeldThreads::take_due(std::size_t which) {
  std::size_t index = 0;
  for (; !all_[index]->due || which != 0; ++index) which -= all_[index]->due ? 1 : 0;
  return take(index);
}

std::unique_ptr<SimulatedThread> HeldThreads::take_if_condition_holds() {
  for (std::size_t i = 0; i < all_.size(); ++i) {
    const std::function<bool()>& condition = all_[i]->thread->held_until().condition;
    if (condition && condition()) return take(i);
  }
  return nullptr;
}

std::unique_ptr<SimulatedThread> HeldThreads::take_blocking_call() {
  for (std::size_t i = 0; i < all_.size(); ++i) {
    if (all_[i]->thread->is_in_blocking_call()) return take(i);
  }
  return nullptr;
}

std::unique_ptr<SimulatedThread> HeldThreads::take(std::size_t index) {
  timers_.remove(*all_[index]);
  std::unique_ptr<SimulatedThread> thread = std::move(all_[index]->thread);
  all_.erase(all_.begin() + static_cast<std::ptrdiff_t>(index));
  return thread;
}

const HeldThreads::Held* HeldThreads::find_holder(const Context& context) const noexcept {
  const auto found = std::ranges::find_if(all_, [&](const std::unique_ptr<Held>& each) {
    // Of one that is fenced: what it ran then, whose next incarnation may run elsewhere.
    return each->thread->state().user_code.load(std::memory_order_relaxed) == &context && !is_fenced(*each);
  });
  return found == all_.end() ? nullptr : found->get();
}

}  // namespace understudy::detail
