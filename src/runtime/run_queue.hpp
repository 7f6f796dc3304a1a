// The contexts that are ready on one worker: first in, first out, under a spin lock, so that other workers can take
// from it. The lock is held for a few instructions and, but for thieves, by one thread.
//
// Contexts stand in *chains* of up to 32, linked by `next_ready`; the queue is a ring of chains. A thief takes whole
// chains, so it touches none of the contexts under the lock: they lie in another processor's cache, or in memory.
#pragma once

#include "understudy/base/detail/atomic.hpp"
#include "understudy/base/detail/prefetch.hpp"
#include "understudy/runtime/detail/context.hpp"
#include "understudy/runtime/detail/spin_lock.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>

namespace understudy::detail {

class RunQueue {
 public:
  static constexpr std::uint32_t chain_max = 32;
  /// Chains that a thief takes at most.
  static constexpr std::uint32_t stolen_chains_max = 4;

  /// Adds `context` at the end. True if the queue was empty: those who sleep must hear of it; otherwise they have, or
  /// have looked into it since. Constant time, amortized.
  bool push(Context& context) noexcept {
    context.next_ready = nullptr;
    const SpinGuard guard(lock_);
    if (last_ != nullptr && chain_at(chains_ - 1).count < chain_max) {
      last_->next_ready = &context;
      ++chain_at(chains_ - 1).count;
    } else {
      begin_chain(context);
    }
    last_ = &context;
    return add_size(1);
  }
  Context* pop() noexcept {
    if (empty()) return nullptr;
    const SpinGuard guard(lock_);
    return pop_locked();
  }
  /// Moves up to half of the chains (of a single one, half of it) to `thief`, and returns one context more, to run at
  /// once; null if there is none.
  Context* steal_into(RunQueue& thief) noexcept;

  /// A hint for other threads; exact for contexts that the calling thread pushed.
  [[nodiscard]] bool empty() const noexcept { return size_.load(std::memory_order_relaxed) == 0; }

 private:
  struct Chain {
    Context* first = nullptr;
    std::uint32_t count = 0;
  };

  Chain& chain_at(std::uint32_t place) noexcept { return ring_[(begin_ + place) & (room_ - 1)]; }
  void begin_chain(Context& context) noexcept;
  void append_to_last(Context& context) noexcept;
  void take_over(Chain* chains, std::uint32_t count) noexcept;
  bool grow() noexcept;
  Context* pop_locked() noexcept {
    if (chains_ == 0) return nullptr;
    Chain& chain = chain_at(0);
    Context* taken = chain.first;
    chain.first = taken->next_ready;
    if (--chain.count == 0) {
      begin_ = (begin_ + 1) & (room_ - 1);
      if (--chains_ == 0) last_ = nullptr;
    } else {
      fetch_ahead(*chain.first);
    }
    size_.store(size_.load(std::memory_order_relaxed) - 1, std::memory_order_relaxed);
    return taken;
  }
  bool add_size(std::size_t count) noexcept {
    const std::size_t before = size_.load(std::memory_order_relaxed);
    size_.store(before + count, std::memory_order_relaxed);
    return before == 0;
  }
  /// Contexts and their frames may lie in memory, or in another processor's cache: fetches what `next` will go on with,
  /// and the context after it, while others run. `next` itself was fetched one pop ago.
  static void fetch_ahead(const Context& next) noexcept {
    prefetch<3>(next.resume_point().address());
    prefetch<2>(next.next_ready);
  }

  SpinLock lock_;
  std::uint32_t begin_ = 0;
  std::uint32_t chains_ = 0;
  std::uint32_t room_ = 0;  // A power of two, or none yet.
  std::unique_ptr<Chain[]> ring_;
  Context* last_ = nullptr;  // Of the last chain; null: it takes no more.
  // Written under the lock; read without it to skip empty queues. Parking orders that read by a fence (parking.hpp).
  Atomic<std::size_t> size_{0};
};

}  // namespace understudy::detail
