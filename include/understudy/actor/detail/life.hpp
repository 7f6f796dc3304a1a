// How a life of an actor goes, as its supervisor sees it, and how it ends.
#pragma once

#include "understudy/base/detail/atomic.hpp"
#include "understudy/base/error.hpp"

#include <cstdint>

namespace understudy::detail {

/// How an incarnation ended.
struct Ending {
  enum class Kind : std::uint8_t { returned, crashed, stuck, holding, reset, stopped };
  Kind kind = Kind::returned;
  Error error = ErrorCode::actor_stopped;  ///< What askers of the message in hand get.
  std::int64_t busy_since_ns = 0;          ///< What Liveness said as it ended.
};
[[nodiscard]] const char* name_of(Ending::Kind kind) noexcept;

/// What the supervisor reads of an actor, and the actor writes as it goes: relaxed stores, no more.
struct Liveness {
  /// Set while the supervisor has the actor on its list of those to look at.
  Atomic<bool> watched{false};
  /// When the actor began what it does now, in supervision time (see src/supervision/supervisor_core.hpp); 0 while
  /// idle.
  Atomic<std::int64_t> busy_since_ns{0};
  /// Messages taken from the mailbox, over all incarnations.
  Atomic<std::uint64_t> handled{0};
  /// Requests taken from the mailbox but not started: their time was over, or their asker gone.
  Atomic<std::uint64_t> not_started{0};
};

}  // namespace understudy::detail
