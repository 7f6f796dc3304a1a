// What a workload of `bench messaging` is, and what all of them share. One .cpp a workload or a small family; the same
// workloads for Tokio and CAF are in bench/peers.
#pragma once

#include "understudy/understudy.hpp"

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace bench {

namespace us = understudy;

struct Options {
  std::uint64_t count = 0;  ///< How much of the work: messages, asks, actors, meetings; see the table in workloads.cpp.
  std::uint64_t size = 0;   ///< How many take part: senders, actors in existence, workers of the workload.
  std::uint32_t workers = 1;  ///< Worker threads.
};

struct Outcome {
  std::uint64_t operations = 0;  ///< What the time is divided by.
  double seconds = 0;            ///< From before the first message to after the last effect.
  std::int64_t check = 0;        ///< What the work came to; the same in every system.
  std::int64_t expected = 0;     ///< What it must come to.
  /// Other figures, each a field of the JSON: percentiles, bytes an actor.
  std::vector<std::pair<std::string, double>> figures;
};

struct Workload {
  std::string_view name;
  Outcome (*run)(const Options&);
  std::uint64_t count;  ///< Unless told otherwise.
  std::uint64_t size;   ///< Unless told otherwise.
};

/// Every workload.
[[nodiscard]] std::span<const Workload> workloads() noexcept;

class Stopwatch {
 public:
  [[nodiscard]] double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
  }

 private:
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

/// A linear congruential generator: the same numbers in every language.
class Numbers {
 public:
  explicit Numbers(std::uint64_t seed) noexcept : state_(seed) {}
  [[nodiscard]] std::uint64_t next() noexcept {
    state_ = state_ * 6'364'136'223'846'793'005U + 1'442'695'040'888'963'407U;
    return state_ >> 33U;
  }

 private:
  std::uint64_t state_;
};

/// 0 + 1 + … + (count - 1).
[[nodiscard]] constexpr std::int64_t sum_below(std::uint64_t count) noexcept {
  return static_cast<std::int64_t>(count * (count - 1) / 2);
}

/// A value and the way to the asker; answered by what the workload makes of it.
struct Add {
  std::int64_t value;
  us::Reply<std::int64_t> reply;
};

/// One part of the work is done.
struct Done {
  std::int64_t value;
};
/// Asks for the sum of all parts; answered when the last has come.
struct Total {
  us::Reply<std::int64_t> reply;
};
using CollectorMessage = std::variant<Done, Total>;

/// An actor that adds up the values of `parts` messages Done.
us::Task<> collector(us::Mailbox<CollectorMessage>& inbox, std::uint64_t parts);

/// The value of `result`, or -1: no check adds up to that.
[[nodiscard]] inline std::int64_t value_or_wrong(const us::Result<std::int64_t>& result) {
  return result ? *result : -1;
}

/// The outcome of `operations` that have just ended.
[[nodiscard]] Outcome outcome_of(std::uint64_t operations, const Stopwatch& watch,
                                 const us::Result<std::int64_t>& check, std::int64_t expected);

}  // namespace bench
