// Supervisor: notices actors that have crashed or are stuck, and starts their next incarnation.
//
//     us::System system;
//     us::Supervisor supervisor(system);
//
// Every actor of the system is supervised from the moment it is spawned. Liveness is progress: an actor is alive while
// it is idle, and while it keeps coming back to `receive()` (or calls `beat()`). One that has a message in hand and
// does not come back for longer than its cutoff is stuck, unless what it waits for is slow by declaration
// (us::blocking), or is room in another actor's mailbox, or is an answer from an actor that waits for one of these.
//
// The check runs on its own clock, on the control thread: neither a flood of messages nor total silence holds it up.
// That clock counts only time in which the process ran: one that was stopped and continued finds all its actors
// healthy. While no actor has work nothing runs at all.
//
// A crash, a hang and a manual reset take one path: the children stop, the request in hand ends with `actor_crashed`,
// the mailbox stays, and after the backoff the next incarnation goes on with the messages that wait.
#pragma once

#include "understudy/actor/system.hpp"
#include "understudy/supervision/incident.hpp"

#include <functional>
#include <memory>
#include <vector>

namespace understudy {

/// How often an actor may fail before it is given up: more than `restarts` times within `within`.
struct RestartIntensity {
  std::uint32_t restarts = 10;
  Duration within = std::chrono::seconds(10);
};

/// How long a restart waits. The first failure after a quiet time (RestartIntensity::within) waits `first`, each
/// further one twice as long, at most `longest`. Manual resets wait not at all.
struct Backoff {
  Duration first{0};
  Duration next = std::chrono::milliseconds(10);
  Duration longest = std::chrono::seconds(1);
};

struct SupervisionOptions {
  /// How often actors with work are looked at, at the least. At least 10 ms.
  Duration heartbeat = std::chrono::milliseconds(200);
  /// How long an actor with work may go without progress (SpawnOptions::cutoff overrides it). At least 10 ms.
  Duration cutoff = std::chrono::milliseconds(500);
  RestartIntensity intensity = {};
  Backoff backoff = {};
  /// Called for each incident, on a worker or the control thread. One call at a time, none
  /// after the supervisor's end. It must be quick and must not throw.
  std::function<void(const Incident&)> on_incident = {};
};

class SupervisorCore;

/// Supervises one system from its construction to its destruction. Without a supervisor an actor that fails stops.
/// Threads: any, but construction and destruction.
class Supervisor {
 public:
  /// One per system (checked: a second ends the program with a message).
  explicit Supervisor(System& system, SupervisionOptions options = {});
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;
  /// Supervision ends; the actors go on without.
  ~Supervisor();

  /// The latest incidents, at most 64, oldest first.
  [[nodiscard]] std::vector<Incident> incidents() const;
  /// All incidents so far.
  [[nodiscard]] std::uint64_t incident_count() const;
  /// Actors that are being looked at now: those with work, and those that had some a moment ago.
  [[nodiscard]] std::size_t watched() const;

 private:
  std::shared_ptr<SupervisorCore> core_;
};

}  // namespace understudy
