// Who waits for whom: circles of asks, found before they close, and what an ask that came to nothing waited for.
#include "actor/system_core.hpp"
#include "understudy/actor/detail/ask_node.hpp"
#include "understudy/actor/detail/cell_pointer.hpp"

#include <optional>
#include <string>

#include <fmt/format.h>

namespace understudy::detail {
namespace {

constexpr int waits_followed_max = 32;

/// The actor that owes `cell` an answer, if it waits for one.
CellPointer owes_answer(ActorCell& cell) {
  CellPointer asked;
  const ActorCell* passed_on = nullptr;
  cell.with_suspension([&](Suspension& suspension) {
    const Wait wait = suspension.waiting_for();
    if (wait.kind != Wait::Kind::answer || wait.claimed || wait.target == nullptr) return;
    if (wait.passed_on) {
      passed_on = wait.target;
    } else {
      // The asker cannot go on just now, and keeps whom it has asked.
      asked = CellPointer::share(const_cast<ActorCell&>(*wait.target));
    }
  });
  if (passed_on != nullptr) {
    // Whoever has it now may be gone: it is looked for among those that are not.
    asked = cell.system().find_living(passed_on);
  }
  return asked;
}

std::string phase_of(ActorCell& target) {
  if (target.stopped()) return "has stopped";
  std::string phase = "is running";
  target.with_suspension([&](Suspension& suspension) {
    const Wait wait = suspension.waiting_for();
    if (wait.kind == Wait::Kind::message) {
      phase = wait.claimed ? "is about to run" : "is idle";
    } else {
      phase = fmt::format("{} for {}", wait.claimed ? "has just waited" : "waits", name_of(wait.kind));
    }
  });
  if (const CellPointer owing = owes_answer(target)) phase += fmt::format(" of {}", owing->path());
  const std::int64_t since = target.liveness().busy_since_ns.load(std::memory_order_relaxed);
  const std::int64_t now = target.scheduler().supervision_time().load(std::memory_order_relaxed);
  if (since != 0 && now > since) phase += fmt::format(", in the same message for {} ms", (now - since) / 1'000'000);
  return phase;
}

}  // namespace

std::optional<Error> circle_closed_by(const Context& asker, ActorCell& target) {
  const auto* const first = static_cast<const ActorCell*>(&asker);
  std::string circle = first->path();
  CellPointer at = CellPointer::share(target);
  for (int hops = 0; at && hops < waits_followed_max; ++hops) {
    circle += " -> " + at->path();
    if (at.get() == first) {
      return Error(ErrorCode::deadlock, fmt::format("this ask would close a circle of actors that wait: {}", circle));
    }
    at = owes_answer(*at);
  }
  return std::nullopt;
}

Error timeout_of(ActorCell& target) {
  const MailboxCore& mailbox = target.mailbox();
  return {ErrorCode::timeout, fmt::format("{} has not answered in time: it {}; {} of {} messages wait", target.path(),
                                          phase_of(target), mailbox.depth(), mailbox.capacity())};
}

}  // namespace understudy::detail
