#include "server/command_pause.hpp"

#include "server/command_queue.hpp"
#include "server/commands/handlers.hpp"
#include "understudy/runtime/sleep.hpp"

#include <algorithm>

namespace understudy::server {
namespace {

/// Others see what it does: replicas would, if there were any.
bool is_seen_by_others(const Command& command) noexcept {
  return (command.flags & flag::write) != 0 || command.session == publish;
}

}  // namespace

void CommandPause::begin(What what, Duration how_long) {
  const TimePoint end = after(system_.clock().now(), how_long);
  const std::scoped_lock lock(mutex_);
  if (stopped_) return;
  const bool kept = is_on();
  end_ = kept ? std::max(end_, end) : end;
  what_.set(kept ? std::max(what_(), what) : what);
  if (!kept) keeper_.spawn_regardless(keep(*this));
}

void CommandPause::end() {
  const std::scoped_lock lock(mutex_);
  what_.set(What::nothing);
  keeper_.cancel();
}

void CommandPause::stop() {
  {
    const std::scoped_lock lock(mutex_);
    stopped_ = true;
  }
  end();
}

Task<> CommandPause::keep(CommandPause& pause) {
  const Mutex::Guard gate = co_await pause.gate_.lock();
  for (;;) {
    Duration left{0};
    {
      const std::scoped_lock lock(pause.mutex_);
      left = pause.end_ - pause.system_.clock().now();
      if (left <= Duration{0}) {
        pause.what_.set(What::nothing);
        co_return;
      }
    }
    co_await sleep(left);
  }
}

bool CommandPause::holds(const Command& command, const CommandQueue& queue) const noexcept {
  switch (what_()) {
    case What::nothing:
      return false;
    case What::all:
      return true;
    default:
      return is_seen_by_others(command) || (command.task == exec && queue.has(is_seen_by_others));
  }
}

Task<> CommandPause::wait(const Command& command, const CommandQueue& queue) {
  while (holds(command, queue)) {
    {
      const Mutex::Guard gate = co_await gate_.lock();
    }
    // The keeper may not have had its turn yet: it would not get it from a thread that asks again and again.
    co_await yield();
  }
}

}  // namespace understudy::server
