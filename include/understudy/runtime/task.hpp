// Task<T>: a coroutine that starts when it is awaited and gives its result to the awaiter.
//
//     us::Task<int> answer() { co_return 42; }
//     us::Task<> run() { int value = co_await answer(); }
//
// A task is owned: destroying a Task destroys its frame, with the destructors of all that lives in it, at whatever
// point it is suspended, and with it the tasks it awaits. It is awaited at most once. An exception that leaves a task
// is thrown again at the awaiter. Frames come from per-thread pools.
//
// Threads: a task runs on the thread that runs its awaiter; it may resume on another worker after each suspension.
#pragma once

#include "understudy/runtime/detail/transfer.hpp"

#include <coroutine>
#include <exception>
#include <optional>
#include <utility>

namespace understudy {

template <typename T = void>
class Task;

namespace detail {

class PromiseBase {
 public:
  static void* operator new(std::size_t size) { return allocate_block(size); }
  static void operator delete(void* frame, std::size_t size) noexcept { free_frame(frame, size); }

  struct FinalAwaiter {
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    template <typename Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> ended) const noexcept {
      const std::coroutine_handle<> continuation = ended.promise().continuation_;
      if (continuation) return transfer(continuation);
      this_thread().root_finished = true;
      return std::noop_coroutine();
    }
    void await_resume() const noexcept {}
  };

  [[nodiscard]] std::suspend_always initial_suspend() const noexcept { return {}; }
  [[nodiscard]] FinalAwaiter final_suspend() const noexcept { return {}; }
  void unhandled_exception() noexcept { exception_ = std::current_exception(); }
  void continue_with(std::coroutine_handle<> continuation) noexcept { continuation_ = continuation; }
  [[nodiscard]] const std::exception_ptr& exception() const noexcept { return exception_; }

 protected:
  void rethrow() const {
    if (exception_) std::rethrow_exception(exception_);
  }

 private:
  std::coroutine_handle<> continuation_;
  std::exception_ptr exception_;
};

template <typename T>
class Promise final : public PromiseBase {
 public:
  Task<T> get_return_object() noexcept;
  template <typename Value>
  void return_value(Value&& value) {
    value_.emplace(std::forward<Value>(value));
  }
  T result() {
    rethrow();
    return std::move(*value_);
  }

 private:
  std::optional<T> value_;
};

template <>
class Promise<void> final : public PromiseBase {
 public:
  Task<void> get_return_object() noexcept;
  void return_void() const noexcept {}
  void result() const { rethrow(); }
};

}  // namespace detail

template <typename T>
class [[nodiscard]] Task {
 public:
  using promise_type = detail::Promise<T>;
  using Handle = std::coroutine_handle<promise_type>;

  Task() noexcept = default;
  explicit Task(Handle handle) noexcept : handle_(handle) {}
  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Task& operator=(Task&& other) noexcept {
    if (this != &other) {
      reset();
      handle_ = std::exchange(other.handle_, nullptr);
    }
    return *this;
  }
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;
  ~Task() { reset(); }

  /// True if it holds a coroutine.
  [[nodiscard]] explicit operator bool() const noexcept { return static_cast<bool>(handle_); }
  /// Destroys the coroutine, if any. It must not be running.
  void reset() noexcept {
    if (handle_) std::exchange(handle_, nullptr).destroy();
  }
  /// The coroutine, still owned by this object.
  [[nodiscard]] Handle handle() const noexcept { return handle_; }

  /// Runs the task; the result, or its exception, comes from `co_await`. The awaiter resumes on the thread that
  /// finished the task.
  [[nodiscard]] auto operator co_await() && noexcept {
    struct Awaiter {
      Handle task;
      [[nodiscard]] bool await_ready() const noexcept { return false; }
      std::coroutine_handle<> await_suspend(std::coroutine_handle<> awaiting) const noexcept {
        task.promise().continue_with(awaiting);
        return detail::transfer(task);
      }
      T await_resume() const { return task.promise().result(); }
    };
    return Awaiter{handle_};
  }

 private:
  Handle handle_;
};

namespace detail {
template <typename T>
Task<T> Promise<T>::get_return_object() noexcept {
  return Task<T>(std::coroutine_handle<Promise<T>>::from_promise(*this));
}
inline Task<void> Promise<void>::get_return_object() noexcept {
  return Task<void>(std::coroutine_handle<Promise<void>>::from_promise(*this));
}
}  // namespace detail

}  // namespace understudy
