// Supervisor: notices actors that have crashed or are stuck, and starts their next incarnation.
//
//     us::System system;
//     us::Supervisor supervisor(system);
//
// Every actor of the system is supervised from the moment it is spawned. Liveness is progress: an actor is alive while
// it is idle, and while it keeps coming back to `receive()` (or calls `beat()`). One that has a message in hand and
// does not come back for longer than its cutoff is stuck, unless what it waits for is slow by declaration
// (us::blocking), or is room in another actor's mailbox, or is an answer to a request that stands in one, or that the
// actor that has it in hand is at work on.
//
// The check runs on its own clock, on the control thread: neither a flood of messages nor total silence holds it up.
// That clock counts only time in which the process ran: one that was stopped and continued finds all its actors
// healthy. While no actor has work nothing runs at all.
//
// A crash, a hang and a manual reset take one path: the children stop, the request in hand ends with `actor_crashed`,
// the mailbox stays, and after the backoff the next incarnation goes on with the messages that wait.
#pragma once

#include "understudy/actor/system.hpp"
#include "understudy/base/exit_code.hpp"
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

/// How long a restart waits. The first failure after a quiet time (RestartIntensity::within) waits `first`, the second
/// `next`, each further one twice as long, at most `longest`. Manual resets wait not at all.
struct Backoff {
  Duration first{0};
  Duration next = std::chrono::milliseconds(10);
  Duration longest = std::chrono::seconds(1);
  /// Each wait is longer or shorter by up to this part of it, so that those who fail together do not come back
  /// together.
  double jitter = 0.1;
};

/// What happens when a root actor has failed too often, and there is no parent to take it to.
enum class RootFailure : std::uint8_t {
  stop_actor,  ///< It stops.
  shut_down,   ///< It stops, and a shutdown of the system is asked for, with the incident as the reason.
};

struct SupervisionOptions {
  /// How often actors with work are looked at, at the least. At least 10 ms.
  Duration heartbeat = std::chrono::milliseconds(200);
  /// How long an actor with work may go without progress (SpawnOptions::cutoff overrides it). At least 10 ms.
  Duration cutoff = std::chrono::milliseconds(500);
  RestartIntensity intensity = {};
  Backoff backoff = {};
  /// Which roots are restarted when one of them fails; for children their parent says it (SpawnOptions::children).
  Strategy roots = Strategy::one_for_one;
  RootFailure root_failure = RootFailure::stop_actor;
  /// How many threads may be left behind at once, with incarnations that hold them (System::abandoned). One more such
  /// actor is reported, not replaced, and the supervisor asks for a shutdown (System::shutdown_requested).
  std::uint32_t abandoned_threads_max = 16;
  /// Called for each incident, on a blocking thread, so it may take its time. One call at a time, in order, none after
  /// the supervisor's end, which waits for one that is under way. While it is busy at most 64 incidents wait; then the
  /// oldest is left out. What it throws is logged.
  std::function<void(const Incident&)> on_incident = {};
  /// Called if supervision itself has come to a halt: the control thread, which fires all timers, has not come back for
  /// ten times the cutoff (2 s at least), so nothing times out any more and nobody is looked after. On a thread of its
  /// own, once. Unset: the process ends with `exit_code_start_anew`, without destructors; what a store has acknowledged
  /// is in its journal.
  std::function<void()> on_halt = {};
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
  /// Waits for the incident of that number (the first is 1): `co_await supervisor.incident(supervisor.incident_count()
  /// + 1)` for the next. Gives the oldest that is kept, if that one has been forgotten. The stack of one that has just
  /// happened may not have been described yet. In a coroutine of the system.
  [[nodiscard]] Task<Incident> incident(std::uint64_t number) const;
  /// How late the supervisor's next look at its actors is: zero while it comes in time, or nobody has work. What a
  /// service manager's watchdog should depend on.
  [[nodiscard]] Duration lateness() const;
  /// Actors that are being looked at now: those with work, and those that had some a moment ago.
  [[nodiscard]] std::size_t watched() const;

 private:
  std::shared_ptr<SupervisorCore> core_;
};

}  // namespace understudy
