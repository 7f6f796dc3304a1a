// UnhurriedWrites: when a writer writes what nobody waits for (Durability::none).
//
// Each write costs a call of the system, and holds its worker for as long as the bytes take: so many small ones where
// there is little to do, and few large ones where there is much. Whoever asks beside that, and time, which writes what
// is left of it, are the writer's.
//
// Threads: one at a time.
#pragma once

#include "understudy/base/clock.hpp"

#include <chrono>
#include <cstddef>

namespace understudy {

class UnhurriedWrites {
 public:
  /// So much is written, unless a write was made just before.
  static constexpr std::size_t bytes_small = std::size_t{8} << 10U;
  static constexpr Duration apart = std::chrono::milliseconds(2);
  /// So much in any case: a quick write, nearly filled.
  static constexpr std::size_t bytes_full = std::size_t{48} << 10U;
  /// More than a quick write may have goes to another thread, which is worth while from here on.
  static constexpr std::size_t bytes_quick_max = std::size_t{64} << 10U;
  static constexpr std::size_t bytes_large = std::size_t{1} << 20U;

  /// Whether so many bytes, gathered, wait for more. Reads the clock if that depends on it.
  [[nodiscard]] bool wait_for_more(std::size_t bytes, const Clock& clock) const noexcept {
    if (bytes > bytes_quick_max) return bytes < bytes_large;
    return bytes < bytes_full && (bytes < bytes_small || clock.now() < last_ + apart);
  }
  /// There was a write.
  void note(TimePoint moment) noexcept { last_ = moment; }

 private:
  TimePoint last_{};
};

}  // namespace understudy
