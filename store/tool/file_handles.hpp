// What the operating system lets a process have of what its connections need.
//
// Threads: one at a time.
#pragma once

#include <cstdint>

namespace understudy::tool {

/// Raises the limit of open files, as far as it may be, to what `clients` connections and the store's own files need.
/// Gives the number of connections there is room for: at most `clients`.
[[nodiscard]] std::uint32_t file_handles_for_clients(std::uint32_t clients);
/// The same, with a warning if there is room for less.
[[nodiscard]] std::uint32_t make_room_for_clients(std::uint32_t clients);

/// Warns if the system lets fewer connections wait to be accepted.
void warn_of_short_backlog(int backlog);

}  // namespace understudy::tool
