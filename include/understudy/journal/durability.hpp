// What an acknowledged write survives.
#pragma once

#include "understudy/base/error.hpp"

#include <cstdint>
#include <string_view>

namespace understudy {

/// When a write is acknowledged, and so what it survives. The journal itself only offers `commit` and `flush`; whoever
/// answers the writers decides between them by this setting.
enum class Durability : std::uint8_t {
  always,    ///< Flushed before the answer: survives power loss. The default everywhere.
  interval,  ///< Written before the answer, flushed every so many milliseconds: survives the end of the process.
  none,      ///< Written before or after the answer, flushed when the operating system likes: promises nothing.
};

/// The one of two that asks for more.
[[nodiscard]] constexpr Durability stronger_of(Durability a, Durability b) noexcept { return a < b ? a : b; }

/// The setting's name as people write it: "always", "interval" or "none". Static storage.
[[nodiscard]] std::string_view name_of(Durability durability) noexcept;

/// The setting with this name, letter for letter.
/// Errors: invalid_argument, with the names that would do.
[[nodiscard]] Result<Durability> parse_durability(std::string_view name);

}  // namespace understudy
