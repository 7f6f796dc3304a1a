// Running one test body on every runtime: simulations with many seeds, real threads, and a loop of the application's.
#pragma once

#include "support/quiet.hpp"
#include "understudy/actor/system.hpp"
#include "understudy/runtime/asio.hpp"
#include "understudy/runtime/sleep.hpp"
#include "understudy/runtime/wait.hpp"
#include "understudy/simulation/simulated_system.hpp"

#include <cstdint>
#include <string>

#include <gtest/gtest.h>

namespace understudy::test {

/// Runs `body(simulation)` once for each seed; stops at the first that fails, and names it.
template <typename Body>
void for_each_seed(std::uint64_t seeds, Body body) {
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    {
      SimulatedSystem simulation(seed);
      body(simulation);
    }
    if (testing::Test::HasFailure()) return;
  }
}

/// Runs `body(system)` on 1, 2 and 4 real workers.
template <typename Body>
void on_real_threads(Body body) {
  for (const std::uint32_t workers : {1U, 2U, 4U}) {
    SCOPED_TRACE(std::to_string(workers) + " workers");
    {
      System system({.workers = workers});
      body(system);
    }
    if (testing::Test::HasFailure()) return;
  }
}

/// Runs `body(system)` in an Asio loop that this thread runs whenever it waits.
template <typename Body>
void in_a_loop(Body body) {
  SCOPED_TRACE("embedded in an io_context");
  boost::asio::io_context loop;
  System system(embedded_in(loop));
  body(system);
}

/// Runs `body(system)` in simulations, on real threads, and in a loop.
template <typename Body>
void on_every_runtime(Body body, std::uint64_t seeds = 30) {
  for_each_seed(seeds, [&](SimulatedSystem& simulation) { body(simulation.system()); });
  if (!testing::Test::HasFailure()) on_real_threads(body);
  if (!testing::Test::HasFailure()) in_a_loop(body);
}

inline Task<> pause(Duration duration) { co_await sleep(duration); }

/// Lets `duration` pass in `system`; what is ready runs meanwhile.
inline void pass_time(System& system, Duration duration) { ASSERT_TRUE(wait(system, pause(duration))); }

/// Waits until `condition` holds. False if it does not within `limit`.
template <typename Condition>
[[nodiscard]] bool eventually(System& system, Condition condition, Duration limit = std::chrono::seconds(20)) {
  const TimePoint end = system.clock().now() + limit;
  while (!condition()) {
    if (system.clock().now() > end) return false;
    pass_time(system, std::chrono::microseconds(100));
  }
  return true;
}

}  // namespace understudy::test
