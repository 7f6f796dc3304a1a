#include "runtime/io_watch.hpp"

#include "understudy/base/detail/rounds.hpp"

#include <boost/asio/post.hpp>

namespace understudy::detail {

void IoWatch::look_every(std::chrono::milliseconds interval) {
  boost::asio::post(control_.context(), [this, interval] { interval_ = interval; });
}

void IoWatch::begin() noexcept {
  if (looking_.exchange(true, std::memory_order_seq_cst)) return;
  boost::asio::post(control_.context(), [this] { look_later(); });
}

void IoWatch::look_later() noexcept { control_.start_timer(*this, next_round(control_.clock().now(), interval_)); }

// Timers may not be started while they fire.
void IoWatch::fire() noexcept {
  boost::asio::post(control_.context(), [this] { look(); });
}

void IoWatch::look() {
  const std::uint64_t notes = notes_.load(std::memory_order_acquire);  // What was there to look for is seen.
  const bool any = notes != notes_seen_;
  notes_seen_ = notes;
  if (look_(any)) {
    look_later();
    return;
  }
  looking_.store(false, std::memory_order_seq_cst);
  if (notes_.load(std::memory_order_seq_cst) != notes_seen_) begin();
}

}  // namespace understudy::detail
