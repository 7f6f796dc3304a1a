#include "understudy/actor/lifecycle_hooks.hpp"

#include "base/log.hpp"

#include <exception>

namespace understudy::detail {

ActorInfo info_of(const ActorCell& cell) { return {.path = cell.path(), .incarnation = cell.incarnation()}; }

void call_ended(const std::function<void(const ActorEnd&)>& ended, const ActorCell& cell) noexcept {
  try {
    ended(end_of(cell));
  } catch (const std::exception& error) {
    log_error("{}: its hook at the end of a life threw: {}", cell.path(), error.what());
  } catch (...) {
    log_error("{}: its hook at the end of a life threw", cell.path());
  }
}

}  // namespace understudy::detail
