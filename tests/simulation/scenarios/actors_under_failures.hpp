// A tree of supervised actors that crash, hang and are reset at any of their suspension points, under every strategy,
// kind of restart and number of redeliveries. Checked after each run:
//   G1 every ask ended once, with its own answer or an error
//   G2 messages of one sender to one actor came in order; delivered again, they came before all others
//   G3 no message that waited was lost by a restart
//   G4 no two incarnations of one actor lived at a time, and their numbers rise
//   G5 no child of an earlier incarnation lived when the next began, or when its parent had stopped
//   G6 no mailbox held more than its capacity and what was put back
//   G7 each message that was accepted was handled, or is a dead letter; no object is left
#pragma once

#include "simulation/scenarios/outcome.hpp"

#include <cstdint>

namespace simulation {

/// Runs the scenario that `seed` stands for. `canary`: one actor forgets a message, which must be found out.
Outcome run_actors_under_failures(std::uint64_t seed, bool canary);

/// The same with actors that hold their threads besides, at any point of their handlers, and come back before their
/// cutoff, after the fence, after some restarts, during shutdown or after their system. Those that have been replaced
/// meanwhile then try everything. Checked besides: each attempt was refused with its error, and nobody saw anything of
/// it; the journal holds what live incarnations have written; every thread that was taken has come back.
/// `canary`: something of what one of them sends gets past the fence.
Outcome run_actors_that_hold_threads(std::uint64_t seed, bool canary);

}  // namespace simulation
