// The limit on memory, as people write it: "100mb", "noeviction".
#pragma once

#include "server/letters.hpp"
#include "understudy/store/options.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

namespace understudy::server {

/// A number of bytes, or of the units that Redis knows: k, m and g are powers of 1000, kb, mb and gb of 1024.
[[nodiscard]] inline std::optional<std::uint64_t> parse_memory_size(std::string_view text) noexcept {
  struct Unit {
    std::string_view name;
    std::uint64_t bytes;
  };
  constexpr std::array<Unit, 8> units{{{"", 1},
                                       {"b", 1},
                                       {"k", 1000},
                                       {"kb", 1ULL << 10U},
                                       {"m", 1'000'000},
                                       {"mb", 1ULL << 20U},
                                       {"g", 1'000'000'000},
                                       {"gb", 1ULL << 30U}}};
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return std::nullopt;
  const std::string_view unit(end, text.data() + text.size());
  const auto* const found =
      std::ranges::find_if(units, [&](const Unit& each) { return is_same_word(unit, each.name); });
  std::uint64_t bytes = 0;
  if (found == units.end() || __builtin_mul_overflow(number, found->bytes, &bytes)) return std::nullopt;
  return bytes;
}

inline constexpr std::string_view refuse_name = "noeviction";
inline constexpr std::string_view evict_name = "allkeys-lru";

[[nodiscard]] inline std::string_view name_of(store::WhenMemoryFull policy) noexcept {
  return policy == store::WhenMemoryFull::evict ? evict_name : refuse_name;
}
[[nodiscard]] inline std::optional<store::WhenMemoryFull> parse_memory_policy(std::string_view text) noexcept {
  if (text == refuse_name) return store::WhenMemoryFull::refuse;
  if (text == evict_name) return store::WhenMemoryFull::evict;
  return std::nullopt;
}

}  // namespace understudy::server
