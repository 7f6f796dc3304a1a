#include "runtime/run_queue.hpp"

#include <algorithm>
#include <array>
#include <exception>
#include <new>
#include <utility>

namespace understudy::detail {

bool RunQueue::grow() noexcept {
  const std::uint32_t room = room_ == 0 ? 8 : 2 * room_;
  std::unique_ptr<Chain[]> ring(new (std::nothrow) Chain[room]);
  if (!ring) return false;
  for (std::uint32_t i = 0; i < chains_; ++i) ring[i] = chain_at(i);
  ring_ = std::move(ring);
  room_ = room;
  begin_ = 0;
  return true;
}

void RunQueue::begin_chain(Context& context) noexcept {
  if (chains_ == room_ && !grow()) {
    append_to_last(context);
    return;
  }
  chain_at(chains_++) = {&context, 1};
}

/// Without memory for another chain: the last one grows beyond its limit.
void RunQueue::append_to_last(Context& context) noexcept {
  if (chains_ == 0) std::terminate();  // Not even room for one chain: the worker could never run anything.
  Chain& chain = chain_at(chains_ - 1);
  Context* last = last_ != nullptr ? last_ : chain.first;
  while (last->next_ready != nullptr) last = last->next_ready;
  last->next_ready = &context;
  ++chain.count;
}

Context* RunQueue::steal_into(RunQueue& thief) noexcept {
  std::array<Chain, stolen_chains_max> taken{};
  std::uint32_t count = 0;
  {
    const SpinGuard guard(lock_);
    if (chains_ == 0) return nullptr;
    if (chains_ == 1) {
      // Half of it; the rest stays.
      Chain& chain = chain_at(0);
      const std::uint32_t wanted = (chain.count + 1) / 2;
      Context* end = chain.first;
      for (std::uint32_t i = 1; i < wanted; ++i) end = end->next_ready;
      taken[count++] = {chain.first, wanted};
      chain.first = std::exchange(end->next_ready, nullptr);
      chain.count -= wanted;
      if (chain.count == 0) {
        chains_ = 0;
        last_ = nullptr;
      }
    } else {
      for (const std::uint32_t wanted = std::min(chains_ / 2, stolen_chains_max); count < wanted; --chains_) {
        taken[count++] = chain_at(0);
        begin_ = (begin_ + 1) & (room_ - 1);
      }
    }
    std::size_t contexts = 0;
    for (const Chain& chain : taken) contexts += chain.count;
    size_.store(size_.load(std::memory_order_relaxed) - contexts, std::memory_order_relaxed);
  }
  Context* first = taken[0].first;
  taken[0].first = first->next_ready;
  --taken[0].count;
  thief.take_over(taken.data(), count);
  return first;
}

void RunQueue::take_over(Chain* chains, std::uint32_t count) noexcept {
  const SpinGuard guard(lock_);
  for (std::uint32_t i = 0; i < count; ++i) {
    if (chains[i].count == 0) continue;
    static_cast<void>(add_size(chains[i].count));
    if (chains_ < room_ || grow()) {
      chain_at(chains_++) = chains[i];
      last_ = nullptr;  // Where the chain ends is not known.
    } else {
      const std::uint32_t before = chains[i].count;
      append_to_last(*chains[i].first);
      chain_at(chains_ - 1).count += before - 1;
      last_ = nullptr;
    }
  }
}

}  // namespace understudy::detail
