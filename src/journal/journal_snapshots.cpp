// A journal's snapshots: begun, made to count, and what they make superfluous removed.
#include "journal/journal_state.hpp"
#include "journal/snapshot_name.hpp"
#include "journal/snapshot_state.hpp"

namespace understudy {

Result<void> Journal::State::remove_unfinished_snapshots() {
  auto names = storage->list();
  if (!names) return std::unexpected(names.error());
  for (const std::string& name : *names) {
    if (!journal::is_unfinished_snapshot(name)) continue;
    if (auto removed = storage->remove(name); !removed) return removed;
  }
  return {};
}

Result<std::unique_ptr<SnapshotWriter>> Journal::State::begin_snapshot(Lsn covers) {
  if (committed == 0) return failure(ErrorCode::invalid_argument, "there is nothing yet to make a snapshot of");
  if (covers > committed + batch.count()) {
    return failure(ErrorCode::invalid_argument, "a snapshot can't cover LSN " + std::to_string(covers) +
                                                    ": the last one is " + std::to_string(committed + batch.count()));
  }
  if (auto removed = remove_unfinished_snapshots(); !removed) return std::unexpected(removed.error());
  journal::SnapshotHead head;
  head.store_id = store_id;
  head.covers = covers;
  head.link_lsn = committed;
  head.link = writer ? writer->chain() : chain;
  auto created = SnapshotWriter::State::create(*storage, head);
  if (!created) return std::unexpected(created.error());
  segment_wanted = true;
  (*created)->number = ++snapshots_begun;
  return std::unique_ptr<SnapshotWriter>(new SnapshotWriter(std::move(*created)));
}

Result<void> Journal::State::install(const SnapshotWriter::State& sealed) {
  if (!sealed.sealed_at) return failure(ErrorCode::invalid_argument, "a snapshot is sealed before it counts");
  if (sealed.head.store_id != store_id || sealed.number != snapshots_begun) {
    return failure(ErrorCode::invalid_argument, "another snapshot has been begun since, or it is another journal's");
  }
  if (*sealed.sealed_at > durable) {
    return failure(ErrorCode::invalid_argument, "the snapshot ends at LSN " + std::to_string(*sealed.sealed_at) +
                                                    ", and the journal is durable up to " + std::to_string(durable));
  }
  const Lsn covers = sealed.head.covers;
  if (snapshot && snapshot->covers >= covers) return storage->remove(journal::unfinished_snapshot_name(covers));
  const std::string name = journal::snapshot_name(covers);
  if (auto renamed = storage->rename(journal::unfinished_snapshot_name(covers), name); !renamed) return renamed;
  snapshot = SnapshotReport{
      .file = name, .covers = covers, .end_lsn = *sealed.sealed_at, .records = sealed.records, .bytes = sealed.bytes};
  needed_after = std::min(covers, sealed.head.link_lsn);
  if (auto removed = remove_older_snapshots(); !removed) return removed;
  return remove_covered_segments();
}

Result<void> Journal::State::remove_older_snapshots() {
  auto names = storage->list();
  if (!names) return std::unexpected(names.error());
  for (const std::string& name : *names) {
    const auto covers = journal::snapshot_covers(name);
    if (!covers || *covers >= snapshot->covers) continue;
    if (auto gone = removed.remove(*storage, name); !gone) return gone;
  }
  return {};
}

/// Removes whole segments that start-up needs no more, the oldest first, so that those that are left follow on one
/// another however far this gets. The last one stays until there is another.
Result<void> Journal::State::remove_covered_segments() {
  if (needed_after == 0) return {};  // Without a snapshot the journal begins with segment 1, be it without a record.
  while (segments.size() > 1 && segments[1].first_lsn <= needed_after + 1) {
    if (auto gone = removed.remove(*storage, journal::segment_name(segments.front().number)); !gone) return gone;
    segments.erase(segments.begin());
  }
  return {};
}

}  // namespace understudy
