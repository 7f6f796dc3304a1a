// The signs of life that long operations of the key-value actor give, so that nobody takes them for stuck.
#pragma once

#include "understudy/actor/beat_ahead.hpp"
#include "understudy/actor/spawn.hpp"

#include <chrono>
#include <cstddef>

namespace understudy::store {

/// How many keys an operation comes to between two signs of life.
inline constexpr std::size_t keys_per_beat = 256;

/// Before `bytes` of a value are copied, in one step. Costs nothing for short ones.
inline void beat_before_copy(std::size_t bytes) {
  // A value that is copied fast enough to need no sign of its own; and how fast that is at worst.
  constexpr std::size_t short_value_bytes = std::size_t{1} << 20U;
  constexpr std::size_t copied_bytes_a_ms = std::size_t{64} << 10U;
  if (bytes > short_value_bytes) beat_ahead(std::chrono::milliseconds(bytes / copied_bytes_a_ms));
}

/// A long operation is not a stuck one: each key that it comes to is progress, and what it does with a long value may
/// take its time.
class SignsOfLife {
 public:
  void worked_on(std::size_t value_bytes) {
    if (++keys_ % keys_per_beat == 0) beat();
    beat_before_copy(value_bytes);
  }

 private:
  std::size_t keys_ = 0;
};

}  // namespace understudy::store
