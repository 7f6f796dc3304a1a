// What a full disk means to a writer, in one place.
//
// A journal asks for room ahead of what it writes (Journal::reserve_ahead). While that fails with storage_full, changes
// are refused before they are made; the journal itself goes on, and has not ended. A batch that finds no room all the
// same fails as any failed write does, and what is refused from then on is refused over incarnations.
#pragma once

#include "understudy/base/error.hpp"
#include "understudy/journal/journal.hpp"

#include <optional>
#include <string>

namespace understudy::durable {

/// What changes are refused with, if `outcome` says that there is no room.
[[nodiscard]] inline std::optional<Error> no_room_in(const Result<void>& outcome) {
  if (outcome || outcome.error() != ErrorCode::storage_full) return std::nullopt;
  return Error(ErrorCode::storage_full, "the disk is full: " + std::string(outcome.error().message()) +
                                            "; writes resume by themselves when there is room");
}

/// The same, of what is to come. Touches the disk. Other errors show with the next write.
[[nodiscard]] inline std::optional<Error> find_no_room(Journal& journal) { return no_room_in(journal.reserve_ahead()); }

}  // namespace understudy::durable
