// Incident: one failure of one actor, and what became of it.
#pragma once

#include "understudy/base/clock.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace understudy {

enum class IncidentKind : std::uint8_t {
  crashed,           ///< An exception left the actor.
  stuck,             ///< It had work and made no progress for longer than its cutoff, suspended in an await.
  holding_a_thread,  ///< The same, without being suspended: it computes, or blocks in a call.
  reset,             ///< Somebody reset it, or it was restarted with its siblings.
  returned,          ///< Its function returned though nobody had asked it to stop, and it is permanent.
};
[[nodiscard]] std::string_view name_of(IncidentKind kind) noexcept;

enum class IncidentOutcome : std::uint8_t {
  restarted,  ///< The next incarnation has taken over, or will after the delay.
  escalated,  ///< Its parent was reset in its stead.
  stopped,    ///< It failed too often, or its options say never.
  reported,   ///< Nothing was done.
};
[[nodiscard]] std::string_view name_of(IncidentOutcome outcome) noexcept;

struct Incident {
  std::uint64_t number = 0;  ///< Counted from 1, over the supervisor's life.
  WallTime when{};
  std::string actor;              ///< Path in the tree.
  std::uint32_t incarnation = 0;  ///< The life that ended.
  IncidentKind kind = IncidentKind::crashed;
  std::string evidence;            ///< The exception, or what it was waiting for and how long.
  std::vector<std::string> stack;  ///< Of one that held its thread: where, innermost first. Empty if it was not had.
  IncidentOutcome outcome = IncidentOutcome::restarted;
  Duration delay{0};           ///< From the failure to the next incarnation, if it was restarted.
  TimePoint since{};           ///< When the actor was last known to be at work.
  Duration out_of_service{0};  ///< From then until its next incarnation began; 0 until it has.
};

/// One readable block: the first line says who, which life, what and what was done; evidence and stack follow,
/// indented.
[[nodiscard]] std::string describe(const Incident& incident);

}  // namespace understudy
