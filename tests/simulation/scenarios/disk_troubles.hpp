// What a disk does to a scenario with crashes besides losing power: each seed draws the sorts of faults that its disk
// has, and they come and go.
//
// A World has: random, disk.
#pragma once

#include "understudy/runtime/sleep.hpp"
#include "understudy/runtime/task.hpp"
#include "understudy/simulation/simulated_storage.hpp"

#include <chrono>
#include <cstdint>
#include <vector>

namespace simulation {

/// Faults of which the caller is told, or that cost time: nothing acknowledged is lost by them.
enum class Trouble : std::uint8_t {
  writes_fail,
  short_writes,
  flushes_fail,
  directory_changes_fail,
  directory_flushes_fail,
  reads_fail,
  full,
  slow,
  stuck,
  caches_dropped,
};
inline constexpr std::uint64_t trouble_count = 10;

/// Those of one seed: none, in some seeds, or a few.
template <typename Random>
[[nodiscard]] std::vector<Trouble> draw_troubles(Random& random) {
  std::vector<Trouble> drawn;
  for (std::uint64_t left = random.below(4); left > 0; --left) {
    drawn.push_back(static_cast<Trouble>(random.below(trouble_count)));
  }
  return drawn;
}

template <typename World>
[[nodiscard]] understudy::DiskFaults faults_of(World& world, Trouble trouble) {
  using std::chrono::milliseconds;
  understudy::DiskFaults faults;
  switch (trouble) {
    case Trouble::writes_fail:
      faults.append_fails_percent = 30;
      break;
    case Trouble::short_writes:
      faults.short_write_percent = 30;
      break;
    case Trouble::flushes_fail:
      faults.flush_fails_percent = 30;
      break;
    case Trouble::directory_changes_fail:
      faults.directory_change_fails_percent = 50;
      break;
    case Trouble::directory_flushes_fail:
      faults.directory_flush_fails_percent = 50;
      break;
    case Trouble::reads_fail:
      faults.read_fails_percent = 20;
      faults.list_fails_percent = 20;
      break;
    case Trouble::full:
      faults.capacity_bytes = world.random.below(600);
      for (const auto& [name, content] : world.disk.files()) faults.capacity_bytes += content.size();
      break;
    case Trouble::slow:
      faults.slow_percent = 30;
      faults.slow_time_max = milliseconds(20);
      break;
    case Trouble::stuck:
      faults.stuck_percent = 10;
      faults.stuck_time = milliseconds(10 + world.random.below(3000));
      break;
    case Trouble::caches_dropped:
      faults.cache_dropped_percent = 50;
      break;
  }
  return faults;
}

/// One of the seed's troubles, for a while; nothing if it has none.
template <typename World>
understudy::Task<> trouble_for_a_while(World& world, const std::vector<Trouble>& troubles) {
  if (troubles.empty()) co_return;
  const Trouble trouble = troubles[world.random.below(troubles.size())];
  world.disk.set_faults(faults_of(world, trouble));
  co_await understudy::sleep(std::chrono::milliseconds(1 + world.random.below(5)));
  world.disk.set_faults({});
}

}  // namespace simulation
