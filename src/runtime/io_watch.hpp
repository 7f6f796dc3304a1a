// IoWatch: somebody who looks now and then, on the control thread, for as long as there is something to look for.
//
// It is woken by those who do what may need a look, and looks every interval from then on, together with others whose
// intervals are multiples of its own (rounds.hpp); when a look says that there is nothing left, and nobody has come
// meanwhile, it looks no more: an idle system wakes nobody.
#pragma once

#include "runtime/io_loop.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>

namespace understudy::detail {

class IoWatch final : private Timer {
 public:
  /// `look(any)` looks, on the control thread; `any`: somebody has called `note` since the look before. False: there is
  /// nothing left to look for.
  IoWatch(IoLoop& control, std::chrono::milliseconds interval, std::function<bool(bool any)> look)
      : control_(control), interval_(interval), look_(std::move(look)) {}
  IoWatch(const IoWatch&) = delete;
  IoWatch& operator=(const IoWatch&) = delete;
  /// The control thread has ended.
  ~IoWatch() { control_.timers().cancel(*this); }

  /// From the next look on. Any thread.
  void look_every(std::chrono::milliseconds interval);
  /// There is something to look for, in an interval's time at the latest. Any thread.
  void note() noexcept {
    // A write and then a look at what the other side writes before it looks at this one's (Dekker's pattern). All of
    // these accesses have one order that everybody agrees on, so one of the two sees the other.
    notes_.fetch_add(1, std::memory_order_seq_cst);
    if (!looking_.load(std::memory_order_seq_cst)) begin();
  }

 private:
  void fire() noexcept override;
  void begin() noexcept;
  void look_later() noexcept;
  void look();

  IoLoop& control_;
  std::chrono::milliseconds interval_;  // The control thread only, after construction.
  const std::function<bool(bool)> look_;
  std::atomic<std::uint64_t> notes_{0};
  // Set by who notes something, cleared by the control thread; `notes_` is read after clearing.
  std::atomic<bool> looking_{false};
  std::uint64_t notes_seen_ = 0;  // The control thread only.
};

}  // namespace understudy::detail
