// The store under random scheduling, crashes and resets of each of its actors, failing disks, and power losses that
// tear the last write; every answer is checked against a model.
#pragma once

#include "understudy/journal/durability.hpp"

#include <cstdint>
#include <string>

namespace simulation {

struct Outcome {
  std::string failure;  ///< "" if all held.
  std::uint64_t events = 0;
  std::uint64_t trace_hash = 0;
  std::uint64_t answered = 0;
  std::uint64_t errors = 0;
  std::uint64_t incidents = 0;
  std::uint64_t torn_tails = 0;
};

/// Runs the scenario that `seed` stands for. `durability` none is the canary: a store that answers before it has
/// written must be found out.
Outcome run_store_under_crashes(std::uint64_t seed, understudy::Durability durability);

}  // namespace simulation
