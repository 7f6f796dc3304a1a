// A clock that stands still unless the test sets it.
#pragma once

#include "understudy/base/clock.hpp"

#include <chrono>

namespace understudy {

class SetClock final : public Clock {
 public:
  /// An hour, so that what is measured from zero shows.
  TimePoint moment{std::chrono::hours(1)};
  [[nodiscard]] TimePoint now() const noexcept override { return moment; }
  [[nodiscard]] WallTime wall_now() const noexcept override { return {}; }
};

}  // namespace understudy
