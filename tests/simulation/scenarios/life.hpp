// One life of a process on a simulated disk, as scenarios with crashes live it: blows from outside until all is done, a
// failure, or a loss of power; then its end.
//
// A World has: random, disk, power (counts lives), outcome, fail(what).
#pragma once

#include "understudy/simulation/simulated_system.hpp"
#include "understudy/supervision/supervisor.hpp"

#include <chrono>

namespace simulation {

[[nodiscard]] inline understudy::SupervisionOptions supervision_of_a_life() {
  understudy::SupervisionOptions options;
  options.intensity.restarts = 60;  // Blows fall faster here than disks fail.
  options.backoff.longest = std::chrono::milliseconds(20);
  return options;
}

/// Runs until `finished`, and ends in a clean end (the caller's), a kill, or a power loss: in the middle of a write or
/// a flush, or between two.
template <typename World>
void live(World& world, understudy::SimulatedSystem& simulation, const bool& finished) {
  const bool power_loss = world.random.chance(60);
  const std::uint64_t losses = world.disk.power_losses();
  if (power_loss && world.random.chance(70)) world.disk.lose_power_at(1 + world.random.below(40));
  const understudy::Duration life =
      power_loss ? understudy::Duration(std::chrono::milliseconds(world.random.below(80))) : std::chrono::minutes(2);
  simulation.run_until(
      [&] { return finished || !world.outcome.failure.empty() || world.disk.power_losses() != losses; }, life);
  if (world.outcome.failure.empty() && !power_loss && !finished) {
    world.fail("an operation was never answered: after two minutes clients still wait");
  }
  ++world.power;
  world.disk.lose_power_at(0);
  if (power_loss) {
    if (world.disk.power_losses() == losses) world.disk.crash();
  } else if (world.random.chance(50)) {
    world.disk.kill();
  }
}

/// After the system's end.
template <typename World>
void note_life(World& world, const understudy::SimulatedSystem& simulation, const understudy::Supervisor& supervisor) {
  world.disk.set_faults({});
  world.outcome.events += simulation.steps();
  world.outcome.trace_hash = world.outcome.trace_hash * 31 + simulation.trace_hash();
  world.outcome.incidents += supervisor.incident_count();
}

}  // namespace simulation
