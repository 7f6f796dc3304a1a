// The blocking front: how a plain thread uses what is asynchronous.
//
//     us::Result<std::int64_t> total = us::wait(system, counter.ask<Add>(5).within(1s));
#pragma once

#include "understudy/base/error.hpp"
#include "understudy/runtime/detail/scheduler.hpp"
#include "understudy/runtime/task_group.hpp"

#include <exception>
#include <optional>
#include <type_traits>

namespace understudy {
namespace detail {

template <typename Awaitable>
decltype(auto) awaiter_of(Awaitable&& awaitable) {
  if constexpr (requires { std::forward<Awaitable>(awaitable).operator co_await(); }) {
    return std::forward<Awaitable>(awaitable).operator co_await();
  } else {
    return std::forward<Awaitable>(awaitable);
  }
}
/// What `co_await` of an Awaitable gives.
template <typename Awaitable>
using Awaited = decltype(awaiter_of(std::declval<Awaitable>()).await_resume());

/// Result<T> for T, and for Result<T>.
template <typename T>
struct FlatResult {
  using type = Result<T>;
};
template <typename T>
struct FlatResult<Result<T>> {
  using type = Result<T>;
};

/// Ends the program with a message if the calling thread is a worker of `scheduler`, which must not block.
void check_may_block(const Scheduler& scheduler, const char* caller) noexcept;

template <typename R>
struct WaitState {
  std::optional<R> result;
  std::exception_ptr exception;
  std::unique_ptr<Completion> done;
};

/// Tells the waiting thread when the task has ended, however it did.
template <typename R>
class WaitGuard {
 public:
  explicit WaitGuard(WaitState<R>& state) noexcept : state_(&state) {}
  WaitGuard(WaitGuard&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
  WaitGuard& operator=(WaitGuard&&) = delete;
  WaitGuard(const WaitGuard&) = delete;
  WaitGuard& operator=(const WaitGuard&) = delete;
  ~WaitGuard() {
    if (state_ != nullptr) state_->done->set();
  }
  [[nodiscard]] WaitState<R>& state() const noexcept { return *state_; }

 private:
  WaitState<R>* state_;
};

template <typename R, typename Awaitable>
Task<> run_for(WaitGuard<R> guard, Awaitable awaitable) {
  WaitState<R>& state = guard.state();
  try {
    if constexpr (std::is_void_v<Awaited<Awaitable>>) {
      co_await std::move(awaitable);
      state.result.emplace();
    } else {
      state.result.emplace(co_await std::move(awaitable));
    }
  } catch (...) {
    state.exception = std::current_exception();
  }
}

}  // namespace detail

/// Runs `awaitable` (an ask, a tell, a Task) in `scheduler` (a System converts to it) and blocks the calling thread
/// until it has ended. Gives Result<T>, with `cancelled` if the system was shut down meanwhile. An exception is thrown
/// on. Threads: any that is no worker. In a simulated system: runs the simulation until then.
template <typename Awaitable>
typename detail::FlatResult<detail::Awaited<Awaitable>>::type wait(detail::Scheduler& scheduler, Awaitable awaitable) {
  using R = typename detail::FlatResult<detail::Awaited<Awaitable>>::type;
  detail::check_may_block(scheduler, "us::wait");
  detail::WaitState<R> state{.result = {}, .exception = {}, .done = scheduler.make_completion()};
  TaskGroup group(scheduler);
  group.spawn(detail::run_for<R, Awaitable>(detail::WaitGuard<R>(state), std::move(awaitable)));
  if (!state.done->wait()) {
    group.cancel();  // The task refers to this function's state: it ends before this does.
    static_cast<void>(state.done->wait());
    return failure(ErrorCode::cancelled, "nothing is left to run, so this can never end");
  }
  if (state.exception) std::rethrow_exception(state.exception);
  if (!state.result) return failure(ErrorCode::cancelled);
  return std::move(*state.result);
}

}  // namespace understudy
