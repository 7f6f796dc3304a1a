#include "understudy/simulation/simulated_system.hpp"

#include "simulation/simulated_scheduler.hpp"

namespace understudy {

SimulatedSystem::SimulatedSystem(std::uint64_t seed) : seed_(seed) {
  auto scheduler = std::make_unique<detail::SimulatedScheduler>(seed);
  scheduler_ = scheduler.get();
  system_ = std::make_unique<System>(std::move(scheduler));
}

SimulatedSystem::~SimulatedSystem() = default;

void SimulatedSystem::run_for(Duration duration) {
  const TimePoint end = scheduler_->clock().now() + duration;
  while (scheduler_->step_until(end)) {
  }
}

bool SimulatedSystem::run_until(const std::function<bool()>& condition, Duration limit) {
  const TimePoint end = scheduler_->clock().now() + limit;
  while (!condition()) {
    if (!scheduler_->step_until(end)) return condition();
  }
  return true;
}

bool SimulatedSystem::step() { return scheduler_->step(); }
void SimulatedSystem::suspend_for(Duration duration) noexcept { scheduler_->simulated_clock().advance(duration); }
Duration SimulatedSystem::now() const noexcept { return scheduler_->clock().now().time_since_epoch(); }
std::uint64_t SimulatedSystem::steps() const noexcept { return scheduler_->steps(); }
std::uint64_t SimulatedSystem::trace_hash() const noexcept { return scheduler_->trace_hash(); }
void SimulatedSystem::set_blocking_time_max(Duration longest) noexcept { scheduler_->set_blocking_time_max(longest); }

}  // namespace understudy
