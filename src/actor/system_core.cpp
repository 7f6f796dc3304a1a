#include "actor/system_core.hpp"

#include "base/log.hpp"
#include "understudy/actor/detail/slot_pointer.hpp"
#include "understudy/base/exit_code.hpp"

#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace understudy::detail {

void SystemCore::launch(ActorCell& cell) {
  const LibraryCall call;
  bool refused = call.fenced();
  if (refused) count_refused();
  {
    const std::lock_guard lock(lifecycle_);
    // A parent that is over would never stop it.
    const ActorCell* parent = cell.parent_;
    const bool orphan = parent != nullptr && (parent->doomed_ || (!parent->alive_ && parent->incarnation() > 0));
    if (!stopping_ && !orphan && !refused) {
      (cell.parent_ != nullptr ? cell.parent_->children_ : roots_).add(cell);
      cell.retain();
      if (cell.sleeper_ && cell.mailbox_.sleep()) return;
    } else {
      refused = true;
    }
  }
  if (!refused) {
    cell.schedule();
    return;
  }
  cell.mailbox_.close();
  // Whoever found it by its name may have sent it something.
  cell.bury_all(ErrorCode::actor_stopped);
  cell.forget_function();
  if (cell.home() != 0) scheduler_->unplace(cell);
  cell.stopped_.store(true, std::memory_order_release);
}

void SystemCore::unlink(ActorCell& cell) noexcept {
  ActorCell* parent = cell.parent_;
  bool parent_may_end = false;
  CellPointer next;
  {
    std::unique_lock lock(lifecycle_);
    cell.stopped_.store(true, std::memory_order_release);
    if (cell.watches_ != nullptr) [[unlikely]] {
      lock.unlock();
      cell.tell_watches();
      lock.lock();
    }
    (parent != nullptr ? parent->children_ : roots_).remove(cell);
    if (parent != nullptr && parent->waits_for_children_ && parent->children_.empty()) {
      parent->waits_for_children_ = false;
      parent_may_end = true;
    }
    if (awaited_ == &cell) next = next_to_stop_locked();
  }
  // The parent waits for this, and only this, so it is alive, and the right to run it is ours to pass on.
  if (parent_may_end) parent->schedule();
  if (next) next->request_stop();
  cell.release();
}

/// Shutdown goes from root to root on the workers, without a thread that is woken for each.
CellPointer SystemCore::next_to_stop_locked() noexcept {
  ActorCell* next = roots_.youngest();
  awaited_ = next;
  if (next != nullptr) return CellPointer::share(*next);
  if (all_stopped_ != nullptr) std::exchange(all_stopped_, nullptr)->set();
  return {};
}

void SystemCore::terminate_roots() noexcept {
  constexpr std::size_t named_max = 5;
  std::vector<CellPointer> marked;
  std::size_t count = 0;
  std::string names;
  {
    const std::lock_guard lock(lifecycle_);
    roots_.for_each([&](ActorCell& root) {
      if (count < named_max) names += (count > 0 ? ", " : "") + root.path();
      ++count;
      if (root.mark_terminated_locked(ErrorCode::actor_stopped)) marked.push_back(CellPointer::share(root));
    });
  }
  if (count > 0) {
    log_warning("shutdown: {} not ended in time, and {} destroyed where {}: {}{}",
                count == 1 ? "an actor has" : fmt::format("{} actors have", count), count == 1 ? "is" : "are",
                count == 1 ? "it waits" : "they wait", names, count > named_max ? ", ..." : "");
  }
  // One barrier for all of them: with many it is what costs.
  scheduler_->heavy_fence();
  for (const CellPointer& root : marked) root->take_down();
}

void SystemCore::take_from_threads() {
  std::vector<CellPointer> left;
  {
    const std::lock_guard lock(lifecycle_);
    const auto gather = [&](ActorCell& cell) {
      if (cell.alive_ && cell.kill_requested()) left.push_back(CellPointer::share(cell));
    };
    roots_.for_each([&](ActorCell& root) { visit_tree(root, gather); });
  }
  for (const CellPointer& cell : left) {
    if (cell->take_from_thread()) log_warning("shutdown: {} holds its thread, which is left behind", cell->path());
  }
}

void SystemCore::fail_requests_in_hand_of(const ActorCell& cell, const Error& error) {
  SlotPointer::begin_orphans();
  const auto claim = [&](Suspension& suspension) { return suspension.fail_if_in_hand_of(cell, error); };
  std::vector<CellPointer> actors;
  for_each([&](ActorCell& actor) { actors.push_back(CellPointer::share(actor)); });
  visit_suspensions(actors, [&](std::size_t /*place*/, Suspension& suspension) { return claim(suspension); });
  scheduler_->task_groups().visit_suspensions(claim);
}

CellPointer SystemCore::find_living(const ActorCell* place) {
  CellPointer found;
  for_each([&](ActorCell& cell) {
    if (&cell == place) found = CellPointer::share(cell);
  });
  return found;
}

void SystemCore::request_shutdown(Error reason) {
  log_error("a shutdown is asked for: {}", reason.message());
  shutdown_request_.make(std::move(reason));
}

/// Actors are left that nothing can be taken from: their destructors, or hooks, do not come to an end, and their
/// threads can neither be joined nor left behind.
void SystemCore::end_process() {
  std::string names;
  {
    const std::lock_guard lock(lifecycle_);
    roots_.for_each([&](const ActorCell& root) { names += (names.empty() ? "" : ", ") + root.path(); });
  }
  log_error("shutdown: the destructors of {} do not come to an end; this process ends without them", names);
  std::_Exit(exit_code_start_anew);
}

void SystemCore::wait_for_roots(Duration limit) {
  constexpr Duration hold_limit = std::chrono::milliseconds(100);
  constexpr int teardown_rounds_max = 300;  // Half a minute.
  const std::unique_ptr<Completion> all_stopped = scheduler_->make_completion();
  CellPointer first;
  {
    const std::lock_guard lock(lifecycle_);
    all_stopped_ = all_stopped.get();
    first = next_to_stop_locked();
  }
  if (first) first->request_stop();
  // `never`: in a simulation in which nothing is left to run nobody else can set it either.
  Completion::Waited waited = all_stopped->wait_for(limit);
  if (waited == Completion::Waited::not_yet) terminate_roots();
  for (int round = 1; waited == Completion::Waited::not_yet; ++round) {
    waited = all_stopped->wait_for(hold_limit);
    if (waited != Completion::Waited::not_yet) break;
    take_from_threads();
    if (round == teardown_rounds_max && scheduler_->replaces_threads()) end_process();
  }
  const std::lock_guard lock(lifecycle_);
  awaited_ = nullptr;
  all_stopped_ = nullptr;
}

void SystemCore::shutdown(Duration limit) {
  constexpr Duration hold_limit = std::chrono::milliseconds(100);
  const std::lock_guard one(shutdown_);
  {
    const std::lock_guard lock(lifecycle_);
    if (stopping_) return;
    stopping_ = true;
  }
  wait_for_roots(limit);
  scheduler_->task_groups().close(*scheduler_, hold_limit);
  scheduler_->stop();
}

}  // namespace understudy::detail
