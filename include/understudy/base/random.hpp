// Randomness, reached through an interface so that a simulation can repeat it from a seed.
#pragma once

#include <cstdint>
#include <memory>

namespace understudy {

/// A source of uniformly distributed 64-bit numbers. Not for secrets.
/// Threads: one object is used by one thread at a time.
class Random {
 public:
  virtual ~Random() = default;
  [[nodiscard]] virtual std::uint64_t next() noexcept = 0;

  /// A number in [0, bound). `bound` must not be 0. Biased by at most bound / 2^64.
  [[nodiscard]] std::uint64_t below(std::uint64_t bound) noexcept { return next() % bound; }
  /// True in `percent` of 100 draws.
  [[nodiscard]] bool chance(std::uint64_t percent) noexcept { return below(100) < percent; }
};

/// Pseudo-random numbers that depend on the seed alone (SplitMix64, Steele, Lea and Flood 2014): one seed gives the
/// same numbers on every machine.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) noexcept : state_(seed) {}
  [[nodiscard]] std::uint64_t next() noexcept override {
    state_ += 0x9E3779B97F4A7C15U;
    std::uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30U)) * 0xBF58476D1CE4E5B9U;
    mixed = (mixed ^ (mixed >> 27U)) * 0x94D049BB133111EBU;
    return mixed ^ (mixed >> 31U);
  }

 private:
  std::uint64_t state_;
};

/// A generator seeded by the operating system.
[[nodiscard]] std::unique_ptr<Random> make_system_random();

}  // namespace understudy
