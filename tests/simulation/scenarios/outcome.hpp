// What a scenario has to say for itself.
#pragma once

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
  std::uint64_t damage_reported = 0;  ///< Seeds that ended so: what the disk had spoilt was found out.
  std::uint64_t damage_survived = 0;  ///< Seeds that ended so: the store opened all the same, with nothing wrong in it.
  std::uint64_t snapshots = 0;
  std::uint64_t threads_taken = 0;  ///< From incarnations that held them.
  std::uint64_t cancelled = 0;      ///< Coroutines that were destroyed while they waited.

  void add(const Outcome& other) {
    events += other.events;
    answered += other.answered;
    errors += other.errors;
    incidents += other.incidents;
    torn_tails += other.torn_tails;
    damage_reported += other.damage_reported;
    damage_survived += other.damage_survived;
    snapshots += other.snapshots;
    threads_taken += other.threads_taken;
    cancelled += other.cancelled;
  }
};

}  // namespace simulation
