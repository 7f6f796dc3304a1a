// The inside of a System: the tree of actors, its lifecycle mutex, and the order of shutdown.
#pragma once

#include "actor/dead_letter_office.hpp"
#include "actor/name_table.hpp"
#include "actor/shutdown_request.hpp"
#include "understudy/actor/detail/cell_pointer.hpp"
#include "understudy/actor/detail/supervision_hook.hpp"
#include "understudy/actor/snapshot.hpp"
#include "understudy/base/detail/atomic.hpp"
#include "understudy/runtime/task_group.hpp"

#include <algorithm>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace understudy::detail {

class SystemCore {
 public:
  explicit SystemCore(std::shared_ptr<Scheduler> made)
      : scheduler_(std::move(made)), tasks_(std::in_place, *scheduler_), dead_letters_(scheduler_->clock()) {
    scheduler_->set_detached_tasks(*tasks_);
  }
  SystemCore(const SystemCore&) = delete;
  SystemCore& operator=(const SystemCore&) = delete;

  // --- ownership: the System holds one, and each root. Of a system that has ended, a shell stays as long as Addresses
  // to its actors, so that what is told to them can ask it (note_dead_letter).
  void retain() noexcept { owners_.fetch_add(1, std::memory_order_relaxed); }
  void release() noexcept {
    if (owners_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }
  /// Ends all but the shell. After shutdown.
  void end() noexcept {
    dead_letters_.close();
    names_.clear();  // They hold actors, which hold the shell.
    hook_.store(nullptr, std::memory_order_relaxed);
    hook_owner_.reset();
    tasks_.reset();
    scheduler_.reset();
  }

  [[nodiscard]] Scheduler& scheduler() noexcept { return *scheduler_; }
  [[nodiscard]] TaskGroup& tasks() noexcept { return *tasks_; }
  [[nodiscard]] ThreadMutex& lifecycle() noexcept { return lifecycle_; }
  [[nodiscard]] std::uint64_t next_id() noexcept { return ids_.fetch_add(1, std::memory_order_relaxed) + 1; }

  // --- the tree ---------------------------------------------------------------------------------------------------
  void launch(ActorCell& cell);
  /// `cell` has stopped for good: takes it out of the tree. The caller holds one count of it.
  void unlink(ActorCell& cell) noexcept;
  /// Calls `visit(cell)` for every actor of the tree, parents first, under the lifecycle mutex.
  template <typename Visit>
  void for_each(Visit visit) {
    const std::lock_guard lock(lifecycle_);
    roots_.for_each([&](ActorCell& root) { visit_tree(root, visit); });
  }

  /// The actor of the tree at this place, which is only compared with, for it may be gone; null if there is none.
  [[nodiscard]] CellPointer find_living(const ActorCell* place);

  /// Calls `visit(sibling)` for the living actors with the same parent as `cell`, the youngest first, under the
  /// lifecycle mutex.
  template <typename Visit>
  void for_each_sibling(const ActorCell& cell, Visit visit) {
    const std::lock_guard lock(lifecycle_);
    (cell.parent_ != nullptr ? cell.parent_->children_ : roots_).for_each([&](ActorCell& sibling) {
      if (&sibling != &cell) visit(sibling);
    });
  }

  /// Context::finish_visit with `claim(place, suspension)` for each of `cells`. A few hundred at a time: whoever is to
  /// go on meanwhile waits for its visitor.
  template <typename Claim>
  void visit_suspensions(const std::vector<CellPointer>& cells, Claim claim) {
    constexpr std::size_t together = 256;
    for (std::size_t first = 0; first < cells.size(); first += together) {
      const std::size_t end = std::min(cells.size(), first + together);
      for (std::size_t i = first; i < end; ++i) cells[i]->begin_visit();
      scheduler_->heavy_fence();
      for (std::size_t i = first; i < end; ++i) {
        cells[i]->finish_visit([&](Suspension& suspension) { return claim(i, suspension); });
      }
    }
  }
  /// What all actors do. Stops nothing: the tree is held for as long as it takes to list it.
  [[nodiscard]] Snapshot snapshot();

  void shutdown(Duration limit);

  /// The thread that ran `cell` has been fenced: ends the requests that it has in hand with `error`.
  void fail_requests_in_hand_of(const ActorCell& cell, const Error& error);

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
  [[nodiscard]] Atomic<std::int64_t>& supervision_time() noexcept { return scheduler_->supervision_time(); }

  [[nodiscard]] NameTable& names() noexcept { return names_; }

  // --- requests to shut down ----------------------------------------------------------------------------------------
  [[nodiscard]] ShutdownRequest& shutdown_requests() noexcept { return shutdown_request_; }
  void request_shutdown(Error reason);

  // --- dead letters -------------------------------------------------------------------------------------------------
  [[nodiscard]] DeadLetterOffice& dead_letters() noexcept { return dead_letters_; }

 private:
  ~SystemCore() = default;

  template <typename Visit>
  static void visit_tree(ActorCell& cell, const Visit& visit) {
    visit(cell);
    cell.children_.for_each([&](ActorCell& child) { visit_tree(child, visit); });
  }
  [[nodiscard]] CellPointer next_to_stop_locked() noexcept;
  void terminate_roots() noexcept;
  [[noreturn]] void end_process();
  void take_from_threads();
  void wait_for_roots(Duration limit);

  NameTable names_;
  std::shared_ptr<Scheduler> scheduler_;  // Shared with threads that were left behind, which may still come back.
  std::optional<TaskGroup> tasks_;
  ThreadMutex lifecycle_;
  ActorList roots_;                              // Guarded by lifecycle_.
  bool stopping_ = false;                        // Guarded by lifecycle_.
  const ActorCell* awaited_ = nullptr;           // Guarded by lifecycle_: the root that shutdown stops now.
  Completion* all_stopped_ = nullptr;            // Guarded by lifecycle_: set when there is no root left.
  ThreadMutex shutdown_;                         // One shutdown at a time.
  Atomic<std::uint64_t> ids_{0};                 // Relaxed: only distinct numbers are wanted.
  std::shared_ptr<SupervisionHook> hook_owner_;  // Guarded by lifecycle_.
  Atomic<SupervisionHook*> hook_{nullptr};       // Set once (release), read by workers (acquire).
  DeadLetterOffice dead_letters_;
  ShutdownRequest shutdown_request_;
  // Relaxed to add, acq_rel to drop, so that the last one sees all uses.
  Atomic<std::uint32_t> owners_{1};
};

}  // namespace understudy::detail
