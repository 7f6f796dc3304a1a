// The contexts that are ready on one worker: first in, first out, under a spin lock, so that other workers can take
// from it. The lock is held for a few instructions and, but for thieves, by one thread.
#pragma once

#include "understudy/runtime/detail/context.hpp"
#include "understudy/runtime/detail/spin_lock.hpp"

#include <atomic>
#include <cstddef>

namespace understudy::detail {

/// A chain of contexts linked by `next_ready`. Not thread-safe.
class ContextList {
 public:
  void push(Context& context) noexcept {
    context.next_ready = nullptr;
    if (last_ == nullptr) {
      first_ = &context;
    } else {
      last_->next_ready = &context;
    }
    last_ = &context;
    ++size_;
  }
  Context* pop() noexcept {
    Context* taken = first_;
    if (taken == nullptr) return nullptr;
    first_ = taken->next_ready;
    if (first_ == nullptr) last_ = nullptr;
    --size_;
    return taken;
  }
  [[nodiscard]] const Context* first() const noexcept { return first_; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

 private:
  Context* first_ = nullptr;
  Context* last_ = nullptr;
  std::size_t size_ = 0;
};

class RunQueue {
 public:
  void push(Context& context) noexcept {
    const SpinGuard guard(lock_);
    list_.push(context);
    size_.store(list_.size(), std::memory_order_relaxed);
  }
  Context* pop() noexcept {
    if (empty()) return nullptr;
    const SpinGuard guard(lock_);
    Context* taken = list_.pop();
    size_.store(list_.size(), std::memory_order_relaxed);
    if (const Context* next = list_.first()) fetch_frame(*next);
    return taken;
  }
  /// Moves up to half of the contexts, at most `limit`, to `thief`, and returns one more to run at once.
  Context* steal_into(RunQueue& thief, std::size_t limit) noexcept {
    ContextList taken;
    Context* first = nullptr;
    {
      const SpinGuard guard(lock_);
      std::size_t count = (list_.size() + 1) / 2;
      if (count > limit) count = limit;
      if (count > 0) first = list_.pop();
      while (taken.size() + 1 < count) taken.push(*list_.pop());
      size_.store(list_.size(), std::memory_order_relaxed);
    }
    while (Context* context = taken.pop()) thief.push(*context);
    return first;
  }
  /// A hint for other threads; exact for contexts that the calling thread pushed.
  [[nodiscard]] bool empty() const noexcept { return size_.load(std::memory_order_relaxed) == 0; }

 private:
  /// What `next` will go on with may lie in memory, or in another processor's cache: fetch it while others run.
  static void fetch_frame(const Context& next) noexcept {
    const auto* frame = static_cast<const std::byte*>(next.resume_point().address());
    __builtin_prefetch(frame, 1);
    __builtin_prefetch(frame + 64, 1);
  }

  SpinLock lock_;
  ContextList list_;
  // Written under the lock; read without it to skip empty queues. Parking orders that read by a fence (parking.hpp).
  std::atomic<std::size_t> size_{0};
};

}  // namespace understudy::detail
