#include "understudy/actor/detail/pool_core.hpp"

#include <algorithm>

namespace understudy::detail {
namespace {

PoolOptions usable(PoolOptions options) {
  options.min = std::max(options.min, 1U);
  options.max = std::max(options.max, options.min);
  return options;
}

}  // namespace

PoolCore::PoolCore(Scheduler& scheduler, const PoolOptions& options)
    : options_(usable(options)),
      period_(std::max<Duration>(options.idle_after / 4, std::chrono::microseconds(100))),
      active_(options_.min),
      sweeper_(scheduler) {}

void PoolCore::set_workers(std::vector<CellPointer> workers) {
  workers_ = std::move(workers);
  seen_.resize(workers_.size());
}

ActorCell& PoolCore::choose() noexcept {
  std::uint32_t active = active_.load(std::memory_order_relaxed);
  ActorCell* best = nullptr;
  std::size_t least = ~std::size_t{0};
  for (std::uint32_t i = 0; i < active && least > 0; ++i) {
    MailboxCore& mailbox = workers_[i]->mailbox();
    if (mailbox.closed()) continue;
    const std::size_t load = mailbox.depth() + (mailbox.sleeping() ? 0 : 1);
    if (load >= least) continue;
    least = load;
    best = workers_[i].get();
  }
  const bool full = best != nullptr && best->mailbox().depth() >= best->mailbox().capacity();
  if (best != nullptr && least <= options_.grow_at && !full) return *best;
  if (active < options_.max && active_.compare_exchange_strong(active, active + 1, std::memory_order_relaxed)) {
    grown_.fetch_add(1, std::memory_order_relaxed);
    sweeper_.start(shared_from_this());
    return *workers_[active];
  }
  return best != nullptr ? *best : *workers_.front();
}

bool PoolCore::is_idle(std::uint32_t index) noexcept {
  ActorCell& cell = *workers_[index];
  Seen& seen = seen_[index];
  const std::uint64_t handled = cell.liveness().handled.load(std::memory_order_relaxed);
  if (!cell.mailbox().sleeping() || handled != seen.handled) {
    seen.handled = handled;
    seen.idle = Duration{0};
    return false;
  }
  seen.idle += period_;
  return seen.idle >= options_.idle_after;
}

bool PoolCore::sweep() noexcept {
  std::uint32_t active = active_.load(std::memory_order_relaxed);
  bool tail = true;  // Only the last of those in use may go: the others keep their numbers.
  for (std::uint32_t i = static_cast<std::uint32_t>(workers_.size()); i-- > options_.min;) {
    if (!is_idle(i)) {
      if (i < active) tail = false;
      continue;
    }
    if (i < active) {
      if (!tail || i + 1 != active) continue;
      if (!active_.compare_exchange_strong(active, i, std::memory_order_relaxed)) {
        tail = false;
        continue;
      }
      active = i;
      shrunk_.fetch_add(1, std::memory_order_relaxed);
    }
    // One that sleeps already goes on sleeping. One that a late message woke is found here again.
    seen_[i].idle = Duration{0};
    workers_[i]->request_sleep();
  }
  return active > options_.min || awake_.load(std::memory_order_relaxed) > options_.min;
}

PoolStatistics PoolCore::statistics() const {
  PoolStatistics statistics{.active = active_.load(std::memory_order_relaxed),
                            .awake = awake_.load(std::memory_order_relaxed),
                            .grown = grown_.load(std::memory_order_relaxed),
                            .shrunk = shrunk_.load(std::memory_order_relaxed)};
  for (const CellPointer& worker : workers_) {
    statistics.handled += worker->liveness().handled.load(std::memory_order_relaxed);
    statistics.waiting += worker->mailbox().depth();
  }
  return statistics;
}

}  // namespace understudy::detail
