// Actors that sleep without a frame between two lives: what pools and actors on demand are made of. See actor_cell.hpp.
#pragma once

#include "understudy/actor/detail/cell_access.hpp"
#include "understudy/actor/spawn.hpp"
#include "understudy/runtime/sleep.hpp"
#include "understudy/runtime/task_group.hpp"

#include <memory>
#include <mutex>

namespace understudy::detail {

/// What may be asked for its ActorMessage without an error.
template <typename F>
concept FunctionLike =
    std::is_function_v<std::remove_pointer_t<std::decay_t<F>>> || requires { &std::remove_cvref_t<F>::operator(); };

/// Makes a sleeper of `life(mailbox)`, a coroutine function; each waking is one call.
template <Message M, typename Life>
Address<M> spawn_sleeper(SystemCore& system, ActorCell* parent, std::string_view name, Life life,
                         const SpawnOptions& options) {
  CellPointer cell(new ActorCellOf<M, Life>(system, parent, name, options, std::move(life)));
  cell->make_sleeper();
  launch(system, *cell);
  return Address<M>(std::move(cell));
}

/// One life of a sleeper: calls the user's function with copies of the arguments. A function that returns although it
/// has taken none of the messages that wait would be called again at once, for ever: that is a failure.
template <Message M, typename F, typename... Args>
Task<> live_once(Mailbox<M>& inbox, F& function, Args... args) {
  ActorCell& cell = current_cell("an actor that sleeps");
  const std::uint64_t before = cell.liveness().handled.load(std::memory_order_relaxed);
  Task<> life = std::invoke(function, inbox, std::move(args)...);
  co_await std::move(life);
  if (cell.told_to_sleep() || cell.mailbox().closed() || inbox.depth() == 0) co_return;
  if (cell.liveness().handled.load(std::memory_order_relaxed) == before) returned_without_receiving(cell);
}

/// What a Sweeper does for its owner.
struct SweepIdle {
  template <typename Owner>
  [[nodiscard]] static Duration period(const Owner& owner) noexcept {
    return owner.sweep_period();
  }
  template <typename Owner>
  [[nodiscard]] static bool sweep(Owner& owner) {
    return owner.sweep();
  }
};

/// Does something now and then, while there is reason to. Part of its owner.
class Sweeper {
 public:
  explicit Sweeper(Scheduler& scheduler) : tasks_(scheduler) {}
  Sweeper(const Sweeper&) = delete;
  Sweeper& operator=(const Sweeper&) = delete;
  ~Sweeper() = default;

  /// Calls `Job::sweep(*owner)` after each `Job::period(*owner)` until it returns false, unless that is under way. Any
  /// thread.
  template <typename Job = SweepIdle, typename Owner>
  void start(std::shared_ptr<Owner> owner) {
    {
      const std::lock_guard lock(mutex_);
      wanted_ = true;
      if (running_ || closed_) return;
      running_ = true;
    }
    tasks_.spawn(run<Job>(*this, std::move(owner)));
  }
  /// Ends it for good. Any thread.
  void close() noexcept {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    tasks_.cancel();
  }

 private:
  template <typename Job, typename Owner>
  static Task<> run(Sweeper& sweeper, std::shared_ptr<Owner> owner) {
    bool more = true;
    while (more) {
      sweeper.begin_round();
      co_await sleep(Job::period(*owner));
      more = Job::sweep(*owner) || !sweeper.finish();
    }
  }
  void begin_round() noexcept {
    const std::lock_guard lock(mutex_);
    wanted_ = false;
  }
  /// False if it has been started anew meanwhile: it then goes on.
  [[nodiscard]] bool finish() noexcept {
    const std::lock_guard lock(mutex_);
    if (wanted_ && !closed_) return false;
    running_ = false;
    return true;
  }

  std::mutex mutex_;
  bool wanted_ = false;
  bool running_ = false;
  bool closed_ = false;
  TaskGroup tasks_;
};

}  // namespace understudy::detail
