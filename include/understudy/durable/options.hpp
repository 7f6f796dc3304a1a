// How a durable actor's journal is kept.
#pragma once

#include "understudy/base/error.hpp"
#include "understudy/journal/durability.hpp"
#include "understudy/journal/journal.hpp"
#include "understudy/journal/storage.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace understudy {

struct DurableOptions {
  /// The directory that holds the journal; created if missing. One actor at a time has it.
  std::string directory = {};
  /// What a change survives once it is answered, unless it says otherwise itself.
  Durability durability = Durability::always;
  /// Changes of `Durability::interval` are flushed this long after they were written, at the latest.
  std::chrono::milliseconds flush_interval{1000};
  /// A snapshot is taken, in the background, once the journal's files hold more than this, and more than the snapshot
  /// before. 0: only when asked for.
  std::uint64_t snapshot_after_bytes = std::uint64_t{64} << 20U;
  /// The journal's own settings.
  JournalOptions journal = {};
  /// Messages that the writer's mailbox holds; beyond that whoever changes something waits.
  std::uint32_t writer_capacity = 32;
  /// Opens the directory. Unset: real files, in `directory`. A simulation puts its own disk here.
  std::function<Result<std::shared_ptr<Storage>>()> open_storage = {};
};

}  // namespace understudy
