#include "understudy/runtime/detail/turn.hpp"

#include "runtime/long_turn.hpp"

namespace understudy::detail {

void look_at_the_clock(ThreadState& thread) noexcept {
  if (thread.current == nullptr || thread.turn_seen_ns == turn_was_long) return;
  const std::int64_t now = thread.current->scheduler().clock().now().time_since_epoch().count();
  if (thread.turn_seen_ns == 0) {
    thread.turn_seen_ns = now;
  } else if (now - thread.turn_seen_ns > Duration(turn_time_max).count()) {
    thread.budget = 0;
    thread.turn_seen_ns = turn_was_long;
  }
}

}  // namespace understudy::detail
