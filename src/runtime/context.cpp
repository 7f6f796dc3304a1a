#include "understudy/runtime/detail/context.hpp"

#include "understudy/runtime/detail/frame_pool.hpp"
#include "understudy/runtime/detail/scheduler.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace understudy::detail {

const char* name_of(Wait::Kind kind) noexcept {
  switch (kind) {
    case Wait::Kind::event:
      return "an event";
    case Wait::Kind::timer:
      return "a timer";
    case Wait::Kind::socket:
      return "a socket";
    case Wait::Kind::blocking:
      return "a blocking call";
    case Wait::Kind::message:
      return "a message";
    case Wait::Kind::room:
      return "room in a mailbox";
    case Wait::Kind::answer:
      return "an answer";
  }
  return "something unknown";
}

void Context::pause() noexcept {
#if defined(__x86_64__)
  _mm_pause();
#endif
}

ContextExtras& Context::make_extras() {
  if (!has_extras_) {
    const auto address = reinterpret_cast<std::uintptr_t>(new (allocate_block(sizeof(ContextExtras))) ContextExtras);
    extras_high_ = static_cast<std::uint16_t>(address >> 32U);
    extras_low_ = static_cast<std::uint32_t>(address);
    has_extras_ = true;
  }
  return *extras();
}

void Context::drop_extras() noexcept { free_block(extras(), sizeof(ContextExtras)); }

void Context::schedule() noexcept { scheduler_->schedule(*this); }

bool Context::resume() noexcept {
  ThreadState& thread = this_thread();
  thread.current = this;
  thread.root_finished = false;
  std::coroutine_handle<> next = resume_point_;
  do {
    thread.next_resume = nullptr;
    next.resume();
    next = thread.next_resume;
  } while (next);
  thread.current = nullptr;
  return thread.root_finished;
}

void Context::request_kill() noexcept {
  mark_killed();
  scheduler_->heavy_fence();
  take_down();
}

void Context::take_down() noexcept {
  bool claimed = false;
  with_suspension([&](Suspension& suspension) { claimed = suspension.claim(); });
  if (claimed) schedule();
}

}  // namespace understudy::detail
