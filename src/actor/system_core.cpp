#include "actor/system_core.hpp"

#include "base/log.hpp"

#include <algorithm>

namespace understudy::detail {

void SystemCore::launch(ActorCell& cell) {
  bool refused = false;
  {
    const std::lock_guard lock(lifecycle_);
    // A parent that is over would never stop it.
    const ActorCell* parent = cell.parent_;
    const bool orphan = parent != nullptr && (parent->doomed_ || (!parent->alive_ && parent->incarnation() > 0));
    if (!stopping_ && !orphan) {
      std::vector<ActorCell*>& siblings = cell.parent_ != nullptr ? cell.parent_->children_ : roots_;
      siblings.push_back(&cell);
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
  const Error reason = ErrorCode::actor_stopped;
  ThreadState& thread = this_thread();
  const Error* const outer = std::exchange(thread.teardown_error, &reason);
  while (MessageHead* node = cell.mailbox_.pop([](MessageHead& /*waiting*/) {})) cell.bury(*node, reason);
  thread.teardown_error = outer;
  cell.forget_function();
  cell.stopped_.store(true, std::memory_order_release);
}

void SystemCore::unlink(ActorCell& cell) noexcept {
  ActorCell* parent = cell.parent_;
  bool parent_may_end = false;
  {
    const std::lock_guard lock(lifecycle_);
    std::vector<ActorCell*>& siblings = parent != nullptr ? parent->children_ : roots_;
    // From the back: a shutdown takes the youngest first.
    const auto place = std::find(siblings.rbegin(), siblings.rend(), &cell);
    if (place != siblings.rend()) siblings.erase(std::prev(place.base()));
    if (parent != nullptr && parent->waits_for_children_ && parent->children_.empty()) {
      parent->waits_for_children_ = false;
      parent_may_end = true;
    }
    if (awaited_ == &cell) awaited_stopped_->set();
  }
  // The parent waits for this, and only this, so it is alive, and the right to run it is ours to pass on.
  if (parent_may_end) parent->schedule();
  cell.release();
}

/// The root to stop next; and with a sleeper the sleepers just before it, which may be a great many of one kind, and
/// among which no order is promised. The first is the youngest.
std::vector<CellPointer> SystemCore::youngest_roots() {
  std::vector<CellPointer> youngest;
  const std::lock_guard lock(lifecycle_);
  for (auto root = roots_.rbegin(); root != roots_.rend(); ++root) {
    if (!youngest.empty() && (!(*root)->sleeper_ || (*root)->mailbox().closed())) break;
    youngest.push_back(CellPointer::share(**root));
    if (!(*root)->sleeper_ || (*root)->mailbox().closed()) break;
  }
  return youngest;
}

void SystemCore::terminate_roots() noexcept {
  std::vector<CellPointer> roots;
  {
    const std::lock_guard lock(lifecycle_);
    for (ActorCell* root : roots_) roots.push_back(CellPointer::share(*root));
  }
  for (const CellPointer& root : roots) {
    log_warning("shutdown: {} has not ended in time and is destroyed where it waits", root->path());
    root->terminate(ErrorCode::actor_stopped);
  }
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
    for (;;) {
      const std::vector<CellPointer> roots = youngest_roots();
      if (roots.empty()) break;
      const CellPointer& root = roots.front();
      const std::unique_ptr<Completion> stopped = scheduler_->make_completion();
      {
        const std::lock_guard lock(lifecycle_);
        if (std::find(roots_.rbegin(), roots_.rend(), root.get()) == roots_.rend()) continue;
        awaited_ = root.get();
        awaited_stopped_ = stopped.get();
      }
      for (const CellPointer& each : roots) each->request_stop();
      const bool ended = stopped->wait();
      const std::lock_guard lock(lifecycle_);
      awaited_ = nullptr;
      awaited_stopped_ = nullptr;
      if (!ended) break;
    }
  }
  scheduler_->task_groups().close(*scheduler_);
  scheduler_->stop();
}

void SystemCore::note_dead_letter(DeadLetter letter) {
  const std::lock_guard lock(dead_letters_mutex_);
  ++dead_letter_count_;
  if (dead_letters_.size() == dead_letters_kept) dead_letters_.pop_front();
  dead_letters_.push_back(std::move(letter));
}

DeadLetters SystemCore::dead_letters() const {
  const std::lock_guard lock(dead_letters_mutex_);
  return {.count = dead_letter_count_, .latest = {dead_letters_.begin(), dead_letters_.end()}};
}

}  // namespace understudy::detail
