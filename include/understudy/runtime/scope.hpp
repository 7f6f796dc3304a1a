// Scopes: tasks that do not outlive the coroutine that started them.
//
//     auto body = [&](us::Scope& scope) -> us::Task<> {
//       scope.spawn(read_from(socket, state));
//       scope.spawn(write_to(socket, state));
//       co_return;
//     };
//     co_await us::scope(std::move(body));                  // both have ended
//
// `us::scope` runs `body`, and ends when body and all tasks have ended, however they do:
//   - they return: so does it, with what the body gave;
//   - an exception leaves one of them, or the body: the other tasks are cancelled, and it is thrown again here. Further
//     exceptions are logged. The body, which runs in the caller, is not cancelled: it learns of it by `join` or
//     `failed`;
//   - the caller is destroyed where it waits (a reset, a cancel, a shutdown): first the tasks are, then its own frames.
// So tasks may refer to anything that outlives the scope; but not to what lives in the body, unless that joins them.
//
// What a task needs to end is to suspend: one that computes, or blocks its thread, holds its scope up. Tasks of an
// actor are not the actor: they run beside it, on any worker.
#pragma once

#include "understudy/runtime/task_group.hpp"
#include "understudy/runtime/wait.hpp"

#include <exception>
#include <optional>
#include <type_traits>
#include <variant>

namespace understudy {
namespace detail {

/// A group of tasks that belongs to the running context: it ends before the frame in which this lives.
class OpenScope {
 public:
  OpenScope() : context_(*this_thread().current), core_(new TaskGroupCore(context_.scheduler(), true)) {
    const LibraryCall call;
    if (call.fenced()) return;  // The context is its successor's: nothing of this one is entered there.
    ContextExtras& extras = context_.make_extras();
    core_->outer_ = extras.scopes;
    extras.scopes = core_;
  }
  OpenScope(const OpenScope&) = delete;
  OpenScope& operator=(const OpenScope&) = delete;
  ~OpenScope() {
    // Scopes of one context nest as its frames do. Those of an incarnation that was taken from its thread have gone.
    const LibraryCall call;
    if (!call.fenced()) context_.make_extras().scopes = core_->outer_;
    core_->release();
  }

  [[nodiscard]] TaskGroupCore& core() const noexcept { return *core_; }
  void spawn(Task<> task) { core_->spawn(std::move(task), inherited_deadline()); }
  /// Waits until no task runs.
  [[nodiscard]] Task<> ended() {
    struct Waiter {
      explicit Waiter(TaskGroupCore& group) : core(group) { core.notify_when_empty(event); }
      Waiter(const Waiter&) = delete;
      Waiter& operator=(const Waiter&) = delete;
      ~Waiter() { core.forget_waiter(); }
      TaskGroupCore& core;
      Event event;
    };
    Waiter waiter(*core_);
    co_await waiter.event;
  }
  void rethrow() const {
    if (const std::exception_ptr failure = core_->failure()) std::rethrow_exception(failure);
  }

 private:
  Context& context_;
  TaskGroupCore* core_;
};

/// Tasks that were refused because their system shuts down leave nothing to go on with: whoever wants it is destroyed
/// here, in a moment.
inline Task<> until_killed() {
  Event never;
  co_await never;
}

}  // namespace detail

/// The tasks of one `us::scope`. Threads: any task of the scope, or its body, one at a time.
class Scope {
 public:
  explicit Scope(detail::OpenScope& open) noexcept : open_(open) {}
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

  /// Starts `task` on a worker. After a failure it is destroyed before it begins. Inherits the deadline of the work
  /// that the caller has in hand. Constant time.
  void spawn(Task<> task) { open_.spawn(std::move(task)); }
  /// The same, but lets the task run before the caller goes on: `co_await scope.spawn_now(task)`. See
  /// TaskGroup::spawn_now.
  [[nodiscard]] detail::SpawnNow spawn_now(Task<> task) noexcept { return {open_.core(), std::move(task)}; }
  /// As `spawn`, with a handle by which the task can be stopped alone.
  [[nodiscard("spawn starts a task without a handle")]] TaskHandle spawn_with_handle(Task<> task) {
    return {open_.core(), std::move(task), detail::inherited_deadline()};
  }
  /// Asks every task to end at its next suspension. Returns at once; more may be spawned.
  void cancel() noexcept { open_.core().cancel(); }
  /// Waits until no task runs; throws what the first failed one threw. In the body, one at a time.
  [[nodiscard]] Task<> join() {
    co_await open_.ended();
    open_.rethrow();
  }
  /// True once an exception has left a task: the others are being cancelled.
  [[nodiscard]] bool failed() const noexcept { return open_.core().failure() != nullptr; }
  /// Tasks that have not ended.
  [[nodiscard]] std::size_t size() const noexcept { return open_.core().size(); }

 private:
  detail::OpenScope& open_;
};

/// Runs `body(Scope&)`, a Task<T>, in the calling coroutine; ends when it and all tasks of the scope have ended
/// (above), and gives what the body gave. In a coroutine of a System. Some hundred nanoseconds.
template <typename Body>
Task<detail::Awaited<std::invoke_result_t<Body&, Scope&>>> scope(Body body) {
  using T = detail::Awaited<std::invoke_result_t<Body&, Scope&>>;
  detail::OpenScope open;
  Scope tasks(open);
  std::optional<std::conditional_t<std::is_void_v<T>, std::monostate, T>> result;
  try {
    if constexpr (std::is_void_v<T>) {
      co_await body(tasks);
      result.emplace();
    } else {
      result.emplace(co_await body(tasks));
    }
  } catch (...) {
    // If a task has failed before, this is what came of it: the task's exception is the one to throw.
    static_cast<void>(open.core().fail(std::current_exception()));
  }
  co_await open.ended();
  open.rethrow();
  if constexpr (!std::is_void_v<T>) co_return std::move(*result);
}

}  // namespace understudy
