// Start-up: reads every segment in order, replays, and decides what damage means. The rules and their reasons are in
// docs/journal-format.md under "Start-up".
//
// Changes nothing until all was read and replayed; then at most cuts a torn tail off the last segment, or removes a
// last segment whose creation wasn't finished, and removes snapshots that were not finished.
#pragma once

#include "journal/record_codec.hpp"
#include "understudy/base/error.hpp"
#include "understudy/journal/journal.hpp"
#include "understudy/journal/storage.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace understudy::journal {

/// A segment that is there.
struct KeptSegment {
  std::uint64_t number = 0;
  Lsn first_lsn = 0;
  std::uint64_t bytes = 0;
};

/// Where the journal goes on.
struct Recovered {
  RecoveryReport report;
  std::optional<StoreId> store_id;  ///< Empty for a fresh start.
  std::uint64_t last_segment = 0;   ///< Number of the last segment that holds; 0 for a fresh start.
  std::uint64_t chain = 0;          ///< Chain value at its end.
  Lsn last_lsn = 0;
  Lsn marked = 0;                     ///< The durable mark of its last batch.
  std::vector<KeptSegment> segments;  ///< In order.
};

/// Whether what is to be cut and removed is.
enum class Recovery : std::uint8_t { mend, look_only };

/// Recovers the journal in a directory that the caller has locked. `durable_lsn`: as in JournalOptions. Errors: as
/// Journal::open.
[[nodiscard]] Result<Recovered> recover(Storage& storage, const ReplayFunction& apply,
                                        Recovery recovery = Recovery::mend, const ProgressFunction& progress = {},
                                        Lsn durable_lsn = 0);

}  // namespace understudy::journal
