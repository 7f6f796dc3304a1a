#include "runtime/timer_wheel.hpp"

#include <algorithm>
#include <bit>
#include <utility>

namespace understudy::detail {
namespace {

// Marks of Timer::place_: not in a wheel; in the list of those whose tick has come; otherwise level * 64 + slot.
constexpr std::uint16_t nowhere = 0xFFFF;
constexpr std::uint16_t due_list = 0xFFFE;

constexpr std::uint64_t tick_max = (std::uint64_t{1} << 48U) - 1;

}  // namespace

std::uint64_t TimerWheel::tick_of(TimePoint deadline) noexcept {
  const std::int64_t nanoseconds = deadline.time_since_epoch().count();
  if (nanoseconds <= 0) return 0;
  const auto whole = static_cast<std::uint64_t>(nanoseconds);
  const std::uint64_t tick = (whole >> tick_bits) + ((whole & ((std::uint64_t{1} << tick_bits) - 1)) != 0 ? 1 : 0);
  return std::min(tick, tick_max);
}

TimePoint TimerWheel::moment_of(std::uint64_t tick) noexcept {
  if (tick >= tick_max >> 4U) return TimePoint::max();
  return TimePoint(Duration(static_cast<std::int64_t>(tick << tick_bits)));
}

void TimerWheel::link(Timer*& head, Timer& timer) noexcept {
  timer.next_ = head;
  timer.previous_ = nullptr;
  if (head != nullptr) head->previous_ = &timer;
  head = &timer;
}

void TimerWheel::insert(Timer& timer) noexcept {
  const std::uint64_t tick = timer.tick_;
  if (tick <= now_tick_) {
    timer.place_ = due_list;
    link(due_, timer);
    return;
  }
  const auto highest_bit = static_cast<unsigned>(63 - std::countl_zero(tick ^ now_tick_));
  const unsigned level = highest_bit / slot_bits;
  const auto slot = static_cast<unsigned>(tick >> (level * slot_bits)) % slot_count;
  timer.place_ = static_cast<std::uint16_t>(level * slot_count + slot);
  levels_[level].occupied |= std::uint64_t{1} << slot;
  link(levels_[level].slots[slot], timer);
}

void TimerWheel::start(Timer& timer, TimePoint deadline) noexcept {
  timer.tick_ = tick_of(deadline);
  insert(timer);
}

bool TimerWheel::remove(Timer& timer) noexcept {
  if (timer.place_ == nowhere) return false;
  if (timer.next_ != nullptr) timer.next_->previous_ = timer.previous_;
  if (timer.previous_ != nullptr) {
    timer.previous_->next_ = timer.next_;
  } else if (timer.place_ == due_list) {
    due_ = timer.next_;
  } else {
    Level& level = levels_[timer.place_ / slot_count];
    const unsigned slot = timer.place_ % slot_count;
    level.slots[slot] = timer.next_;
    if (timer.next_ == nullptr) level.occupied &= ~(std::uint64_t{1} << slot);
  }
  timer.place_ = nowhere;
  return true;
}

std::optional<TimerWheel::Next> TimerWheel::next_slot() const noexcept {
  for (unsigned level = 0; level < level_count; ++level) {
    if (levels_[level].occupied == 0) continue;
    // All timers of a level are ahead of the present slot, and before the level's next turn: the lowest bit is next.
    const auto slot = static_cast<unsigned>(std::countr_zero(levels_[level].occupied));
    const unsigned shift = level * slot_bits;
    const std::uint64_t turn = now_tick_ >> (shift + slot_bits) << (shift + slot_bits);
    return Next{level, slot, turn | (std::uint64_t{slot} << shift)};
  }
  return std::nullopt;
}

void TimerWheel::cascade(const Next& next) noexcept {
  now_tick_ = next.tick;
  Level& level = levels_[next.level];
  Timer* timer = std::exchange(level.slots[next.slot], nullptr);
  level.occupied &= ~(std::uint64_t{1} << next.slot);
  while (timer != nullptr) {
    Timer* following = timer->next_;
    insert(*timer);
    timer = following;
  }
}

Timer* TimerWheel::take_due(TimePoint now) noexcept {
  const std::int64_t nanoseconds = std::max<std::int64_t>(now.time_since_epoch().count(), 0);
  const std::uint64_t present = static_cast<std::uint64_t>(nanoseconds) >> tick_bits;
  while (due_ == nullptr) {
    const std::optional<Next> next = next_slot();
    if (!next || next->tick > present) {
      // Nothing stands between: the wheel may go on at once, which keeps later timers at low levels.
      now_tick_ = std::max(now_tick_, present);
      return nullptr;
    }
    cascade(*next);
  }
  Timer* due = due_;
  remove(*due);
  return due;
}

std::uint64_t TimerWheel::soonest_tick(const Next& next) const noexcept {
  if (next.level == 0) return next.tick;
  std::uint64_t soonest = tick_max;
  unsigned compared = 0;
  for (const Timer* timer = levels_[next.level].slots[next.slot]; timer != nullptr; timer = timer->next_) {
    if (++compared > compared_max) return next.tick;
    soonest = std::min(soonest, timer->tick_);
  }
  return soonest;
}

std::optional<TimePoint> TimerWheel::next_wake() const noexcept {
  if (due_ != nullptr) return moment_of(now_tick_);
  const std::optional<Next> next = next_slot();
  if (!next) return std::nullopt;
  return moment_of(soonest_tick(*next));
}

}  // namespace understudy::detail
