#include "understudy/actor/watch.hpp"

#include "actor/system_core.hpp"

#include <fmt/format.h>

namespace understudy {

std::string_view name_of(EndCause cause) noexcept {
  switch (cause) {
    case EndCause::returned:
      return "returned";
    case EndCause::crashed:
      return "crashed";
    case EndCause::stuck:
      return "stuck";
    case EndCause::holding_a_thread:
      return "holding a thread";
    case EndCause::reset:
      return "reset";
    case EndCause::stopped:
      return "stopped";
  }
  return "ended";
}

namespace detail {
namespace {

EndCause cause_of(Ending::Kind kind) noexcept {
  switch (kind) {
    case Ending::Kind::returned:
      return EndCause::returned;
    case Ending::Kind::crashed:
      return EndCause::crashed;
    case Ending::Kind::stuck:
      return EndCause::stuck;
    case Ending::Kind::holding:
      return EndCause::holding_a_thread;
    case Ending::Kind::reset:
      return EndCause::reset;
    case Ending::Kind::stopped:
      break;
  }
  return EndCause::stopped;
}

}  // namespace

ActorEnd end_of(const ActorCell& cell) {
  return {.path = cell.path(),
          .incarnation = cell.incarnation(),
          .cause = cause_of(cell.ending().kind),
          .reason = cell.ending().error};
}

void end_with(ActorCell& cell, const ActorEnd& end) noexcept {
  cell.terminate(Error(ErrorCode::actor_crashed,
                       fmt::format("{}, to which it is linked, has ended: {}", end.path, end.reason.message())));
}

void begin_watch(ActorCell& cell, DeathWatch& watch) noexcept {
  if (!cell.add_watch(watch)) watch.told(cell);
}

bool ActorCell::add_watch(DeathWatch& watch) noexcept {
  const std::lock_guard lock(system_.lifecycle());
  if (stopped()) return false;
  watch.next_ = watches_;
  watch.listed_ = true;
  watches_ = &watch;
  return true;
}

bool ActorCell::remove_watch(DeathWatch& watch) noexcept {
  const std::lock_guard lock(system_.lifecycle());
  if (!watch.listed_) return false;
  for (DeathWatch** link = &watches_; *link != nullptr; link = &(*link)->next_) {
    if (*link != &watch) continue;
    *link = watch.next_;
    break;
  }
  watch.listed_ = false;
  return true;
}

void ActorCell::tell_watches() noexcept {
  for (;;) {
    DeathWatch* watch = nullptr;
    {
      const std::lock_guard lock(system_.lifecycle());
      watch = watches_;
      if (watch == nullptr) return;
      watches_ = watch->next_;
      watch->listed_ = false;
    }
    watch->told(*this);  // Without the lock: it may stop others.
  }
}

}  // namespace detail
}  // namespace understudy
