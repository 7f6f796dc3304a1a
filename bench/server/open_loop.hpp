// Commands that are sent when they are due, whatever has been answered, in one thread.
#pragma once

#include <cstdint>
#include <string>

namespace bench {

struct OpenLoopOptions {
  std::uint16_t port = 0;
  std::string command = "get";
  std::uint32_t connections = 50;
  double rate = 10'000;  // Commands a second, over all connections.
  double seconds = 5;
  std::uint64_t keys = 100'000;
  std::uint32_t value_bytes = 64;
};

struct OpenLoopResult {
  std::uint64_t sent = 0;
  std::uint64_t answered = 0;
  double rate = 0;  // At which they were answered.
  // From when a command was sent until its answer has come to this side. No answer is waited for, so all see a pause of
  // the server that are sent meanwhile.
  double p50_us = 0;
  double p95_us = 0;
  double p99_us = 0;
  double p999_us = 0;
  double worst_us = 0;
  double due_p99_us = 0;   // The same from when it was due: with what the load itself was late.
  double late_p99_us = 0;  // From when it was due until it was sent.
};

/// Throws std::runtime_error if the server cannot be reached, or answers with an error.
[[nodiscard]] OpenLoopResult run_open_loop(const OpenLoopOptions& options);

}  // namespace bench
