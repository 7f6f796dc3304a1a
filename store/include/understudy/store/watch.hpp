// Watch: whether any of some keys has been changed since they began to be watched.
//
//     auto watch = std::make_shared<us::store::Watch>();
//     co_await store->operate([watch](us::store::Transaction& keys) { keys.watch("balance", watch); });
//     ...
//     co_await store->operate([watch](us::store::Transaction& keys) {
//       if (!watch->touched()) keys.set("balance", "12");
//     });
//
// It is touched when a watched key is set, removed, expires, is evicted, or gets another time to die, though nothing
// else about it changes; when it is among those that are cleared; and when the key-value actor is replaced, since
// changes may have been lost, or made, with it. Inside an operation it is exact: nothing comes between the look and the
// changes.
//
// Threads: any.
#pragma once

#include <atomic>

namespace understudy::store {

class Watch {
 public:
  [[nodiscard]] bool touched() const noexcept { return touched_.load(std::memory_order_relaxed); }
  /// From here on it is.
  void touch() noexcept { touched_.store(true, std::memory_order_relaxed); }

 private:
  // Written and read in operations, one after the other, which orders them; elsewhere a recent value is all that is
  // wanted: relaxed.
  std::atomic<bool> touched_{false};
};

}  // namespace understudy::store
