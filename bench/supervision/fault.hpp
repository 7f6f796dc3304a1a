// The actors that fail on purpose, and the neighbours that must not notice.
#pragma once

#include "understudy/understudy.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string_view>
#include <vector>

namespace bench {

namespace us = understudy;
using Clock = std::chrono::steady_clock;

enum class Kind : std::uint8_t { crashed, stuck, deadlock, spinning, blocked };

/// What is measured of one kind.
struct Figures {
  std::vector<double> late_ms;       ///< From the cutoff, or of a crash and a deadlock the event, to the first answer.
  std::vector<double> neighbour_us;  ///< Asks between other actors meanwhile.
  std::uint64_t lost = 0;            ///< Queued messages that were not handled.
  std::uint64_t out_of_order = 0;
  std::uint64_t wrong_errors = 0;  ///< Asks in hand that did not end with the right error.
};

struct Options {
  Kind kind = Kind::crashed;
  std::uint32_t repetitions = 200;
  std::uint32_t neighbours = 1000;
  std::chrono::milliseconds cutoff{500};
};

/// Lets the actor of `options.kind` fail again and again, on two workers.
[[nodiscard]] Figures run(const Options& options);

}  // namespace bench
