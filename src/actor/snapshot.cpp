#include "understudy/actor/snapshot.hpp"

#include "actor/system_core.hpp"

#include <algorithm>
#include <unordered_map>

#include <fmt/format.h>

namespace understudy {

std::string_view name_of(ActorState state) noexcept {
  switch (state) {
    case ActorState::idle:
      return "idle";
    case ActorState::ready:
      return "ready";
    case ActorState::running:
      return "running";
    case ActorState::waiting:
      return "waiting";
    case ActorState::restarting:
      return "restarting";
    case ActorState::stopped:
      return "stopped";
  }
  return "unknown";
}

std::string describe(const Snapshot& snapshot) {
  std::string text;
  for (const ActorSnapshot& actor : snapshot) {
    const auto depth = static_cast<std::size_t>(std::ranges::count(actor.path, '/')) - 1;
    const std::size_t name = actor.path.rfind('/') + 1;
    text += fmt::format("{:{}}{}  {}", "", depth * 2, actor.path.substr(name), name_of(actor.state));
    if (!actor.waits_for.empty()) text += fmt::format(" for {}", actor.waits_for);
    if (!actor.waits_on.empty()) text += fmt::format(" of {}", actor.waits_on);
    if (actor.in_hand > Duration{0}) {
      text += fmt::format(" ({} ms)", std::chrono::duration_cast<std::chrono::milliseconds>(actor.in_hand).count());
    }
    text += fmt::format("  life {}  mailbox {}/{}  handled {}", actor.incarnation, actor.depth, actor.capacity,
                        actor.handled);
    if (!actor.exempt.empty()) text += fmt::format("  exempt: {}", actor.exempt);
    text += '\n';
  }
  return text;
}

namespace detail {
namespace {

void note_suspension(const Suspension& suspension, ActorSnapshot& into, const ActorCell*& waits_on) {
  const Wait wait = suspension.waiting_for();
  if (wait.claimed) {
    into.state = ActorState::ready;
  } else if (wait.kind == Wait::Kind::message) {
    into.state = ActorState::idle;
  } else {
    into.state = ActorState::waiting;
    into.waits_for = name_of(wait.kind);
    waits_on = wait.target;
  }
}

}  // namespace

Snapshot SystemCore::snapshot() {
  Snapshot all;
  std::vector<CellPointer> cells;
  {
    const std::lock_guard lock(lifecycle_);
    const auto note = [&](ActorCell& cell) {
      ActorSnapshot& actor = all.emplace_back();
      actor.parent = cell.parent_ != nullptr ? cell.parent_->id() : 0;
      actor.state = cell.alive_ ? ActorState::running : ActorState::restarting;
      cell.children_.for_each([&](const ActorCell& /*child*/) { ++actor.children; });
      cells.push_back(CellPointer::share(cell));
    };
    roots_.for_each([&](ActorCell& root) { visit_tree(root, note); });
  }
  std::unordered_map<const ActorCell*, std::size_t> places;
  std::vector<const ActorCell*> waits_on(cells.size());
  const std::int64_t now = supervision_time().load(std::memory_order_relaxed);
  visit_suspensions(cells, [&](std::size_t i, Suspension& suspension) {
    if (all[i].state == ActorState::running) note_suspension(suspension, all[i], waits_on[i]);
    return false;
  });
  for (std::size_t i = 0; i < cells.size(); ++i) {
    ActorCell& cell = *cells[i];
    ActorSnapshot& actor = all[i];
    places.emplace(&cell, i);
    if (cell.stopped()) actor.state = ActorState::stopped;
    actor.path = cell.path();
    actor.id = cell.id();
    actor.incarnation = cell.incarnation();
    actor.depth = static_cast<std::uint32_t>(cell.mailbox().depth());
    actor.capacity = cell.mailbox().capacity();
    if (cell.options().exempt) actor.exempt = cell.options().exempt.reason();
    actor.handled = cell.liveness().handled.load(std::memory_order_relaxed);
    const std::int64_t since = cell.liveness().busy_since_ns.load(std::memory_order_relaxed);
    if (since != 0 && now > since) actor.in_hand = Duration(now - since);
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto found = places.find(waits_on[i]);
    if (found != places.end()) all[i].waits_on = all[found->second].path;
  }
  return all;
}

}  // namespace detail
}  // namespace understudy
