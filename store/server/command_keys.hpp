// Which arguments of a command are keys and channels, and what it does to them: for those who decide who may.
//
// Threads: pure functions.
#pragma once

#include "server/command.hpp"

#include <cstddef>
#include <cstdint>

namespace understudy::server {

/// What is done to a key, as far as permission goes. A command that only looks whether a key is there needs neither.
namespace access {
enum : std::uint8_t { none = 0, read = 1U << 0U, write = 1U << 1U };
}  // namespace access

struct KeyUse {
  std::size_t argument = 0;
  std::uint8_t access = access::none;
};

/// What `command`, called with `arguments`, does to its keys, or (`second`) to the second of two.
[[nodiscard]] std::uint8_t key_access_of(const Command& command, Arguments arguments, bool second) noexcept;

/// Calls `visit` with each key's use until it gives false. True if it never did.
template <typename Visit>
bool each_key(const Command& command, Arguments arguments, Visit visit) {
  const KeyPositions& keys = command.keys;
  if (keys.first == 0) return true;
  std::uint8_t access = key_access_of(command, arguments, false);
  const int last = keys.last < 0 ? static_cast<int>(arguments.size()) + keys.last : keys.last;
  for (int i = keys.first; i <= last && i < static_cast<int>(arguments.size()); i += keys.step) {
    if (!visit(KeyUse{.argument = static_cast<std::size_t>(i), .access = access})) return false;
    if (i == keys.first && !command.second_key_access.empty()) access = key_access_of(command, arguments, true);
  }
  return true;
}

}  // namespace understudy::server
