#include "runtime/timer_service.hpp"

#include <algorithm>
#include <thread>

namespace understudy::detail {

TimerService::TimerService(const Clock& clock, std::uint32_t shards, std::move_only_function<void()> set_alarm)
    : clock_(clock), shards_(shards), set_alarm_(std::move(set_alarm)) {}

void TimerService::start(Timer& timer, TimePoint deadline, std::uint32_t shard) noexcept {
  timer.shard_ = static_cast<std::uint16_t>(shard);
  {
    const SpinGuard guard(shards_[shard].lock);
    shards_[shard].wheel.start(timer, deadline);
  }
  // The timer may have fired, and be gone, by now.
  if (wake_by(TimerWheel::due_at(deadline))) set_alarm_();
}

bool TimerService::cancel(Timer& timer) noexcept {
  Shard& shard = shards_[timer.shard_];
  {
    const SpinGuard guard(shard.lock);
    if (shard.wheel.remove(timer)) return true;
  }
  while (shard.firing.load(std::memory_order_acquire) == &timer) std::this_thread::yield();
  return false;
}

void TimerService::fire_due_of(Shard& shard, TimePoint now) noexcept {
  for (;;) {
    {
      const SpinGuard guard(shard.lock);
      Timer* due = shard.wheel.take_due(now);
      shard.firing.store(due, std::memory_order_relaxed);
      if (due == nullptr) return;
    }
    shard.firing.load(std::memory_order_relaxed)->fire();
    shard.firing.store(nullptr, std::memory_order_release);
  }
}

void TimerService::run_due() noexcept {
  wake_at_.store(TimePoint::max().time_since_epoch().count(), std::memory_order_relaxed);
  const TimePoint now = clock_.now();
  TimePoint soonest = TimePoint::max();
  for (Shard& shard : shards_) {
    fire_due_of(shard, now);
    const SpinGuard guard(shard.lock);
    if (const std::optional<TimePoint> next = shard.wheel.next_wake()) soonest = std::min(soonest, *next);
  }
  wake_by(soonest);
}

TimePoint TimerService::wake_at() const noexcept {
  return TimePoint(Duration(wake_at_.load(std::memory_order_relaxed)));
}

bool TimerService::wake_by(TimePoint moment) noexcept {
  const std::int64_t wanted = moment.time_since_epoch().count();
  std::int64_t seen = wake_at_.load(std::memory_order_relaxed);
  while (wanted < seen) {
    if (wake_at_.compare_exchange_weak(seen, wanted, std::memory_order_relaxed)) return true;
  }
  return false;
}

}  // namespace understudy::detail
