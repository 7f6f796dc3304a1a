#include "supervision/regroups.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace understudy {

using detail::ActorCell;
using detail::CellPointer;
using detail::Ending;

std::vector<CellPointer> Regroups::affected_by(const ActorCell& cell, Strategy strategy) {
  std::vector<CellPointer> affected;
  if (strategy == Strategy::one_for_one) return affected;
  system_.for_each_sibling(cell, [&](ActorCell& sibling) {
    if (strategy == Strategy::one_for_all || sibling.id() > cell.id()) affected.push_back(CellPointer::share(sibling));
  });
  return affected;
}

bool Regroups::hold(ActorCell& cell, Strategy strategy, Duration delay) {
  const std::uint64_t family = family_of(cell);
  const std::vector<CellPointer> affected = affected_by(cell, strategy);
  const Error reason(ErrorCode::actor_crashed, fmt::format("{} is restarted with its siblings", cell.path()));
  bool is_first = false;
  Regroup complete;
  {
    const std::lock_guard lock(mutex_);
    const auto running = by_family_.find(family);
    if (running == by_family_.end() && affected.empty()) return false;
    is_first = running == by_family_.end();
    cell.hold();
    Regroup& regroup = by_family_[family];
    regroup.held.push_back(CellPointer::share(cell));
    regroup.delay = std::max(regroup.delay, delay);
    regroup.awaited.erase(cell.id());
    if (is_first) {
      for (const CellPointer& sibling : affected) regroup.awaited.insert(sibling->id());
    } else if (regroup.awaited.empty()) {
      complete = std::move(regroup);
      by_family_.erase(family);
    }
  }
  if (!complete.held.empty()) {
    start(std::move(complete));
    return true;
  }
  if (!is_first) return true;
  // The youngest first, as a family is stopped.
  for (const CellPointer& sibling : affected) {
    if (!sibling->request_end(0, {Ending::Kind::reset, reason})) no_longer_awaited(family, sibling->id());
  }
  return true;
}

void Regroups::leave(const ActorCell& cell) { no_longer_awaited(family_of(cell), cell.id()); }

void Regroups::no_longer_awaited(std::uint64_t family, std::uint64_t actor) {
  Regroup complete;
  {
    const std::lock_guard lock(mutex_);
    const auto running = by_family_.find(family);
    if (running == by_family_.end()) return;
    running->second.awaited.erase(actor);
    if (!running->second.awaited.empty()) return;
    complete = std::move(running->second);
    by_family_.erase(running);
  }
  start(std::move(complete));
}

void Regroups::start(Regroup regroup) {
  std::ranges::sort(regroup.held, {}, [](const CellPointer& cell) { return cell->id(); });
  for (const CellPointer& cell : regroup.held) cell->release_held(regroup.delay);
}

}  // namespace understudy
