// OutputLimits: what a client may have unsent before it is cut off, by the class that it is of; as Redis has them
// (client-output-buffer-limit).
//
// A reply to a command is made when those before it have been sent, so `normal` clients are held up by themselves and
// have no limit unless one is set. Whoever is sent what it has not asked for at that moment cannot be held up: such are
// `pubsub`, which here are also those who show all commands. There are no replicas; their limits are kept for tools
// that read back what they have set.
//
// Threads: LiveOutputLimits any; each limit is by itself, so every access is relaxed.
#pragma once

#include "server/live_setting.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace understudy::server {

/// Of one class. 0: no limit.
struct OutputLimits {
  std::uint64_t hard_bytes = 0;
  std::uint64_t soft_bytes = 0;
  /// How long the softer limit may be exceeded.
  std::chrono::seconds soft_time{0};

  [[nodiscard]] bool is_over_hard(std::size_t unsent) const noexcept { return hard_bytes != 0 && unsent > hard_bytes; }
  [[nodiscard]] bool is_over_soft(std::size_t unsent) const noexcept { return soft_bytes != 0 && unsent > soft_bytes; }
};

struct OutputLimitsByClass {
  OutputLimits normal = {};
  OutputLimits replica = {.hard_bytes = std::uint64_t{256} << 20U,
                          .soft_bytes = std::uint64_t{64} << 20U,
                          .soft_time = std::chrono::seconds(60)};
  OutputLimits pubsub = {.hard_bytes = std::uint64_t{32} << 20U,
                         .soft_bytes = std::uint64_t{8} << 20U,
                         .soft_time = std::chrono::seconds(60)};
};

/// Changes in `before` what `text` names, "pubsub 32mb 8mb 60 normal 0 0 0"; or says what is wrong with it, in the
/// words of Redis.
[[nodiscard]] std::expected<OutputLimitsByClass, std::string_view> parse_output_limits(std::string_view text,
                                                                                       OutputLimitsByClass before);
/// All classes, as Redis writes them.
[[nodiscard]] std::string describe_output_limits(const OutputLimitsByClass& limits);

/// Why a client is cut off, for the log.
inline constexpr std::string_view unread_messages =
    "it does not read what it has asked to be sent (client-output-buffer-limit pubsub)";
inline constexpr std::string_view unread_replies = "it does not read its replies (client-output-buffer-limit normal)";

class LiveOutputLimits {
 public:
  explicit LiveOutputLimits(const OutputLimits& limits) noexcept
      : hard_bytes_(limits.hard_bytes), soft_bytes_(limits.soft_bytes), soft_time_(limits.soft_time) {}
  [[nodiscard]] OutputLimits now() const noexcept {
    return {.hard_bytes = hard_bytes_(), .soft_bytes = soft_bytes_(), .soft_time = soft_time_()};
  }
  void set(const OutputLimits& limits) noexcept {
    hard_bytes_.set(limits.hard_bytes);
    soft_bytes_.set(limits.soft_bytes);
    soft_time_.set(limits.soft_time);
  }

 private:
  LiveSetting<std::uint64_t> hard_bytes_;
  LiveSetting<std::uint64_t> soft_bytes_;
  LiveSetting<std::chrono::seconds> soft_time_;
};

}  // namespace understudy::server
