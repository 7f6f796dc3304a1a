// Calls that block (files, name look-ups, legacy code), made without holding up a worker.
#pragma once

#include "understudy/runtime/detail/event.hpp"
#include "understudy/runtime/detail/scheduler.hpp"
#include "understudy/runtime/task.hpp"

#include <exception>
#include <memory>
#include <optional>
#include <type_traits>

namespace understudy {

namespace detail {

template <typename Function>
class BlockingCall final : public BlockingJob {
 public:
  using Value = std::invoke_result_t<Function&>;
  using Stored = std::conditional_t<std::is_void_v<Value>, bool, Value>;

  explicit BlockingCall(Function function) : function_(std::move(function)) {}

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
  static Event& start(Scheduler& scheduler, const std::shared_ptr<BlockingCall>& call) {
    call->self_ = call;
    scheduler.run_blocking(*call);
    return call->done;
  }
  Value result() {
    if (exception_) std::rethrow_exception(exception_);
    if constexpr (!std::is_void_v<Value>) return std::move(*value_);
  }

  Event done{Wait::Kind::blocking};

 private:
  std::optional<Function> function_;
  std::optional<Stored> value_;
  std::exception_ptr exception_;
  // Keeps the call alive while it runs, even if the coroutine that waits for it is destroyed.
  std::shared_ptr<BlockingCall> self_;
};

}  // namespace detail

/// Runs `function` on a thread of the blocking pool and gives its result, or throws its exception:
/// `co_await us::blocking([&] { return file.read(); })`. An actor that waits here does not count as stuck.
///
/// If the waiting coroutine is destroyed, the call goes on to its end by itself: let `function` own all it touches (a
/// shared_ptr, values). In the simulated runtime the call is made after some virtual time.
template <typename Function>
Task<std::invoke_result_t<std::decay_t<Function>&>> blocking(Function function) {
  auto call = std::make_shared<detail::BlockingCall<Function>>(std::move(function));
  detail::Event& done = detail::BlockingCall<Function>::start(detail::this_thread().current->scheduler(), call);
  co_await done;
  co_return call->result();
}

}  // namespace understudy
