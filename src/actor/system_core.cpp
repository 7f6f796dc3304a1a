#include "actor/system_core.hpp"

#include "base/log.hpp"

#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace understudy::detail {

void SystemCore::launch(ActorCell& cell) {
  bool refused = false;
  {
    const std::lock_guard lock(lifecycle_);
    if (!stopping_) {
      (cell.parent_ != nullptr ? cell.parent_->children_ : roots_).add(cell);
      cell.retain();
    } else {
      refused = true;
    }
  }
  if (!refused) {
    cell.schedule();
    return;
  }
  cell.mailbox_.close();
  cell.forget_function();
  if (cell.home() != 0) scheduler_->unplace(cell);
  cell.stopped_.store(true, std::memory_order_release);
}

void SystemCore::unlink(ActorCell& cell) noexcept {
  ActorCell* parent = cell.parent_;
  bool parent_may_end = false;
  CellPointer next;
  {
    const std::lock_guard lock(lifecycle_);
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

/// Ends what has not ended by itself when shutdown's time is over.
class SystemCore::Deadline final : private Timer {
 public:
  Deadline(SystemCore& system, Duration limit) : system_(system) {
    system_.scheduler().start_timer(*this, after(system_.scheduler().clock().now(), limit));
  }
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;
  ~Deadline() { system_.scheduler().cancel_timer(*this); }

 private:
  void fire() noexcept override {
    system_.scheduler().run_on_control([&system = system_] { system.terminate_roots(); });
  }
  SystemCore& system_;
};

void SystemCore::shutdown(Duration limit) {
  const std::lock_guard one(shutdown_);
  {
    const std::lock_guard lock(lifecycle_);
    if (stopping_) return;
    stopping_ = true;
  }
  {
    const Deadline deadline(*this, limit);
    const std::unique_ptr<Completion> all_stopped = scheduler_->make_completion();
    CellPointer first;
    {
      const std::lock_guard lock(lifecycle_);
      all_stopped_ = all_stopped.get();
      first = next_to_stop_locked();
    }
    if (first) first->request_stop();
    // False in a simulation in which nothing is left to run: then nobody else can set it either.
    static_cast<void>(all_stopped->wait());
    const std::lock_guard lock(lifecycle_);
    awaited_ = nullptr;
    all_stopped_ = nullptr;
  }
  scheduler_->task_groups().close(*scheduler_);
  scheduler_->stop();
}

}  // namespace understudy::detail
