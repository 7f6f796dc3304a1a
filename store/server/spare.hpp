// Spare<T>: what sessions lend each other, so that one that waits for bytes holds nothing: buffers, lists, strings.
//
// Each thread has some of them, used last in first out: those that are used stay in its cache, however many sessions
// there are. It keeps as many as have been in use at once, since sessions that wait for the store hold theirs; but no
// more memory than bytes_kept_max.
//
// Threads: any; what is given on one thread is taken there again.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace understudy::server {

/// T has `std::size_t clear_for_others()`, which clears it for the next one, and gives how much memory it holds.
template <typename T>
class Spare {
 public:
  static constexpr std::size_t kept_max = 256;
  static constexpr std::size_t bytes_kept_max = std::size_t{1} << 20U;

  [[nodiscard]] static std::shared_ptr<T> take() {
    Stock& stock = this_threads();
    if (stock.kept.empty()) return std::make_shared<T>();
    std::shared_ptr<T> taken = std::move(stock.kept.back().object);
    stock.bytes -= stock.kept.back().bytes;
    stock.kept.pop_back();
    return taken;
  }
  /// Nothing is kept of what somebody else holds as well: an operation that failed may still use it.
  static void give(std::shared_ptr<T> given) noexcept {
    Stock& stock = this_threads();
    if (given.use_count() != 1 || stock.kept.size() == kept_max) return;
    const std::size_t bytes = sizeof(T) + given->clear_for_others();
    if (bytes > bytes_kept_max - stock.bytes) return;
    stock.bytes += bytes;
    stock.kept.push_back({.object = std::move(given), .bytes = bytes});
  }

 private:
  struct Kept {
    std::shared_ptr<T> object;
    std::size_t bytes;
  };
  struct Stock {
    Stock() { kept.reserve(kept_max); }
    std::vector<Kept> kept;
    std::size_t bytes = 0;
  };
  static Stock& this_threads() {
    thread_local Stock stock;
    return stock;
  }
};

}  // namespace understudy::server
