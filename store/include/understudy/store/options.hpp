// How a store is set up.
#pragma once

#include "understudy/base/clock.hpp"
#include "understudy/journal/durability.hpp"
#include "understudy/journal/storage.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace understudy::store {

/// What happens to a change that would add to the keys when they have reached `memory_bytes_max`.
enum class WhenMemoryFull : std::uint8_t {
  refuse,  ///< It fails, and changes nothing: storage_full.
  evict,   ///< Keys that have not been used for long are erased: a cache.
};

struct StoreOptions {
  /// The data directory; created if missing. One process at a time holds it.
  std::string directory = "understudy-data";
  /// What an acknowledged write survives.
  Durability durability = Durability::always;
  /// How often `Durability::interval` flushes.
  std::chrono::milliseconds flush_interval{1000};
  /// Where a journal file ends and the next begins.
  std::uint64_t segment_bytes_max = std::uint64_t{64} * 1024 * 1024;
  /// Room that is written ahead in the journal's last file: see JournalOptions.
  std::uint64_t reserved_bytes = std::uint64_t{1} << 20U;
  /// The most that the data directory may use; beyond it changes are refused with storage_full until a snapshot has
  /// made room. 0: no limit but the disk's.
  std::uint64_t disk_bytes_max = 0;
  /// A snapshot is taken, in the background, once the journal's files hold more than this, and more than the snapshot
  /// before. 0: only when asked for.
  std::uint64_t snapshot_after_bytes = std::uint64_t{64} * 1024 * 1024;
  /// The most that keys, values and their tables may take in memory (StoreStatistics::memory_bytes), give or take one
  /// change. 0: no limit. The rest of the process is not counted.
  std::uint64_t memory_bytes_max = 0;
  WhenMemoryFull when_memory_full = WhenMemoryFull::refuse;
  /// Messages the mailboxes of router, key-value actor and writer hold.
  std::uint32_t mailbox_capacity = 32;
  /// Requests a route of the router holds while its actor is slow; those beyond it end with `mailbox_full`.
  std::uint32_t route_capacity = 1024;
  /// Opens the data directory. Unset: real files. A simulation puts its own disk here.
  std::function<Result<std::shared_ptr<Storage>>()> open_storage = {};
};

/// How one change is made.
struct WriteOptions {
  /// What it survives once it is acknowledged, whatever the store's setting. A reader of what it changed waits for no
  /// more than that. Unset: as the store's.
  std::optional<Durability> durability = std::nullopt;
  /// Of a set: when the key dies. Unset, and no `time_to_live` either: never.
  std::optional<WallTime> expires_at = std::nullopt;
  /// The same, from the moment when the change is made. The earlier of the two counts.
  std::optional<std::chrono::milliseconds> time_to_live = std::nullopt;
};

}  // namespace understudy::store
