#include "understudy/journal/scan.hpp"

#include "journal/journal_files.hpp"
#include "journal/recovery.hpp"
#include "journal/segment_name.hpp"
#include "journal/segment_reader.hpp"
#include "journal/snapshot_name.hpp"
#include "journal/snapshot_reader.hpp"

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

namespace understudy {
namespace journal {
namespace {

class Scanner {
 public:
  Scanner(Storage& storage, JournalScan& scan) noexcept : storage_(storage), scan_(scan) {}

  Result<void> run() {
    const auto files = list_journal_files(storage_);
    if (!files) return std::unexpected(files.error());
    const std::vector<std::uint64_t>& segments = files->segments;
    for (const Lsn covers : files->snapshots) {
      if (auto read = read_snapshot(covers); !read) return read;
    }
    for (std::size_t index = 0; index < segments.size(); ++index) {
      const std::uint64_t number = segments[index];
      const bool begins_late = index == 0 ? number != 1 && files->snapshots.empty() : number != segments[index - 1] + 1;
      if (begins_late) scan_.on_damage({segment_name(number), 0, 0, "the segment before it is missing"});
      if (auto read = read_segment(number, index + 1 == segments.size()); !read) return read;
    }
    tell_pending();
    return {};
  }

 private:
  Result<void> read_segment(std::uint64_t number, bool last) {
    file_ = {.name = segment_name(number)};
    auto opened = storage_.open(file_.name);
    if (!opened) return std::unexpected(opened.error());
    auto reader = SegmentReader::open(std::move(*opened));
    if (!reader) return std::unexpected(reader.error());
    file_.bytes = reader->file_bytes();
    auto head = reader->read_head();
    if (!head) return std::unexpected(head.error());
    if (!*head) {
      auto next = reader->assume_head();
      if (!next) return std::unexpected(next.error());
      note_damage(0, *next, "the segment's head fails its checksum");
      if (!*next) return end_file();
    } else {
      if (!reads_version((*head)->version, format_version)) {
        note_damage(0, std::nullopt, "the segment is of another format version: " + std::to_string((*head)->version));
        return end_file();
      }
      if ((*head)->number != number)
        note_damage(head_layout::number_at, 0, "the segment has another number in its head");
      expect_lsn((*head)->first_lsn, head_layout::first_lsn_at);
    }
    while (true) {
      auto step = reader->next();
      if (!step) return std::unexpected(step.error());
      if (std::holds_alternative<EndOfSegment>(*step)) return end_file();
      if (const auto* damage = std::get_if<Damage>(&*step)) {
        auto next = reader->skip_damage();
        if (!next) return std::unexpected(next.error());
        if (last && !*next) {
          auto content_end = reader->end_of_content(damage->offset);
          if (!content_end) return std::unexpected(content_end.error());
          if (*content_end == damage->offset) return end_file();  // Room reserved for what is to come.
        }
        note_damage(damage->offset, *next, damage->reason);
        if (!*next) return end_file();
        continue;
      }
      if (auto read = read_batch(std::get<GoodBatch>(*step)); !read) return read;
    }
  }

  Result<void> read_batch(const GoodBatch& batch) {
    const BatchHeader& header = batch.header;
    expect_lsn(header.first_lsn, batch.offset);
    if (!is_whole(batch.body, header.count)) {
      note_damage(batch.offset, batch.offset + batch_layout::header_bytes + header.body_bytes,
                  "the batch's records don't fill it");
      return {};
    }
    if (header.count == 0) return {};
    if (file_.records == 0) file_.first_lsn = header.first_lsn;
    file_.records += header.count;
    file_.last_lsn = header.first_lsn + header.count - 1;
    next_lsn_ = file_.last_lsn + 1;
    return replay_records(batch.body, header.first_lsn,
                          [&](const Record& record) { return scan_.on_record(file_, batch.offset, record); });
  }

  /// What is between two places that are good is missing, whatever happened to it.
  void expect_lsn(Lsn found, std::uint64_t offset) {
    if (next_lsn_ && found > *next_lsn_) {
      const std::string records = "records " + std::to_string(*next_lsn_) + " to " + std::to_string(found - 1);
      if (pending_) {
        pending_->what += "; " + records + " stood there";
      } else {
        note_damage(offset, offset, records + " are missing before here");
      }
    } else if (next_lsn_ && found < *next_lsn_) {
      note_damage(offset, offset, "records are repeated from " + std::to_string(found) + " on");
    }
    next_lsn_ = found;
    tell_pending();
  }

  Result<void> read_snapshot(Lsn covers) {
    file_ = {.name = snapshot_name(covers), .is_snapshot = true, .first_lsn = covers};
    auto opened = storage_.open(file_.name);
    if (!opened) return std::unexpected(opened.error());
    auto reader = SnapshotReader::open(std::move(*opened));
    if (!reader) return std::unexpected(reader.error());
    file_.bytes = reader->file_bytes();
    auto head = reader->read_head();
    if (!head) return std::unexpected(head.error());
    if (!*head) {
      auto next = reader->assume_head();
      if (!next) return std::unexpected(next.error());
      note_damage(0, *next, "the snapshot's head fails its checksum");
      if (!*next) return end_file();
    } else if (!reads_version((*head)->version, snapshot_version)) {
      note_damage(0, std::nullopt, "the snapshot is of another format version: " + std::to_string((*head)->version));
      return end_file();
    } else if ((*head)->covers != covers) {
      note_damage(snapshot_layout::covers_at, 0, "the snapshot covers another LSN than its name says");
    }
    while (true) {
      auto step = reader->next();
      if (!step) return std::unexpected(step.error());
      if (const auto* end = std::get_if<SnapshotEnd>(&*step)) {
        file_.last_lsn = end->end_lsn;
        return end_file();
      }
      if (const auto* damage = std::get_if<Damage>(&*step)) {
        auto next = reader->skip_damage();
        if (!next) return std::unexpected(next.error());
        note_damage(damage->offset, *next, damage->reason);
        if (!*next) return end_file();
        continue;
      }
      const GoodBlock& block = std::get<GoodBlock>(*step);
      file_.records += block.count;
      auto read = replay_records(block.body, covers, [&](const Record& record) {
        return scan_.on_record(file_, block.offset, {covers, record.kind, record.payload});
      });
      if (!read) return read;
    }
  }

  /// `good_again`: where; empty: nowhere in this file. 0: nothing is lost by it.
  void note_damage(std::uint64_t offset, std::optional<std::uint64_t> good_again, std::string what) {
    const std::uint64_t end = good_again.value_or(file_.bytes);
    tell_pending();
    pending_ = ScannedDamage{file_.name, offset, end > offset ? end - offset : 0, std::move(what)};
  }
  /// Told late: the next good place shows which records it has cost.
  void tell_pending() {
    if (pending_) scan_.on_damage(*std::exchange(pending_, std::nullopt));
  }
  Result<void> end_file() {
    if (file_.is_snapshot) tell_pending();
    scan_.on_file(file_);
    return {};
  }

  Storage& storage_;
  JournalScan& scan_;
  ScannedFile file_;  // being read
  std::optional<Lsn> next_lsn_;
  std::optional<ScannedDamage> pending_;
};

}  // namespace
}  // namespace journal

Result<void> scan_journal(Storage& storage, JournalScan& scan) { return journal::Scanner(storage, scan).run(); }

Result<RecoveryReport> examine_journal(Storage& storage, const ReplayFunction& apply) {
  auto recovered = journal::recover(storage, apply, journal::Recovery::look_only);
  if (!recovered) return std::unexpected(recovered.error());
  return std::move(recovered->report);
}

}  // namespace understudy
