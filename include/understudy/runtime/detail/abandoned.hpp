// Abandoned: what has been taken from a thread that does not come back, and what it must still end if it does.
#pragma once

#include "understudy/runtime/detail/thread_state.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace understudy::detail {

/// How many threads have been given up, over the life of a scheduler.
struct AbandonedCounts {
  std::atomic<std::uint32_t> threads_now{0};  // Relaxed: numbers to show, and to compare with a limit.
  std::atomic<std::uint64_t> threads_ever{0};
  std::atomic<std::uint64_t> refused{0};  // Sends, replies, spawns and writes that were refused.
};

/// Shared by who takes the context from its thread, and by the thread itself. Deleted by the second to let go.
class Abandoned {
 public:
  Abandoned(const Abandoned&) = delete;
  Abandoned& operator=(const Abandoned&) = delete;

  /// On the thread, which has come back: destroys the frames that it ran, once nobody else looks at them.
  virtual void come_back() noexcept = 0;

  /// On the thread, which has come back: calls `let_go(what)` once nobody else looks at that any more, which is after
  /// `come_back`.
  void put_off(void (*let_go)(std::uint64_t what) noexcept, std::uint64_t what) noexcept {
    put_off_.push_back({.let_go = let_go, .what = what});
  }
  /// Takes back the last one for which `matches(what)`.
  template <typename Matches>
  void forget_put_off(Matches matches) noexcept {
    for (std::size_t i = put_off_.size(); i > 0; --i) {
      if (!matches(put_off_[i - 1].what)) continue;
      put_off_.erase(put_off_.begin() + static_cast<std::ptrdiff_t>(i - 1));
      return;
    }
  }
  void do_what_was_put_off() noexcept {
    for (const PutOff& each : std::exchange(put_off_, {})) each.let_go(each.what);
  }

  /// By who has taken the context: it has been, and this object says all of it. The thread waits for that.
  void release_thread() noexcept {
    ready_.store(true, std::memory_order_release);
    ready_.notify_all();
  }
  /// Whether that has happened. In a simulation, whose threads must not wait for one another: `come_back` comes after.
  [[nodiscard]] bool is_ready() const noexcept { return ready_.load(std::memory_order_acquire); }
  void let_go() noexcept {
    if (owners_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }
  void count_into(std::shared_ptr<AbandonedCounts> counts) noexcept { counts_ = std::move(counts); }
  [[nodiscard]] AbandonedCounts& counts() noexcept { return *counts_; }

  /// By `let_go`; or by its maker, if nothing was taken.
  virtual ~Abandoned() = default;

 protected:
  Abandoned() = default;
  void wait_until_ready() const noexcept { ready_.wait(false, std::memory_order_acquire); }

 private:
  struct PutOff {
    void (*let_go)(std::uint64_t) noexcept;
    std::uint64_t what;
  };
  std::vector<PutOff> put_off_;              // The thread's own.
  std::atomic<bool> ready_{false};           // Set (release) by the taker, read and awaited (acquire) by the thread.
  std::atomic<std::uint32_t> owners_{2};     // Dropped acq_rel: the last one sees all uses.
  std::shared_ptr<AbandonedCounts> counts_;  // Written before the fence is confirmed.
};

/// Takes the right to run `context` from the thread of `state`, if that runs its own code: fences it, and leaves it
/// with `abandoned`. False, and the thread goes on as before: it has let go. One at a time for each thread, which is
/// kept from ending meanwhile; not on that thread. Afterwards the thread leaves alone all of its state but what it
/// needs to find this out.
[[nodiscard]] bool fence_thread(ThreadState& state, const Context& context, Abandoned& abandoned,
                                Scheduler& scheduler) noexcept;

/// On a fenced thread, once its context has suspended or ended: ends what it was left with.
void end_what_was_left(ThreadState& state) noexcept;

}  // namespace understudy::detail
