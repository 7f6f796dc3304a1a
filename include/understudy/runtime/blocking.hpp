// Calls that block (files, name look-ups, legacy code), made without holding up a worker.
#pragma once

#include "understudy/runtime/detail/event.hpp"
#include "understudy/runtime/detail/scheduler.hpp"
#include "understudy/runtime/task.hpp"

#include <coroutine>
#include <cstdint>
#include <exception>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace understudy {

struct BlockingOptions {
  /// How long the call may take before an actor that waits for it counts as stuck (counted as the supervisor does, so
  /// not while the process is stopped). Unset: as long as it likes.
  std::optional<Duration> budget = std::nullopt;
  /// It hardly ever blocks, as a write that the system takes into its cache: so it is made where the caller stands, for
  /// the way to another thread and back takes longer than most such calls. A worker that it holds all the same gives
  /// its place to another thread within some 20 ms. One at a time in each system; the others go to the pool as usual.
  bool quick = false;
};

namespace detail {

/// The end of a call that has a budget.
class BlockingEnd final : public EventBase {
 public:
  explicit BlockingEnd(std::int64_t budget_ends_ns) noexcept
      : EventBase(Wait::Kind::blocking), budget_ends_ns_(budget_ends_ns) {}
  [[nodiscard]] Wait waiting_for() const noexcept override {
    Wait wait = EventBase::waiting_for();
    wait.budget_ends_ns = budget_ends_ns_;
    return wait;
  }

 private:
  const std::int64_t budget_ends_ns_;
};

/// When a call that begins now has used up its budget, in supervision time.
[[nodiscard]] inline std::int64_t budget_end(Scheduler& scheduler, const BlockingOptions& options) noexcept {
  constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();
  if (!options.budget) return never;
  const std::int64_t now = scheduler.supervision_time().load(std::memory_order_relaxed);
  return options.budget->count() > never - now ? never : now + options.budget->count();
}

template <typename Function>
class BlockingCall final : public BlockingJob {
 public:
  using Value = std::invoke_result_t<Function&>;
  using Stored = std::conditional_t<std::is_void_v<Value>, bool, Value>;

  BlockingCall(Function function, std::int64_t budget_ends_ns) : done(budget_ends_ns), function_(std::move(function)) {}

  void run() noexcept override {
    call();
    done.set();
    self_.reset();
  }
  /// The first half of it.
  void call() noexcept {
    try {
      if constexpr (std::is_void_v<Value>) {
        (*function_)();
        value_ = true;
      } else {
        value_.emplace((*function_)());
      }
    } catch (...) {
      exception_ = std::current_exception();
    }
    function_.reset();  // What it captured ends here, not when the waiting coroutine gets to run.
  }
  static void start(Scheduler& scheduler, const std::shared_ptr<BlockingCall>& call) {
    call->self_ = call;
    scheduler.run_blocking(*call);
  }
  /// The same on behalf of the running code. Not for an actor that has been replaced while it held its thread: the
  /// pool's threads are not fenced. The wait that follows is its last.
  static void start_for_caller(Scheduler& scheduler, const std::shared_ptr<BlockingCall>& call) {
    const LibraryCall entered;
    if (entered.fenced()) {
      count_refused();
    } else {
      start(scheduler, call);
    }
  }
  Value result() {
    if (exception_) std::rethrow_exception(exception_);
    if constexpr (!std::is_void_v<Value>) return std::move(*value_);
  }

  BlockingEnd done;

 private:
  std::optional<Function> function_;
  std::optional<Stored> value_;
  std::exception_ptr exception_;
  // Keeps the call alive while it runs, even if the coroutine that waits for it is destroyed.
  std::shared_ptr<BlockingCall> self_;
};

/// Suspends the caller, and then makes its call: here, if the scheduler lets it, or on the pool. Whoever resumes or
/// destroys the caller need not know the difference.
template <typename Function>
class [[nodiscard]] CallHere {
 public:
  CallHere(Scheduler& scheduler, std::shared_ptr<BlockingCall<Function>> call) noexcept
      : scheduler_(scheduler), call_(std::move(call)) {}
  [[nodiscard]] static bool await_ready() noexcept { return false; }
  void await_suspend(std::coroutine_handle<> awaiting) noexcept {
    const std::shared_ptr<BlockingCall<Function>> call = call_;
    Scheduler& scheduler = scheduler_;
    static_cast<void>(call->done.await_suspend(awaiting));
    // From here on the frame, and this object in it, may be gone.
    if (is_fenced(this_thread())) {
      count_refused();
    } else if (scheduler.begin_quick_call()) {
      call->call();
      scheduler.end_quick_call();
      call->done.set();
    } else {
      BlockingCall<Function>::start(scheduler, call);
    }
  }
  static void await_resume() noexcept {}

 private:
  Scheduler& scheduler_;
  std::shared_ptr<BlockingCall<Function>> call_;
};

}  // namespace detail

/// Runs `function` on a thread of the blocking pool and gives its result, or throws its exception:
/// `co_await us::blocking([&] { return file.read(); }, {.budget = 2s})`. An actor that waits here does not count as
/// stuck within the budget.
///
/// If the waiting coroutine is destroyed, the call goes on to its end by itself: let `function` own all it touches (a
/// shared_ptr, values). In the simulated runtime the call is made after some virtual time.
template <typename Function>
Task<std::invoke_result_t<std::decay_t<Function>&>> blocking(Function function, BlockingOptions options = {}) {
  detail::Scheduler& scheduler = detail::this_thread().current->scheduler();
  auto call =
      std::make_shared<detail::BlockingCall<Function>>(std::move(function), detail::budget_end(scheduler, options));
  detail::EventBase& done = call->done;
  if (options.quick) {
    detail::CallHere<Function> here(scheduler, call);
    co_await here;
    co_return call->result();
  }
  detail::BlockingCall<Function>::start_for_caller(scheduler, call);
  co_await done;
  co_return call->result();
}

/// A call that `start_blocking` has begun: to be awaited later, or not at all. Threads: one at a time.
template <typename T>
class [[nodiscard]] StartedCall {
 public:
  using Function = std::move_only_function<T()>;
  explicit StartedCall(std::shared_ptr<detail::BlockingCall<Function>> call) noexcept : call_(std::move(call)) {}

  /// Whether `result` comes without waiting.
  [[nodiscard]] bool ended() const noexcept { return call_->done.is_set(); }
  /// Waits for the call as `blocking` does, and gives what that gives. Once.
  [[nodiscard]] Task<T> result() {
    const std::shared_ptr<detail::BlockingCall<Function>> call = call_;
    detail::EventBase& done = call->done;
    co_await done;
    co_return call->result();
  }

 private:
  std::shared_ptr<detail::BlockingCall<Function>> call_;
};

/// Begins what `blocking` does and awaits, and returns at once. Whatever becomes of the caller, the call goes on to its
/// end. In a coroutine of a System.
template <typename T>
StartedCall<T> start_blocking(std::move_only_function<T()> function, BlockingOptions options = {}) {
  using Call = detail::BlockingCall<std::move_only_function<T()>>;
  detail::Scheduler& scheduler = detail::this_thread().current->scheduler();
  auto call = std::make_shared<Call>(std::move(function), detail::budget_end(scheduler, options));
  Call::start_for_caller(scheduler, call);
  return StartedCall<T>(std::move(call));
}

}  // namespace understudy
