#include "understudy/runtime/detail/context.hpp"

#include "understudy/runtime/detail/scheduler.hpp"

#include <thread>

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

void Context::wait_for_visitors() const noexcept {
  // Yields at once: a visitor stays for some microseconds, or, as one of many that are cancelled, some milliseconds.
  while (visitors_.load(std::memory_order_acquire) != 0) std::this_thread::yield();
}

void Context::schedule_elsewhere() noexcept { scheduler_->schedule(*this); }

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
  visit([&](Suspension& suspension) { claimed = suspension.claim(); });
  end_visit();
  if (claimed) schedule();
}

}  // namespace understudy::detail
