// Fiber: a stack of its own that can be switched to, on one thread; as the sanitizers want to be told of it. The
// threads of a simulation are such stacks, and those of the model tests.
#pragma once

#include <csetjmp>
#include <cstddef>
#include <cstdlib>
#include <utility>

#include <sys/mman.h>
#include <ucontext.h>

#if defined(__SANITIZE_THREAD__)
#define UNDERSTUDY_FIBERS_TSAN 1
#elif defined(__SANITIZE_ADDRESS__)
#define UNDERSTUDY_FIBERS_ASAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define UNDERSTUDY_FIBERS_TSAN 1
#elif __has_feature(address_sanitizer)
#define UNDERSTUDY_FIBERS_ASAN 1
#endif
#endif
#if defined(UNDERSTUDY_FIBERS_TSAN)
#include <sanitizer/tsan_interface.h>
#elif defined(UNDERSTUDY_FIBERS_ASAN)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

namespace understudy::simulation {

/// Memory for a stack: only what is touched costs any, and running off its end is a fault at once.
class FiberStack {
 public:
  FiberStack() = default;
  explicit FiberStack(std::size_t bytes) : bytes_(bytes) {
    void* const mapped = mmap(nullptr, guard_bytes + bytes_, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    if (mapped == MAP_FAILED || mprotect(mapped, guard_bytes, PROT_NONE) != 0) std::abort();
    mapped_ = static_cast<std::byte*>(mapped);
  }
  FiberStack(const FiberStack&) = delete;
  FiberStack& operator=(const FiberStack&) = delete;
  ~FiberStack() {
    if (mapped_ == nullptr) return;
#if defined(UNDERSTUDY_FIBERS_ASAN)
    // What its frames have marked, which were not left, would be found by whoever gets this place next.
    __asan_unpoison_memory_region(bottom(), bytes_);
#endif
    munmap(mapped_, guard_bytes + bytes_);
  }
  [[nodiscard]] explicit operator bool() const noexcept { return mapped_ != nullptr; }
  [[nodiscard]] std::byte* bottom() const noexcept { return mapped_ + guard_bytes; }
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

 private:
  static constexpr std::size_t guard_bytes = std::size_t{64} << 10U;  // Of any page size.
  std::byte* mapped_ = nullptr;
  std::size_t bytes_ = 0;
};

/// A stack that can be switched to. One that is made without a body stands for the stack that its maker runs on.
class Fiber {
 public:
  /// Whether switching takes a system call or more.
#if defined(UNDERSTUDY_FIBERS_TSAN) || defined(UNDERSTUDY_FIBERS_ASAN)
  static constexpr bool is_slow = true;
#else
  static constexpr bool is_slow = false;
#endif

  // Its places to come back to are written as it is left.
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-member-init)
  Fiber() {
#ifdef UNDERSTUDY_FIBERS_TSAN
    tsan_ = __tsan_get_current_fiber();
#endif
  }
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-member-init)
  Fiber(void (*body)(), std::size_t stack_bytes) : stack_(stack_bytes), fresh_(true) {
    getcontext(&context_);
    context_.uc_stack.ss_sp = stack_.bottom();
    context_.uc_stack.ss_size = stack_.bytes();
    context_.uc_link = nullptr;
    makecontext(&context_, body, 0);
#ifdef UNDERSTUDY_FIBERS_TSAN
    tsan_ = __tsan_create_fiber(0);
#endif
  }
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;
  ~Fiber() {
#ifdef UNDERSTUDY_FIBERS_TSAN
    if (stack_) __tsan_destroy_fiber(tsan_);
#endif
  }

  /// Whether it has a body that has not begun.
  [[nodiscard]] bool is_fresh() const noexcept { return fresh_; }
  /// Leaves this stack, on which the caller runs, for `to`. Returns when somebody switches back.
  void switch_to(Fiber& to) {
    [[maybe_unused]] const bool begins = std::exchange(to.fresh_, false);
#if defined(UNDERSTUDY_FIBERS_TSAN)
    __tsan_switch_to_fiber(to.tsan_, 0);
    swapcontext(&context_, &to.context_);
#elif defined(UNDERSTUDY_FIBERS_ASAN)
    void* fake = nullptr;
    to.from_ = this;
    __sanitizer_start_switch_fiber(&fake, to.bottom_ != nullptr ? to.bottom_ : to.stack_.bottom(),
                                   to.bottom_ != nullptr ? to.bytes_ : to.stack_.bytes());
    swapcontext(&context_, &to.context_);
    arrived(fake);
#elif defined(__USE_FORTIFY_LEVEL) && __USE_FORTIFY_LEVEL > 0
    // There longjmp takes another stack for a mistake.
    swapcontext(&context_, &to.context_);
#else
    // swapcontext makes a system call each time; the first entry apart, this does not.
    if (_setjmp(jump_) == 0) {
      if (begins) setcontext(&to.context_);
      _longjmp(to.jump_, 1);
    }
#endif
  }
  /// First thing on a new stack.
  void arrived([[maybe_unused]] void* fake = nullptr) {
#ifdef UNDERSTUDY_FIBERS_ASAN
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
  ucontext_t context_;
  [[maybe_unused]] std::jmp_buf jump_;
  FiberStack stack_;
  [[maybe_unused]] bool fresh_ = false;
  [[maybe_unused]] void* tsan_ = nullptr;
  [[maybe_unused]] Fiber* from_ = nullptr;
  [[maybe_unused]] const void* bottom_ = nullptr;
  [[maybe_unused]] std::size_t bytes_ = 0;
};

}  // namespace understudy::simulation
