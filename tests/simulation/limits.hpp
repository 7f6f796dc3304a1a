// Less of a scenario than its seed draws: how a seed that fails is shortened.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <string_view>

namespace simulation {

/// What is drawn is drawn all the same, so that the rest stays as it was as far as it can.
struct Limits {
  static constexpr std::uint64_t none = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t lives = none;
  std::uint64_t clients = none;
  std::uint64_t operations = none;  ///< Of each client.
  std::uint64_t blows = none;       ///< Resets, crashes and troubles of the disk, in each life.
};

struct LimitName {
  std::string_view name;
  std::uint64_t Limits::* value;
  std::uint64_t least;
};
/// In the order in which they are tried: what shortens most comes first.
inline constexpr std::array<LimitName, 4> limit_names{{{"lives", &Limits::lives, 1},
                                                       {"blows", &Limits::blows, 0},
                                                       {"clients", &Limits::clients, 1},
                                                       {"operations", &Limits::operations, 1}}};

}  // namespace simulation
