#include "understudy/durable/shared_journal.hpp"

#include <utility>

namespace understudy {

Result<std::shared_ptr<SharedJournal>> SharedJournal::open(DurableOptions options, const Clock& clock) {
  Result<std::shared_ptr<Storage>> storage =
      options.open_storage ? options.open_storage() : open_file_storage(options.directory);
  if (!storage) return std::unexpected(storage.error());
  return std::make_shared<SharedJournal>(std::move(options), std::move(*storage), clock);
}

JournalStatistics SharedJournal::statistics() const noexcept {
  const auto read = [](const auto& counter) { return counter.load(std::memory_order_relaxed); };
  const std::int64_t snapshot_at = read(snapshot_at_ms_);
  return {
      .commits = read(commits_),
      .last_lsn = read(last_lsn_),
      .durable_lsn = read(durable_lsn_),
      .segment_bytes = read(segment_bytes_),
      .snapshot_bytes = read(snapshot_bytes_),
      .snapshots = read(snapshots_),
      .failed_snapshots = read(failed_snapshots_),
      .snapshot_at = snapshot_at == 0 ? std::optional<WallTime>() : WallTime(std::chrono::milliseconds(snapshot_at)),
      .snapshot_runs = read(snapshot_runs_),
      .disk_full = read(full_)};
}

Result<void> SharedJournal::no_room() const {
  const std::lock_guard lock(mutex_);
  if (!full_error_) return {};
  return std::unexpected(*full_error_);
}

bool SharedJournal::snapshot_is_due() const noexcept {
  if (options_.snapshot_after_bytes == 0) return false;
  const std::uint64_t grown = segment_bytes_.load(std::memory_order_relaxed);
  const std::uint64_t snapshot = snapshot_bytes_.load(std::memory_order_relaxed);
  const std::uint64_t limit = options_.journal.bytes_max;
  // Near the limit, and with enough to gain that what is gained is not used up at once.
  const bool at_limit = limit != 0 && full_.load(std::memory_order_relaxed) && grown + snapshot >= limit - limit / 8 &&
                        grown > limit / 16;
  return (at_limit || (grown > options_.snapshot_after_bytes && grown > snapshot)) &&
         !snapshot_runs_.load(std::memory_order_relaxed) &&
         clock_.now().time_since_epoch().count() >= no_snapshot_before_.load(std::memory_order_relaxed);
}

void SharedJournal::note_opened(const RecoveryReport& report, const JournalUsage& usage) noexcept {
  opened_.store(true, std::memory_order_relaxed);
  note_usage(usage);
  last_lsn_.store(report.last_lsn, std::memory_order_relaxed);
  durable_lsn_.store(report.last_lsn, std::memory_order_relaxed);
}

void SharedJournal::note_commit(const Journal& journal) noexcept {
  commits_.fetch_add(1, std::memory_order_relaxed);
  note_usage(journal.usage());
  last_lsn_.store(journal.last_lsn(), std::memory_order_relaxed);
  durable_lsn_.store(journal.durable_lsn(), std::memory_order_relaxed);
}

void SharedJournal::note_flush(const Journal& journal) noexcept {
  durable_lsn_.store(journal.durable_lsn(), std::memory_order_relaxed);
}

void SharedJournal::note_usage(const JournalUsage& usage) noexcept {
  segment_bytes_.store(usage.segment_bytes, std::memory_order_relaxed);
  snapshot_bytes_.store(usage.snapshot_bytes, std::memory_order_relaxed);
}

void SharedJournal::note_full(std::optional<Error> error) {
  const std::lock_guard lock(mutex_);
  full_error_ = std::move(error);
  full_.store(full_error_.has_value(), std::memory_order_relaxed);
}

void SharedJournal::note_snapshot() noexcept {
  no_snapshot_before_.store(0, std::memory_order_relaxed);
  snapshots_.fetch_add(1, std::memory_order_relaxed);
  snapshot_at_ms_.store(clock_.wall_now().time_since_epoch().count(), std::memory_order_relaxed);
}

void SharedJournal::note_failed_snapshot(Duration pause) noexcept {
  failed_snapshots_.fetch_add(1, std::memory_order_relaxed);
  no_snapshot_before_.store(after(clock_.now(), pause).time_since_epoch().count(), std::memory_order_relaxed);
}

}  // namespace understudy
