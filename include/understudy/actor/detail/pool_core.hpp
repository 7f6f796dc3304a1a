// The inside of a Pool, which does not depend on its messages: which worker is next, when to grow, when to shrink.
//
// All workers exist from the beginning, asleep: without a frame, each with its mailbox. The first `active` of them are
// sent messages. So growing is one number, and a message that was on its way to a worker as the pool shrank wakes that
// worker again: nothing has to be drained, handed over or refused.
#pragma once

#include "understudy/actor/detail/sleeper.hpp"
#include "understudy/base/detail/atomic.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace understudy {

/// How a Pool is set up.
struct PoolOptions {
  std::uint32_t min = 1;      ///< Workers that stay, at least 1.
  std::uint32_t max = 8;      ///< Workers at the most; at least `min`.
  std::uint32_t grow_at = 8;  ///< One more is used when the least loaded has more than this waiting and in hand.
  Duration idle_after = std::chrono::seconds(1);  ///< One that has had nothing to do for so long goes to sleep.
  SpawnOptions worker = {};                       ///< Each worker's mailbox, restarts and cutoff.
};

/// What a Pool has done. Each number is recent by itself.
struct PoolStatistics {
  std::uint32_t active = 0;   ///< Workers that messages are sent to.
  std::uint32_t awake = 0;    ///< Workers that run, or wait for a message; the others hold no frame.
  std::uint64_t grown = 0;    ///< How often it took one more.
  std::uint64_t shrunk = 0;   ///< How often it put one to sleep.
  std::uint64_t handled = 0;  ///< Messages taken by workers.
  std::size_t waiting = 0;    ///< Messages that wait in all mailboxes.
};

namespace detail {

/// Threads: any, but set_workers.
class PoolCore : public std::enable_shared_from_this<PoolCore> {
 public:
  PoolCore(Scheduler& scheduler, const PoolOptions& options);
  PoolCore(const PoolCore&) = delete;
  PoolCore& operator=(const PoolCore&) = delete;
  ~PoolCore() = default;

  /// Once, before the first message.
  void set_workers(std::vector<CellPointer> workers);
  /// The worker for the next message: the least loaded, or a new one. One that has stopped only if all have.
  [[nodiscard]] ActorCell& choose() noexcept;
  [[nodiscard]] PoolStatistics statistics() const;
  [[nodiscard]] const PoolOptions& options() const noexcept { return options_; }

  /// A worker's life.
  class Life {
   public:
    explicit Life(PoolCore& pool) noexcept : pool_(pool) { pool_.awake_.fetch_add(1, std::memory_order_relaxed); }
    Life(const Life&) = delete;
    Life& operator=(const Life&) = delete;
    ~Life() { pool_.awake_.fetch_sub(1, std::memory_order_relaxed); }

   private:
    PoolCore& pool_;
  };

  Sweeper& sweeper() noexcept { return sweeper_; }
  [[nodiscard]] Duration sweep_period() const noexcept { return period_; }
  /// Puts workers to sleep that have been idle for long enough. True while there are some to look for.
  bool sweep() noexcept;

 private:
  struct Seen {  // The sweeper's alone.
    std::uint64_t handled = 0;
    Duration idle{0};
  };
  [[nodiscard]] bool is_idle(std::uint32_t index) noexcept;

  const PoolOptions options_;
  const Duration period_;
  std::vector<CellPointer> workers_;
  std::vector<Seen> seen_;
  // A number that senders read and raise, and the sweeper lowers: relaxed, for the workers it counts never change.
  Atomic<std::uint32_t> active_;
  // Counters to show: relaxed.
  Atomic<std::uint32_t> awake_{0};
  Atomic<std::uint64_t> grown_{0};
  Atomic<std::uint64_t> shrunk_{0};
  Sweeper sweeper_;
};

}  // namespace detail
}  // namespace understudy
