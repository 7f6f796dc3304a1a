// LiveSettings: what CONFIG SET changes while sessions go by it.
//
// Each setting is by itself: who reads one sees its old value or its new one, and no more than that is promised. So
// every access is relaxed.
//
// Threads: any.
#pragma once

#include "server/options.hpp"
#include "server/resp_parser.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>

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

struct LiveSettings {
  explicit LiveSettings(const ServerOptions& options) noexcept
      : clients_max(options.clients_max),
        idle_limit(options.idle_limit),
        keep_alive(options.keep_alive),
        handshake_limit(options.handshake_limit),
        request_bytes_max(options.request_bytes_max),
        bulk_bytes_max(options.bulk_bytes_max),
        protected_mode(options.protected_mode) {}

  LiveSetting<std::uint32_t> clients_max;
  LiveSetting<std::chrono::seconds> idle_limit;
  LiveSetting<std::chrono::seconds> keep_alive;
  LiveSetting<std::chrono::seconds> handshake_limit;
  LiveSetting<std::uint64_t> request_bytes_max;
  LiveSetting<std::uint64_t> bulk_bytes_max;
  LiveSetting<bool> protected_mode;

  [[nodiscard]] RespLimits request_limits() const noexcept {
    RespLimits limits;
    limits.bulk_bytes_max = bulk_bytes_max();
    return limits;
  }
};

}  // namespace understudy::server
