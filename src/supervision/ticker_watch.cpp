#include "supervision/ticker_watch.hpp"

#include <utility>

namespace understudy {

TickerWatch::TickerWatch(Duration round, std::function<void()> on_halt)
    : round_(round), on_halt_(std::move(on_halt)), thread_([this] { run(); }) {}

TickerWatch::~TickerWatch() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void TickerWatch::expect_ticks(bool expected) {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(expected_, expected) == expected) return;
  }
  changed_.notify_all();
}

void TickerWatch::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return expected_ || ending_; });
    if (ending_) return;
    if (!look_on(lock)) continue;
    lock.unlock();
    on_halt_();
    return;
  }
}

bool TickerWatch::look_on(std::unique_lock<std::mutex>& lock) {
  std::uint64_t seen = ticks_.load(std::memory_order_relaxed);
  for (int silent = 0; silent < rounds_max;) {
    if (changed_.wait_for(lock, round_, [this] { return !expected_ || ending_; })) return false;
    const std::uint64_t now = ticks_.load(std::memory_order_relaxed);
    silent = now == seen ? silent + 1 : 0;
    seen = now;
  }
  return true;
}

}  // namespace understudy
