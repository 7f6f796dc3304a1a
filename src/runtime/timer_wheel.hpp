// The timers of one worker, by the moment they are due: a hierarchical timing wheel (Varghese and Lauck 1987, scheme
// 6). Level 0 has a slot for each of the next 64 ticks, level 1 one for each of the next 64 spans of 64 ticks, and so
// on; a timer stands at the level of the highest digit in which its tick differs from the present one, and comes down a
// level when the wheel arrives at its slot. Start and remove are O(1), with a handful of instructions; a timer is moved
// at most once a level. No allocation: the links are in the timers. Not thread-safe: see timer_service.hpp.
//
// A timer is due at the first tick at or after its deadline, so it fires late by up to a tick (0.26 ms), never early.
#pragma once

#include "understudy/runtime/detail/scheduler.hpp"

#include <array>
#include <cstdint>
#include <optional>

namespace understudy::detail {

class TimerWheel {
 public:
  /// A tick lasts 2^tick_bits nanoseconds.
  static constexpr unsigned tick_bits = 18;

  /// When `take_due` gives out a timer with that deadline.
  [[nodiscard]] static TimePoint due_at(TimePoint deadline) noexcept { return moment_of(tick_of(deadline)); }
  /// Adds `timer`, which must not be in the wheel.
  void start(Timer& timer, TimePoint deadline) noexcept;
  /// Removes `timer`. False if it is not in the wheel.
  bool remove(Timer& timer) noexcept;
  /// Takes a timer that is due at `now`; null if there is none. `now` must not go back from call to call.
  Timer* take_due(TimePoint now) noexcept;
  /// When `take_due` should be called next: no timer is due before, and unless many stand close together one is due
  /// then (otherwise they have to come down a level). Empty if there is no timer.
  [[nodiscard]] std::optional<TimePoint> next_wake() const noexcept;

 private:
  static constexpr unsigned slot_bits = 6;
  static constexpr unsigned slot_count = 1U << slot_bits;
  static constexpr unsigned level_count = 8;  // 48 bits of ticks: more than two thousand years.
  /// How many timers `next_wake` compares, so as not to wake anybody just to move one down a level.
  static constexpr unsigned compared_max = 16;

  struct Level {
    std::uint64_t occupied = 0;  ///< Bit i: slot i is not empty.
    std::array<Timer*, slot_count> slots{};
  };
  /// The slot that the wheel comes to next, and the tick at which it does.
  struct Next {
    unsigned level;
    unsigned slot;
    std::uint64_t tick;
  };

  static std::uint64_t tick_of(TimePoint deadline) noexcept;
  static TimePoint moment_of(std::uint64_t tick) noexcept;
  [[nodiscard]] std::optional<Next> next_slot() const noexcept;
  /// The tick of the soonest timer there, or that of the slot, if there are many.
  [[nodiscard]] std::uint64_t soonest_tick(const Next& next) const noexcept;
  static void link(Timer*& head, Timer& timer) noexcept;
  void insert(Timer& timer) noexcept;
  void cascade(const Next& next) noexcept;

  std::uint64_t now_tick_ = 0;  // Timers of earlier ticks have been taken, or stand in `due_`.
  Timer* due_ = nullptr;        // Timers whose tick has come.
  std::array<Level, level_count> levels_;
};

}  // namespace understudy::detail
