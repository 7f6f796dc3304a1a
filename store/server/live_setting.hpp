// LiveSetting: a value that CONFIG SET changes while sessions go by it.
//
// Each setting is by itself: who reads one sees its old value or its new one, and no more than that is promised. So
// every access is relaxed.
//
// Threads: any.
#pragma once

#include <atomic>

namespace understudy::server {

template <typename Value>
class LiveSetting {
 public:
  explicit LiveSetting(Value value) noexcept : value_(value) {}
  [[nodiscard]] Value operator()() const noexcept { return value_.load(std::memory_order_relaxed); }
  void set(Value value) noexcept { value_.store(value, std::memory_order_relaxed); }

 private:
  std::atomic<Value> value_;
};

}  // namespace understudy::server
