// The inside of a Journal: its open batch, the segment that it writes, and what is on the disk of them. Snapshots, and
// what goes because of them: journal_snapshots.cpp.
#pragma once

#include "journal/batch_builder.hpp"
#include "journal/invariant.hpp"
#include "journal/recovery.hpp"
#include "journal/removed_files.hpp"
#include "journal/segment_name.hpp"
#include "journal/segment_writer.hpp"
#include "journal/store_id.hpp"
#include "understudy/journal/journal.hpp"

#include <algorithm>
#include <memory>
#include <optional>
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
  bool is_flushing = false;    // between the halves of a flush
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
    require_no_flush();
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
    require_no_flush();
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

  /// For all but writing into room that is there.
  void require_no_flush() const { journal::require(!is_flushing, "a flush is under way beside this"); }

  Result<void> flush() {
    require_no_flush();
    if (durable == committed) return {};
    journal::require(writer.has_value(), "what is committed was written to a segment");
    if (auto flushed = writer->flush(); !flushed) return end(flushed.error());
    durable = committed;
    return {};
  }

  JournalFlush begin_flush() noexcept {
    if (durable == committed || is_flushing) return {};
    is_flushing = true;
    return {.file = writer->file(), .upto = committed, .bytes = writer->bytes()};
  }
  Result<void> end_flush(const JournalFlush& flush, const Result<void>& outcome) {
    is_flushing = false;
    if (!outcome) return end(outcome.error());
    durable = flush.upto;
    writer->note_flushed(flush.bytes);
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

}  // namespace understudy
