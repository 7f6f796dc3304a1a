// The names of snapshots: snapshot-00000000000000000042.dat, by the LSN that it covers; with .new instead of .dat while
// it is not finished.
#pragma once

#include "understudy/journal/record.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace understudy::journal {

[[nodiscard]] std::string snapshot_name(Lsn covers);
[[nodiscard]] std::string unfinished_snapshot_name(Lsn covers);
/// The LSN in a snapshot's name; empty for any other name.
[[nodiscard]] std::optional<Lsn> snapshot_covers(std::string_view name) noexcept;
[[nodiscard]] bool is_unfinished_snapshot(std::string_view name) noexcept;

}  // namespace understudy::journal
