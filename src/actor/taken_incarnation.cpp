// How an incarnation is taken from a thread that it holds, and what that thread still does if it ever comes back.
#include "actor/system_core.hpp"
#include "understudy/actor/detail/actor_cell.hpp"
#include "understudy/actor/detail/cell_pointer.hpp"
#include "understudy/runtime/detail/abandoned.hpp"

#include <memory>
#include <utility>

namespace understudy::detail {

/// What the thread is left with: the incarnation's frames. Keeps the cell, which they refer to.
class ActorCell::Taken final : public Abandoned {
 public:
  explicit Taken(ActorCell& cell) : cell_(CellPointer::share(cell)) {}

  /// By who takes it, with the right to run the cell.
  void take_frames() noexcept { frames_ = std::move(cell_->coroutine_); }
  void come_back() noexcept override {
    wait_until_ready();  // Tasks of the incarnation's scopes, which may use its frames, have ended then.
    frames_.reset();
    bool last = false;
    {
      const std::lock_guard lock(cell_->system_.lifecycle());
      // Release: pairs with `forget_function_unless_in_use`, which then ends what the frames have used.
      last = cell_->left_behind_.fetch_sub(1, std::memory_order_acq_rel) == 1 && cell_->forgotten_;
    }
    if (last) cell_->forget_function();
    cell_ = {};
  }

 private:
  CellPointer cell_;
  Task<> frames_;
};

bool ActorCell::take_from_thread() {
  auto taken = std::make_unique<Taken>(*this);
  {
    const std::lock_guard lock(system_.lifecycle());
    if (!alive_ || !kill_requested()) return false;
  }
  if (!scheduler().take_from_thread(*this, *taken)) return false;
  // The right to run it is here now, and no incarnation of it runs library code.
  taken->take_frames();
  taken_ = taken.release();
  Error reason = ErrorCode::actor_crashed;
  {
    const std::lock_guard lock(system_.lifecycle());
    left_behind_.fetch_add(1, std::memory_order_relaxed);
    if (requested_ending_ != nullptr) reason = requested_ending_->error;
  }
  system_.fail_requests_in_hand_of(*this, reason);
  schedule();
  return true;
}

void ActorCell::release_taken() noexcept {
  if (has_extras()) make_extras().scopes = nullptr;
  Taken* taken = std::exchange(taken_, nullptr);
  taken->release_thread();
  taken->let_go();
}

}  // namespace understudy::detail
