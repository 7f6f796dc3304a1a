// Incident: one failure of one actor, and what became of it.
#pragma once

#include "understudy/base/clock.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace understudy {

enum class IncidentKind : std::uint8_t {
  crashed,           ///< An exception left the actor.
  stuck,             ///< It had work and made no progress for longer than its cutoff, suspended in an await.
  holding_a_thread,  ///< The same, without being suspended: it computes, or blocks its worker.
  reset,             ///< Somebody reset it.
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
  WallTime when{};
  std::string actor;              ///< Path in the tree.
  std::uint32_t incarnation = 0;  ///< The life that ended.
  IncidentKind kind = IncidentKind::crashed;
  std::string evidence;  ///< The exception, or what it was waiting for and how long.
  IncidentOutcome outcome = IncidentOutcome::restarted;
  Duration delay{0};  ///< From the failure to the next incarnation, if it was restarted.
};

}  // namespace understudy
