#include "runtime/io_watch.hpp"

#include <boost/asio/post.hpp>

namespace understudy::detail {

void IoWatch::look_every(std::chrono::milliseconds interval) {
  boost::asio::post(control_.context(), [this, interval] { interval_ = interval; });
}

void IoWatch::begin() noexcept {
  if (looking_.exchange(true, std::memory_order_seq_cst)) return;
  boost::asio::post(control_.context(), [this] { look_later(); });
}

void IoWatch::look_later() {
  timer_.expires_after(interval_);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) look();
  });
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
