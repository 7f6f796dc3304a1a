// Which files of a directory are a journal's, by their names.
#pragma once

#include "understudy/base/error.hpp"
#include "understudy/journal/record.hpp"
#include "understudy/journal/storage.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace understudy::journal {

struct JournalFiles {
  std::vector<Lsn> snapshots;           ///< What they cover, in order.
  std::vector<std::uint64_t> segments;  ///< Their numbers, in order.
  std::vector<std::string> unfinished;  ///< Snapshots that were never finished.

  /// The snapshot that counts.
  [[nodiscard]] std::optional<Lsn> newest_snapshot() const {
    return snapshots.empty() ? std::nullopt : std::optional(snapshots.back());
  }
  /// What a start reads, in that order: the newest snapshot, and the segments.
  [[nodiscard]] std::vector<std::string> names_to_read() const;
};

/// Errors: those of the storage.
[[nodiscard]] Result<JournalFiles> list_journal_files(Storage& storage);

}  // namespace understudy::journal
