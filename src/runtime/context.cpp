#include "understudy/runtime/detail/context.hpp"

#include "understudy/runtime/detail/scheduler.hpp"
#include "understudy/runtime/detail/spin_lock.hpp"

#include <array>
#include <memory>
#include <unordered_map>

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
  // A visitor stays for some microseconds, or, as one of many that are cancelled, some milliseconds.
  for (std::uint64_t round = 0; visitors_.load(std::memory_order_acquire) != 0; ++round) wait_a_little(round);
}

namespace {

/// The extras of tasks, by their address: few have some.
struct ExtrasShard {
  SpinLock lock;
  std::unordered_map<const Context*, std::unique_ptr<ContextExtras>> all;
};
ExtrasShard& shard_of(const Context* context) noexcept {
  static std::array<ExtrasShard, 64> shards;
  return shards[(reinterpret_cast<std::uintptr_t>(context) / 64) % shards.size()];
}

}  // namespace

ContextExtras& Context::find_extras() const noexcept {
  ExtrasShard& shard = shard_of(this);
  const SpinGuard guard(shard.lock);
  return *shard.all.find(this)->second;
}

ContextExtras& Context::add_extras() {
  auto extras = std::make_unique<ContextExtras>();
  ExtrasShard& shard = shard_of(this);
  const SpinGuard guard(shard.lock);
  return *(shard.all[this] = std::move(extras));
}

ContextExtras& Context::make_extras() {
  if (has_extras_) return find_extras();
  ContextExtras& extras = add_extras();
  has_extras_ = true;
  return extras;
}

// An actor's are gone by now, and not in the table.
void Context::drop_extras() noexcept {
  ExtrasShard& shard = shard_of(this);
  const SpinGuard guard(shard.lock);
  shard.all.erase(this);
}

void Context::schedule_elsewhere() noexcept {
  // A fenced thread has been told so here, and is no worker any more: what it makes ready goes to the others.
  const LibraryCall call;
  scheduler_->schedule(*this);
}

namespace {
/// Out of line: most often a context suspends.
[[gnu::noinline]] bool root_is_ours(ThreadState& thread) noexcept {
  thread.user_code.store(nullptr, std::memory_order_relaxed);
  return !is_fenced(thread);
}
}  // namespace

bool Context::resume() noexcept {
  ThreadState& thread = this_thread();
  thread.current = this;
  thread.root_finished = false;
  std::coroutine_handle<> next = resume_point_;
  thread.user_code.store(this, std::memory_order_release);
  do {
    thread.next_resume = nullptr;
    next.resume();
    next = thread.next_resume;
  } while (next);
  thread.current = nullptr;
  // If it has suspended, by `publish`, this has been the library since.
  return thread.root_finished && root_is_ours(thread);
}

void Context::yield_turn(std::coroutine_handle<> resume_at, Suspension& suspension) noexcept {
  static_cast<void>(publish(resume_at, suspension));
  armed();
  if (!is_fenced(this_thread())) scheduler_->schedule_behind(*this);
}

void Context::yield_to(Context& first, std::coroutine_handle<> resume_at, Suspension& suspension) noexcept {
  static_cast<void>(publish(resume_at, suspension));
  armed();
  ThreadState& thread = this_thread();
  if (is_fenced(thread)) [[unlikely]] {
    first.schedule();
  } else if (thread.hand_offs_left != 0 && thread.hand_off == nullptr && thread.then == nullptr && home_ == 0) {
    thread.hand_off = &first;
    thread.then = this;
  } else {
    scheduler_->schedule_before(first, *this);
  }
}

void Context::take_down() noexcept {
  finish_visit([](Suspension& suspension) { return suspension.claim(); });
}

void Context::request_kill() noexcept {
  mark_killed();
  scheduler_->heavy_fence();
  take_down();
}

}  // namespace understudy::detail
