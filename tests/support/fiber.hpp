// Fiber: a stack of its own that can be switched to, on one thread; as the sanitizers want to be told of it.
#pragma once

#include <csetjmp>
#include <cstddef>
#include <memory>
#include <utility>

#include <ucontext.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define UNDERSTUDY_TEST_FIBERS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define UNDERSTUDY_TEST_FIBERS 1
#endif
#endif
#ifdef UNDERSTUDY_TEST_FIBERS
#if defined(__SANITIZE_THREAD__) || (defined(__has_feature) && __has_feature(thread_sanitizer))
#define UNDERSTUDY_TEST_TSAN 1
#include <sanitizer/tsan_interface.h>
#else
#include <sanitizer/common_interface_defs.h>
#endif
#endif

namespace understudy::test::interleavings {

/// Whether switching takes a system call or more.
#ifdef UNDERSTUDY_TEST_FIBERS
inline constexpr bool is_slow = true;
#else
inline constexpr bool is_slow = false;
#endif

/// A stack that can be switched to. One that is made without a body stands for the thread that runs now.
class Fiber {
 public:
  Fiber() {
#ifdef UNDERSTUDY_TEST_TSAN
    tsan_ = __tsan_get_current_fiber();
#endif
  }
  explicit Fiber(void (*body)()) : stack_(std::make_unique<std::byte[]>(stack_bytes)), fresh_(true) {
    getcontext(&context_);
    context_.uc_stack.ss_sp = stack_.get();
    context_.uc_stack.ss_size = stack_bytes;
    context_.uc_link = nullptr;
    makecontext(&context_, body, 0);
#ifdef UNDERSTUDY_TEST_TSAN
    tsan_ = __tsan_create_fiber(0);
#endif
  }
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;
  ~Fiber() {
#ifdef UNDERSTUDY_TEST_TSAN
    if (stack_) __tsan_destroy_fiber(tsan_);
#endif
  }

  /// Leaves this stack, on which the caller runs, for `to`. Returns when somebody switches back.
  void switch_to(Fiber& to) {
#if defined(UNDERSTUDY_TEST_TSAN)
    __tsan_switch_to_fiber(to.tsan_, 0);
    swapcontext(&context_, &to.context_);
#elif defined(UNDERSTUDY_TEST_FIBERS)
    void* fake = nullptr;
    to.from_ = this;
    __sanitizer_start_switch_fiber(&fake, to.bottom_ != nullptr ? to.bottom_ : to.stack_.get(),
                                   to.bottom_ != nullptr ? to.bytes_ : stack_bytes);
    swapcontext(&context_, &to.context_);
    arrived(fake);
#else
    // swapcontext makes a system call each time; the first entry apart, this does not.
    if (_setjmp(jump_) == 0) {
      if (std::exchange(to.fresh_, false)) setcontext(&to.context_);
      _longjmp(to.jump_, 1);
    }
#endif
  }
  /// First thing on a new stack.
  void arrived([[maybe_unused]] void* fake = nullptr) {
#if defined(UNDERSTUDY_TEST_FIBERS) && !defined(UNDERSTUDY_TEST_TSAN)
    const void* bottom = nullptr;
    std::size_t bytes = 0;
    __sanitizer_finish_switch_fiber(fake, &bottom, &bytes);
    if (from_ != nullptr && !from_->stack_) {
      from_->bottom_ = bottom;
      from_->bytes_ = bytes;
    }
#endif
  }

 private:
  static constexpr std::size_t stack_bytes = 128 * 1024;
  ucontext_t context_{};
  [[maybe_unused]] std::jmp_buf jump_{};
  std::unique_ptr<std::byte[]> stack_;
  [[maybe_unused]] bool fresh_ = false;
  [[maybe_unused]] void* tsan_ = nullptr;
  [[maybe_unused]] Fiber* from_ = nullptr;
  [[maybe_unused]] const void* bottom_ = nullptr;
  [[maybe_unused]] std::size_t bytes_ = 0;
};

}  // namespace understudy::test::interleavings
