#include "understudy/actor/beat_ahead.hpp"

#include "understudy/actor/detail/actor_cell.hpp"
#include "understudy/actor/detail/system_hooks.hpp"
#include "understudy/runtime/detail/library_call.hpp"

#include <algorithm>

namespace understudy {

void beat_ahead(Duration ahead) {
  const detail::LibraryCall call;
  if (call.fenced()) return;
  detail::ActorCell& cell = detail::current_cell("beat_ahead");
  cell.mark_busy();  // So that it is watched; then the time, which whoever reads it may find to lie ahead.
  const Duration now(cell.scheduler().supervision_time().load(std::memory_order_relaxed));
  cell.liveness().busy_since_ns.store((now + std::max(ahead, Duration{0})).count(), std::memory_order_relaxed);
}

}  // namespace understudy
