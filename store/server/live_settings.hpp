// LiveSettings: what CONFIG SET changes while sessions go by it.
//
// Threads: any.
#pragma once

#include "server/live_setting.hpp"
#include "server/options.hpp"
#include "server/output_limits.hpp"
#include "server/resp_parser.hpp"

#include <chrono>
#include <cstdint>

namespace understudy::server {

struct LiveSettings {
  explicit LiveSettings(const ServerOptions& options) noexcept
      : clients_max(options.clients_max),
        idle_limit(options.idle_limit),
        keep_alive(options.keep_alive),
        handshake_limit(options.handshake_limit),
        request_bytes_max(options.request_bytes_max),
        bulk_bytes_max(options.bulk_bytes_max),
        normal_output(options.output_limits.normal),
        replica_output(options.output_limits.replica),
        pubsub_output(options.output_limits.pubsub),
        protected_mode(options.protected_mode) {}

  LiveSetting<std::uint32_t> clients_max;
  LiveSetting<std::chrono::seconds> idle_limit;
  LiveSetting<std::chrono::seconds> keep_alive;
  LiveSetting<std::chrono::seconds> handshake_limit;
  LiveSetting<std::uint64_t> request_bytes_max;
  LiveSetting<std::uint64_t> bulk_bytes_max;
  LiveOutputLimits normal_output;
  LiveOutputLimits replica_output;
  LiveOutputLimits pubsub_output;
  LiveSetting<bool> protected_mode;

  [[nodiscard]] OutputLimitsByClass output_limits() const noexcept {
    return {.normal = normal_output.now(), .replica = replica_output.now(), .pubsub = pubsub_output.now()};
  }
  void set_output_limits(const OutputLimitsByClass& limits) noexcept {
    normal_output.set(limits.normal);
    replica_output.set(limits.replica);
    pubsub_output.set(limits.pubsub);
  }
  [[nodiscard]] RespLimits request_limits() const noexcept {
    RespLimits limits;
    limits.bulk_bytes_max = bulk_bytes_max();
    return limits;
  }
};

}  // namespace understudy::server
