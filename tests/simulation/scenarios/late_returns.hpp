// Actors that hold their threads, and what those of them try that have been replaced when they come back.
#pragma once

#include "simulation/scenarios/cast.hpp"

#include <memory>
#include <vector>

namespace simulation {

/// Opens the journal that all actors write to.
void open_journal(World& world, us::SimulatedDisk& disk);
/// Whether it holds what live incarnations have committed, and no more.
[[nodiscard]] bool journal_is_right(World& world, us::SimulatedDisk& disk);

/// Holds the thread of the actor whose life this is, for as long as the seed says: a moment, about its cutoff, several
/// restarts, for ever. False: it has been replaced meanwhile.
[[nodiscard]] bool hold_thread(World& world, Life& life);

/// The caller, who has `job` in hand, has been replaced: tries everything, all of which must be refused, and ends where
/// it would have to wait; or ends at once, as the seed says.
us::Task<> try_everything(std::shared_ptr<World> world, Inbox& inbox, Job& job, std::vector<us::Address<Job>> known);

/// The canary: what is as good as a fence that does not hold.
void start_leak(const std::shared_ptr<World>& world, us::Address<Job> to);

}  // namespace simulation
