#include "understudy/simulation/simulated_system.hpp"

#include "simulation/simulated_scheduler.hpp"

#include <utility>

namespace understudy {

SimulatedSystem::SimulatedSystem(std::uint64_t seed)
    : seed_(seed),
      scheduler_(std::make_shared<detail::SimulatedScheduler>(seed)),
      system_(std::make_unique<System>(std::shared_ptr<detail::Scheduler>(scheduler_))) {}

SimulatedSystem::~SimulatedSystem() {
  system_.reset();
  // They come back after their system, as threads may.
  scheduler_->let_all_go_on();
}

bool SimulatedSystem::hold_thread(Duration duration) {
  return scheduler_->hold_thread({.moment = after(scheduler_->clock().now(), duration), .condition = {}});
}
bool SimulatedSystem::hold_thread_until(std::function<bool()> condition) {
  return scheduler_->hold_thread({.moment = TimePoint::max(), .condition = std::move(condition)});
}
std::size_t SimulatedSystem::threads_held() const noexcept { return scheduler_->held().size(); }

void SimulatedSystem::run_for(Duration duration) {
  const TimePoint end = after(scheduler_->clock().now(), duration);
  while (scheduler_->step_until(end)) {
  }
}

bool SimulatedSystem::run_until(const std::function<bool()>& condition, Duration limit) {
  const TimePoint end = after(scheduler_->clock().now(), limit);
  while (!condition()) {
    if (!scheduler_->step_until(end)) return condition();
  }
  return true;
}

bool SimulatedSystem::step() { return scheduler_->step(); }
void SimulatedSystem::suspend_for(Duration duration) noexcept { scheduler_->simulated_clock().advance(duration); }
void SimulatedSystem::set_wall_time(WallTime now) noexcept { scheduler_->simulated_clock().set_wall(now); }
Duration SimulatedSystem::now() const noexcept { return scheduler_->clock().now().time_since_epoch(); }
std::uint64_t SimulatedSystem::steps() const noexcept { return scheduler_->steps(); }
std::uint64_t SimulatedSystem::trace_hash() const noexcept { return scheduler_->trace_hash(); }
void SimulatedSystem::set_blocking_time_max(Duration longest) noexcept { scheduler_->set_blocking_time_max(longest); }

}  // namespace understudy
