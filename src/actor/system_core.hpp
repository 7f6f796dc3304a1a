// The inside of a System: the tree of actors, its lifecycle mutex, and the order of shutdown.
#pragma once

#include "understudy/actor/dead_letter.hpp"
#include "understudy/actor/detail/cell_pointer.hpp"
#include "understudy/actor/detail/supervision_hook.hpp"
#include "understudy/runtime/task_group.hpp"

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

namespace understudy::detail {

class SystemCore {
 public:
  explicit SystemCore(std::unique_ptr<Scheduler> made) : scheduler_(std::move(made)), tasks_(*scheduler_) {
    scheduler_->set_detached_tasks(tasks_);
  }
  SystemCore(const SystemCore&) = delete;
  SystemCore& operator=(const SystemCore&) = delete;
  ~SystemCore() = default;

  [[nodiscard]] Scheduler& scheduler() noexcept { return *scheduler_; }
  [[nodiscard]] TaskGroup& tasks() noexcept { return tasks_; }
  [[nodiscard]] std::mutex& lifecycle() noexcept { return lifecycle_; }
  [[nodiscard]] std::uint64_t next_id() noexcept { return ids_.fetch_add(1, std::memory_order_relaxed) + 1; }

  // --- the tree ---------------------------------------------------------------------------------------------------
  void launch(ActorCell& cell);
  /// `cell` has stopped for good: takes it out of the tree. The caller holds one count of it.
  void unlink(ActorCell& cell) noexcept;
  /// Calls `visit(cell)` for every actor of the tree, parents first, under the lifecycle mutex.
  template <typename Visit>
  void for_each(Visit visit) {
    const std::lock_guard lock(lifecycle_);
    for (ActorCell* root : roots_) visit_tree(*root, visit);
  }

  void shutdown(Duration limit);

  // --- supervision --------------------------------------------------------------------------------------------------
  /// Null without a supervisor. Workers may call a hook at any time, so one that was set lives as long as the system.
  [[nodiscard]] SupervisionHook* hook() const noexcept { return hook_.load(std::memory_order_acquire); }
  /// False if there is one already.
  bool set_hook(std::shared_ptr<SupervisionHook> hook) {
    const std::lock_guard lock(lifecycle_);
    if (hook_owner_ != nullptr) return false;
    hook_owner_ = std::move(hook);
    hook_.store(hook_owner_.get(), std::memory_order_release);
    return true;
  }
  /// Written by the supervisor's ticker alone; relaxed, see src/supervision/supervisor_core.hpp.
  [[nodiscard]] std::atomic<std::int64_t>& supervision_time() noexcept { return supervision_time_; }

  // --- dead letters -------------------------------------------------------------------------------------------------
  void note_dead_letter(DeadLetter letter);
  [[nodiscard]] DeadLetters dead_letters() const;

 private:
  static constexpr std::size_t dead_letters_kept = 64;
  class Deadline;

  template <typename Visit>
  static void visit_tree(ActorCell& cell, Visit& visit) {
    visit(cell);
    for (ActorCell* child : cell.children_) visit_tree(*child, visit);
  }
  [[nodiscard]] CellPointer youngest_root();
  void terminate_roots() noexcept;

  std::unique_ptr<Scheduler> scheduler_;
  TaskGroup tasks_;
  std::mutex lifecycle_;
  std::vector<ActorCell*> roots_;                // Guarded by lifecycle_.
  bool stopping_ = false;                        // Guarded by lifecycle_.
  ActorCell* awaited_ = nullptr;                 // Guarded by lifecycle_: the root that shutdown waits for.
  Completion* awaited_stopped_ = nullptr;        // Guarded by lifecycle_: set when it has stopped.
  std::mutex shutdown_;                          // One shutdown at a time.
  std::atomic<std::uint64_t> ids_{0};            // Relaxed: only distinct numbers are wanted.
  std::shared_ptr<SupervisionHook> hook_owner_;  // Guarded by lifecycle_.
  std::atomic<SupervisionHook*> hook_{nullptr};  // Set once (release), read by workers (acquire).
  std::atomic<std::int64_t> supervision_time_{1};
  mutable std::mutex dead_letters_mutex_;
  std::uint64_t dead_letter_count_ = 0;
  std::deque<DeadLetter> dead_letters_;
};

}  // namespace understudy::detail
