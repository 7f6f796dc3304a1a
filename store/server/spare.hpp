// Spare<T>: what sessions lend each other, so that one that waits for bytes holds nothing: buffers, lists, strings.
//
// Each thread has a few of them, used last in first out: those that are used stay in its cache, however many sessions
// there are.
//
// Threads: any; what is given on one thread is taken there again.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace understudy::server {

/// T has `bool keep_for_others()`, which clears it for the next one, and says whether it is small enough to be kept.
template <typename T>
class Spare {
 public:
  static constexpr std::size_t kept_max = 8;

  [[nodiscard]] static std::shared_ptr<T> take() {
    auto& kept = stock();
    if (kept.empty()) return std::make_shared<T>();
    std::shared_ptr<T> taken = std::move(kept.back());
    kept.pop_back();
    return taken;
  }
  /// Nothing is kept of what somebody else holds as well: an operation that failed may still use it.
  static void give(std::shared_ptr<T> given) {
    auto& kept = stock();
    if (given.use_count() == 1 && kept.size() < kept_max && given->keep_for_others()) kept.push_back(std::move(given));
  }

 private:
  static std::vector<std::shared_ptr<T>>& stock() {
    thread_local std::vector<std::shared_ptr<T>> kept = [] {
      std::vector<std::shared_ptr<T>> none;
      none.reserve(kept_max);
      return none;
    }();
    return kept;
  }
};

}  // namespace understudy::server
