#include "understudy/journal/journal.hpp"

#include "journal/batch_builder.hpp"
#include "journal/invariant.hpp"
#include "journal/recovery.hpp"
#include "journal/removed_files.hpp"
#include "journal/segment_name.hpp"
#include "journal/segment_writer.hpp"
#include "journal/snapshot_name.hpp"
#include "journal/snapshot_state.hpp"
#include "journal/store_id.hpp"
#include "understudy/runtime/detail/library_call.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace understudy {

struct Journal::State {
  std::shared_ptr<Storage> storage;
  std::unique_ptr<DirectoryLock> lock;
  JournalOptions options;
  journal::StoreId store_id{};
  RecoveryReport report;

  journal::BatchBuilder batch;                   // added, not committed
  std::optional<journal::SegmentWriter> writer;  // empty until this life's first batch is written
  std::uint64_t last_segment = 0;
  std::uint64_t chain = 0;      // at the end of the last segment, while there is no writer
  bool segment_wanted = false;  // the next batch begins a segment, for a snapshot has begun
  // The option, or less where the system lets no file be that large.
  std::uint64_t segment_bytes_max = 0;
  std::vector<journal::KeptSegment> segments;
  std::optional<SnapshotReport> snapshot;
  std::uint64_t snapshots_begun = 0;
  journal::RemovedFiles removed{removed_files_max};
  // Segments without a record after it are superfluous: of the snapshot that was installed in this life. Not of an
  // earlier one: its link may stand before a closing mark, in the last segment that it covers.
  Lsn needed_after = 0;

  // durable <= committed <= committed + batch.count(), the last LSN given out.
  Lsn committed = 0;
  Lsn durable = 0;
  Lsn marked = 0;              // the newest durable mark in the file
  std::optional<Error> ended;  // what every later call is told

  [[nodiscard]] std::unexpected<Error> end(const Error& reason) {
    ended = Error(ErrorCode::storage_failed,
                  "the journal ended and must be opened again, after: " + std::string(reason.message()));
    batch.clear();
    return std::unexpected(reason);
  }

  /// It may have changed: looked at with each segment, and when room is looked for.
  void note_limit() noexcept { segment_bytes_max = std::min(options.segment_bytes_max, storage->file_bytes_max()); }

  Result<void> begin_segment() {
    journal::require(durable == committed, "a segment is flushed before the next one is created");
    note_limit();
    journal::SegmentHead head;
    head.store_id = store_id;
    head.number = last_segment + 1;
    head.first_lsn = committed + 1;
    head.previous = writer ? writer->chain() : chain;
    auto created = journal::SegmentWriter::create(*storage, head);
    if (!created) return std::unexpected(created.error());
    writer = std::move(*created);
    last_segment = head.number;
    segments.push_back({.number = head.number, .first_lsn = head.first_lsn, .bytes = writer->bytes()});
    segment_wanted = false;
    // What it could not be without a moment ago. If it stays, the next snapshot removes it.
    static_cast<void>(remove_covered_segments());
    return {};
  }

  /// Before the next one is created: all of this one is on the disk, and nothing but its batches.
  Result<void> finish_segment() {
    if (auto flushed = flush(); !flushed) return flushed;
    if (writer->file_bytes() == writer->bytes()) return {};
    if (auto trimmed = writer->trim(); !trimmed) return trimmed;
    return writer->flush();
  }

  Result<void> next_segment() {
    if (writer) {
      if (auto finished = finish_segment(); !finished) return finished;
    }
    return begin_segment();
  }

  /// Makes the segment that the open batch goes to.
  Result<void> find_segment() {
    const bool full =
        writer && !writer->empty() && (segment_wanted || writer->bytes() + batch.bytes() > segment_bytes_max);
    return writer && !full ? Result<void>{} : next_segment();
  }

  [[nodiscard]] JournalUsage usage() const noexcept {
    JournalUsage usage{.segments = segments.size()};
    for (const journal::KeptSegment& segment : segments) usage.segment_bytes += segment.bytes;
    if (writer) usage.reserved_bytes = writer->file_bytes() - writer->bytes();
    if (snapshot) usage.snapshot_bytes = snapshot->bytes;
    return usage;
  }

  [[nodiscard]] std::uint64_t bytes_used() const noexcept {
    const JournalUsage now = usage();
    return now.segment_bytes + now.snapshot_bytes;
  }
  [[nodiscard]] bool is_within_limit(std::uint64_t wanted) const noexcept {
    if (options.bytes_max == 0) return true;
    const std::uint64_t used = bytes_used();
    return used <= options.bytes_max && wanted <= options.bytes_max - used;
  }
  Result<void> check_limit(std::uint64_t wanted) const {
    if (is_within_limit(wanted)) return {};
    return failure(ErrorCode::storage_full, storage->describe() + " has " + std::to_string(bytes_used()) +
                                                " bytes, and may have " + std::to_string(options.bytes_max) +
                                                ": raise the limit, or take a snapshot, which lets go of what it "
                                                "replaces");
  }

  /// After a failure: if it was for want of room, all is as before; else nobody knows what the disk has.
  std::unexpected<Error> end_unless_full(const Error& reason) {
    return reason == ErrorCode::storage_full ? std::unexpected(reason) : end(reason);
  }

  /// Lets go of the last segment if a snapshot has made it superfluous: by beginning another.
  Result<void> replace_covered_segment() {
    if (needed_after == 0 || segments.empty() || committed > needed_after || (writer && writer->empty())) return {};
    return next_segment();
  }

  /// What the journal's limit must leave for the batches to come.
  [[nodiscard]] std::uint64_t least_room() const noexcept {
    return std::min(options.reserved_bytes / 2, options.bytes_max / 8);
  }
  /// Where the reserved room should end, if there is too little of it.
  [[nodiscard]] std::optional<std::uint64_t> room_to_reserve() const noexcept {
    const std::uint64_t end = std::min(writer->bytes() + options.reserved_bytes, segment_bytes_max);
    const bool is_enough = writer->file_bytes() - writer->bytes() >= options.reserved_bytes / 2;
    return is_enough || writer->file_bytes() >= end ? std::nullopt : std::optional(end);
  }
  [[nodiscard]] bool lacks_room() const noexcept {
    return !writer || room_to_reserve() || !is_within_limit(least_room());
  }

  Result<void> find_room() {
    note_limit();
    if (!is_within_limit(least_room())) {
      if (auto replaced = replace_covered_segment(); !replaced) return replaced;
      if (auto within = check_limit(least_room()); !within) return within;
    }
    if (!writer) {
      if (auto begun = begin_segment(); !begun) return begun;
    }
    const auto end = room_to_reserve();
    return end ? writer->reserve(*end) : Result<void>{};
  }
  Result<void> reserve_ahead() {
    if (auto found = find_room(); !found) return end_unless_full(found.error());
    return {};
  }

  Result<void> flush() {
    if (durable == committed) return {};
    journal::require(writer.has_value(), "what is committed was written to a segment");
    if (auto flushed = writer->flush(); !flushed) return end(flushed.error());
    durable = committed;
    return {};
  }

  Result<void> write_batch() {
    if (auto within = check_limit(batch.bytes()); !within) return within;
    if (auto found = find_segment(); !found) return found;
    return writer->append(batch, committed + 1, durable);
  }

  Result<void> commit() {
    if (batch.empty()) return {};
    if (auto written = write_batch(); !written) {
      batch.clear();
      return end_unless_full(written.error());
    }
    segments.back().bytes = writer->bytes();
    committed += batch.count();
    marked = durable;
    batch.clear();
    return {};
  }

  /// Gives back what is reserved, and says that all is flushed.
  Result<void> mark() {
    if (!writer) return {};
    journal::require(batch.empty(), "the closing mark has no records");
    if (auto trimmed = writer->trim(); !trimmed) return end(trimmed.error());
    if (marked != durable) {
      auto written = writer->append(batch, committed + 1, durable);
      // Without room for the mark, the last group can't be told from an unfinished write, should it be damaged.
      if (!written && written.error() != ErrorCode::storage_full) return end(written.error());
    }
    if (auto flushed = writer->flush(); !flushed) return end(flushed.error());
    marked = durable;
    return {};
  }

  Result<std::unique_ptr<SnapshotWriter>> begin_snapshot(Lsn covers);
  Result<void> remove_unfinished_snapshots();
  Result<void> install(const SnapshotWriter::State& sealed);
  Result<void> remove_older_snapshots();
  Result<void> remove_covered_segments();
};

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

Result<std::unique_ptr<Journal>> Journal::open(std::shared_ptr<Storage> storage, const JournalOptions& options,
                                               const ReplayFunction& apply) {
  if (options.segment_bytes_max == 0) {
    return failure(ErrorCode::invalid_argument, "a journal's segments can't have a size limit of 0 bytes");
  }
  auto lock = storage->lock();
  if (!lock) return std::unexpected(lock.error());
  auto recovered = journal::recover(*storage, apply, journal::Recovery::mend, options.on_progress, options.durable_lsn);
  if (!recovered) return std::unexpected(recovered.error());

  auto state = std::make_unique<State>();
  state->storage = std::move(storage);
  state->lock = std::move(*lock);
  state->options = options;
  state->options.random = nullptr;  // The caller's, for the time of this call; what is told as well.
  state->options.on_progress = {};
  if (recovered->store_id) {
    state->store_id = *recovered->store_id;
  } else if (options.random != nullptr) {
    state->store_id = journal::draw_store_id(*options.random);
  } else {
    state->store_id = journal::draw_store_id(*make_system_random());
  }
  state->report = std::move(recovered->report);
  state->last_segment = recovered->last_segment;
  state->segments = std::move(recovered->segments);
  state->snapshot = state->report.snapshot;
  state->chain = recovered->chain;
  state->committed = recovered->last_lsn;
  state->durable = recovered->last_lsn;
  state->marked = recovered->last_lsn;
  return std::unique_ptr<Journal>(new Journal(std::move(state)));
}

Journal::Journal(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}
Journal::~Journal() = default;

namespace {

/// An incarnation that was taken from its thread, and has come back, writes no more: its successor may have the
/// journal.
Result<void> refuse_if_replaced() {
  if (!detail::caller_is_fenced()) return {};
  detail::count_refused();
  return failure(ErrorCode::cancelled, "this incarnation has been replaced: it may not write to the journal any more");
}

}  // namespace

Result<Lsn> Journal::add(RecordKind kind, BytesView payload) {
  if (auto refused = refuse_if_replaced(); !refused) return std::unexpected(refused.error());
  if (state_->ended) return std::unexpected(*state_->ended);
  if (auto added = state_->batch.add(kind, payload); !added) return std::unexpected(added.error());
  return last_lsn();
}

Result<void> Journal::commit() {
  if (auto refused = refuse_if_replaced(); !refused) return refused;
  if (state_->ended) return std::unexpected(*state_->ended);
  return state_->commit();
}

Result<void> Journal::reserve_ahead() {
  if (auto refused = refuse_if_replaced(); !refused) return refused;
  if (state_->ended) return std::unexpected(*state_->ended);
  return state_->reserve_ahead();
}

Result<void> Journal::flush() {
  if (auto refused = refuse_if_replaced(); !refused) return refused;
  if (state_->ended) return std::unexpected(*state_->ended);
  return state_->flush();
}

Result<void> Journal::close() {
  if (auto refused = refuse_if_replaced(); !refused) return refused;  // File and lock are its successor's, too.
  Result<void> closed;
  if (state_->ended) closed = std::unexpected(*state_->ended);
  if (closed) closed = state_->commit();
  if (closed) closed = state_->flush();
  if (closed) closed = state_->mark();
  if (closed) state_->ended = Error(ErrorCode::storage_failed, "the journal is closed");
  state_->writer.reset();
  state_->lock.reset();
  return closed;
}

Result<std::unique_ptr<SnapshotWriter>> Journal::begin_snapshot(Lsn covers) {
  if (auto refused = refuse_if_replaced(); !refused) return std::unexpected(refused.error());
  if (state_->ended) return std::unexpected(*state_->ended);
  return state_->begin_snapshot(covers);
}

Result<void> Journal::install_snapshot(const SnapshotWriter& snapshot) {
  if (auto refused = refuse_if_replaced(); !refused) return refused;
  if (state_->ended) return std::unexpected(*state_->ended);
  return state_->install(*snapshot.state_);
}

Lsn Journal::last_lsn() const noexcept { return state_->committed + state_->batch.count(); }
Lsn Journal::committed_lsn() const noexcept { return state_->committed; }
Lsn Journal::durable_lsn() const noexcept { return state_->durable; }
std::size_t Journal::open_batch_bytes() const noexcept { return state_->batch.empty() ? 0 : state_->batch.bytes(); }
const RecoveryReport& Journal::recovery() const noexcept { return state_->report; }
const std::optional<SnapshotReport>& Journal::snapshot() const noexcept { return state_->snapshot; }

JournalUsage Journal::usage() const noexcept { return state_->usage(); }
bool Journal::lacks_room() const noexcept { return state_->lacks_room(); }
std::vector<std::unique_ptr<StorageFile>> Journal::take_removed() noexcept { return state_->removed.take(); }
bool Journal::has_room_ready(std::size_t batch_bytes) const noexcept {
  return state_->writer && !state_->segment_wanted && state_->writer->has_reserved(batch_bytes);
}

}  // namespace understudy
