// Calls that block (files, name look-ups, legacy code), made without holding up a worker.
#pragma once

#include "understudy/runtime/detail/event.hpp"
#include "understudy/runtime/detail/scheduler.hpp"
#include "understudy/runtime/task.hpp"

#include <cstdint>
#include <exception>
#include <limits>
#include <memory>
#include <optional>
#include <type_traits>

namespace understudy {

struct BlockingOptions {
  /// How long the call may take before an actor that waits for it counts as stuck (counted as the supervisor does, so
  /// not while the process is stopped). Unset: as long as it likes.
  std::optional<Duration> budget = std::nullopt;
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
    done.set();
    self_.reset();
  }
  static void start(Scheduler& scheduler, const std::shared_ptr<BlockingCall>& call) {
    call->self_ = call;
    scheduler.run_blocking(*call);
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
  {
    // Not for an actor that has been replaced while it held its thread: the pool's threads are not fenced. The wait
    // that follows is its last.
    const detail::LibraryCall entered;
    if (entered.fenced()) {
      detail::count_refused();
    } else {
      detail::BlockingCall<Function>::start(scheduler, call);
    }
  }
  co_await done;
  co_return call->result();
}

}  // namespace understudy
