// Whether the changes of a command fit into its operation: all changes of an operation are one batch of the journal.
//
// A command changes what its words name, or gives a key a value made of what is in the store: the first is looked at
// before it runs (`words_fit`), the second by `check_size` before the value is made. So the limit of the store, which
// would cost the operation, is never met.
#pragma once

#include "server/command.hpp"

#include <cstddef>
#include <string_view>

namespace understudy::server {

inline constexpr std::string_view too_many_changes =
    "ERR these changes are more than one batch of the journal can hold";

/// Room that stays free for what a command makes by itself, such as a number, and for the name of a second key.
inline constexpr std::size_t change_reserve_bytes = 2 * store::key_bytes_max;

[[nodiscard]] inline bool words_fit(const store::Transaction& store, const Command& command, Arguments words) {
  if ((command.flags & flag::write) == 0) return true;
  std::size_t bytes = change_reserve_bytes;
  for (const BytesView word : words) bytes += word.size() + store::change_overhead_bytes;
  return bytes <= store.room_for_changes();
}

}  // namespace understudy::server
