#include "journal/recovery.hpp"

#include "journal/invariant.hpp"
#include "journal/journal_files.hpp"
#include "journal/segment_name.hpp"
#include "journal/segment_reader.hpp"
#include "journal/snapshot_name.hpp"
#include "journal/snapshot_reader.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace understudy::journal {

namespace {

/// What is left to do once everything was read.
struct Cut {
  std::unique_ptr<StorageFile> file;
  TornTail torn_tail;
  /// Only room that was reserved: nothing to report.
  bool is_room = false;
};

class StartUp {
 public:
  StartUp(Storage& storage, const ReplayFunction& apply, Recovery recovery, const ProgressFunction& progress,
          Lsn durable_lsn) noexcept
      : storage_(storage), apply_(apply), recovery_(recovery), on_progress_(progress), durable_lsn_(durable_lsn) {}

  Result<Recovered> run() {
    auto listed = list_journal_files(storage_);
    if (!listed) return std::unexpected(listed.error());
    files_ = std::move(*listed);
    if (on_progress_) {
      if (auto measured = measure_files(); !measured) return std::unexpected(measured.error());
    }
    if (const auto newest = files_.newest_snapshot()) {
      if (auto loaded = load_snapshot(*newest); !loaded) return std::unexpected(loaded.error());
    }
    // Without a snapshot nothing has ever been removed.
    const std::vector<std::uint64_t>& segments = files_.segments;
    const std::uint64_t first = snapshot_ && !segments.empty() ? segments.front() : 1;
    for (std::size_t index = 0; index < segments.size(); ++index) {
      const std::uint64_t number = first + index;
      if (const std::uint64_t found = segments[index]; found != number) {
        file_ = segment_name(number);
        return std::unexpected(damaged(0, "the segment is missing, though there is " + segment_name(found)));
      }
      const bool last = index + 1 == segments.size();
      if (auto read = read_segment(number, last); !read) return std::unexpected(read.error());
    }
    if (auto fits = check_that_snapshot_fits(); !fits) return std::unexpected(fits.error());
    if (recovered_.last_lsn < durable_lsn_) {
      return std::unexpected(damaged(end_of_what_holds(), "the records up to LSN " + std::to_string(durable_lsn_) +
                                                              " had been flushed by this program, and are not there"));
    }
    if (recovery_ == Recovery::mend) {
      if (auto mended = mend(); !mended) return std::unexpected(mended.error());
    }
    if (cut_ && !cut_->is_room) recovered_.report.torn_tail = std::move(cut_->torn_tail);
    recovered_.report.last_lsn = recovered_.last_lsn;
    return std::move(recovered_);
  }

 private:
  /// What there is to read.
  Result<void> measure_files() {
    for (const std::string& name : files_.names_to_read()) {
      auto file = storage_.open(name);
      if (!file) return std::unexpected(file.error());
      auto bytes = (*file)->size();
      if (!bytes) return std::unexpected(bytes.error());
      progress_.bytes_total += *bytes;
    }
    return {};
  }
  /// The file that is being read has come to `offset`; or to its end, which is told in any case.
  void note_progress(std::uint64_t offset, bool ends = false) {
    constexpr std::uint64_t told_bytes = std::uint64_t{256} << 10U;
    if (!on_progress_) return;
    const std::uint64_t bytes = files_bytes_ + offset;
    if (ends) files_bytes_ = bytes;
    if (!ends && bytes - progress_.bytes < told_bytes) return;
    progress_.bytes = bytes;
    on_progress_(progress_);
  }

  Result<void> load_snapshot(Lsn covers) {
    file_ = snapshot_name(covers);
    auto file = storage_.open(file_);
    if (!file) return std::unexpected(file.error());
    auto reader = SnapshotReader::open(std::move(*file));
    if (!reader) return std::unexpected(reader.error());
    auto head = reader->read_head();
    if (!head) return std::unexpected(head.error());
    if (!*head) return std::unexpected(damaged(0, "the snapshot's head fails its checksum"));
    if (!reads_version((*head)->version, snapshot_version)) {
      return std::unexpected(unknown_version("snapshot", (*head)->version, snapshot_version));
    }
    if ((*head)->covers != covers) {
      return std::unexpected(damaged(
          snapshot_layout::covers_at,
          "the snapshot says that it covers LSN " + std::to_string((*head)->covers) + ", not what its name says"));
    }
    snapshot_ = **head;
    recovered_.store_id = snapshot_->store_id;
    SnapshotReport report{.file = file_, .covers = covers, .bytes = reader->file_bytes()};
    while (true) {
      auto step = reader->next();
      if (!step) return std::unexpected(step.error());
      if (const auto* damage = std::get_if<Damage>(&*step))
        return std::unexpected(damaged(damage->offset, damage->reason));
      if (const auto* end = std::get_if<SnapshotEnd>(&*step)) {
        report.records = end->records;
        report.end_lsn = end->end_lsn;
        recovered_.report.snapshot = std::move(report);
        note_progress(reader->file_bytes(), true);
        return {};
      }
      const GoodBlock& block = std::get<GoodBlock>(*step);
      const auto apply = [&](const Record& record) { return apply_({covers, record.kind, record.payload}); };
      if (auto applied = replay_records(block.body, covers, apply); !applied) return applied;
      progress_.records += block.count;
      note_progress(block.offset);
    }
  }

  /// Where the journal's records are those that the snapshot was made beside, its chain has at one place the value that
  /// the snapshot names.
  void look_for_link() noexcept {
    if (snapshot_ && recovered_.last_lsn == snapshot_->link_lsn && recovered_.chain == snapshot_->link) linked_ = true;
  }

  Result<void> check_that_snapshot_fits() {
    if (!snapshot_) return {};
    const SnapshotReport& report = *recovered_.report.snapshot;
    file_ = report.file;
    if (recovered_.last_lsn < report.end_lsn) {
      return std::unexpected(damaged(0, "the snapshot shows records up to LSN " + std::to_string(report.end_lsn) +
                                            ", and the journal ends before that: segments are missing or cut short"));
    }
    if (!linked_) {
      return std::unexpected(damaged(0, "the segments that are there don't follow on the snapshot"));
    }
    return {};
  }

  Result<void> read_segment(std::uint64_t number, bool last) {
    file_ = segment_name(number);
    auto file = storage_.open(file_);
    if (!file) return std::unexpected(file.error());
    if (last) {
      if (auto settled = settle(**file); !settled) return settled;
    }
    auto reader = SegmentReader::open(std::move(*file));
    if (!reader) return std::unexpected(reader.error());
    auto head = reader->read_head();
    if (!head) return std::unexpected(head.error());
    if (!*head) {
      if (last && reader->file_bytes() <= head_layout::bytes) {
        cut_ = Cut{
            .file = nullptr,
            .torn_tail = {file_, 0, reader->file_bytes(), "a segment whose creation was not finished"},
        };
        return {};
      }
      return std::unexpected(damaged(0, "the segment's head fails its checksum"));
    }
    if (recovered_.last_segment == 0 && number > 1) {
      // What was before it was removed; that this is the right place to go on from is for the link to show.
      recovered_.last_lsn = (*head)->first_lsn - 1;
      recovered_.chain = (*head)->previous;
    }
    look_for_link();
    if (auto fits = check_head(**head, number); !fits) return fits;
    recovered_.store_id = (*head)->store_id;
    recovered_.last_segment = number;
    recovered_.marked = 0;
    recovered_.chain = (*head)->checksum;
    look_for_link();
    ++recovered_.report.segments;
    recovered_.segments.push_back({.number = number, .first_lsn = (*head)->first_lsn, .bytes = 0});
    reserves_ = (*head)->version >= reserving_version;
    auto replayed = read_batches(*reader, last);
    recovered_.segments.back().bytes = cut_ ? cut_->torn_tail.offset : reader->file_bytes();
    return replayed;
  }

  /// Makes what is read be what the disk has: see the contract of Storage on failed flushes.
  static Result<void> settle(StorageFile& file) {
    if (auto flushed = file.flush(); !flushed) return flushed;
    return file.forget_cache();
  }

  Result<void> check_head(const SegmentHead& head, std::uint64_t number) const {
    if (!reads_version(head.version, format_version)) {
      return std::unexpected(unknown_version("segment", head.version, format_version));
    }
    if (recovered_.store_id && head.store_id != *recovered_.store_id) {
      return std::unexpected(damaged(head_layout::store_id_at, "the segment belongs to another store"));
    }
    if (head.number != number) {
      return std::unexpected(
          damaged(head_layout::number_at,
                  "the segment says that it is number " + std::to_string(head.number) + ", not what its name says"));
    }
    if (head.first_lsn != recovered_.last_lsn + 1) {
      return std::unexpected(damaged(
          head_layout::first_lsn_at,
          "the segment begins with LSN " + std::to_string(head.first_lsn) + ": records are missing or repeated"));
    }
    if (head.previous != recovered_.chain) {
      return std::unexpected(damaged(head_layout::previous_at, "the segment doesn't follow on the one before it"));
    }
    return {};
  }

  Result<void> read_batches(SegmentReader& reader, bool last) {
    while (true) {
      auto step = reader.next();
      if (!step) return std::unexpected(step.error());
      if (std::holds_alternative<EndOfSegment>(*step)) {
        recovered_.report.bytes += reader.file_bytes();
        note_progress(reader.file_bytes(), true);
        return {};
      }
      if (auto* damage = std::get_if<Damage>(&*step)) return judge(reader, std::move(*damage), last);
      const GoodBatch& batch = std::get<GoodBatch>(*step);
      if (auto replayed = replay(batch); !replayed) return replayed;
      note_progress(batch.offset);
    }
  }

  Result<void> replay(const GoodBatch& batch) {
    const BatchHeader& header = batch.header;
    if (header.first_lsn != recovered_.last_lsn + 1) {
      return std::unexpected(damaged(batch.offset, "the batch begins with LSN " + std::to_string(header.first_lsn) +
                                                       ": records are missing or repeated"));
    }
    if (header.previous != recovered_.chain) {
      return std::unexpected(damaged(batch.offset, "the batch doesn't follow on the one before it"));
    }
    if (header.durable_lsn >= header.first_lsn) {
      return std::unexpected(damaged(batch.offset, "the batch says that later records were flushed before it"));
    }
    if (!is_whole(batch.body, header.count)) {
      return std::unexpected(damaged(batch.offset, "the batch's records don't fill it"));
    }
    const Lsn covered = snapshot_ ? snapshot_->covers : 0;
    const Lsn last_lsn = recovered_.last_lsn + header.count;
    if (last_lsn > covered) {
      if (auto applied = replay_after(covered, batch); !applied) return applied;
    }
    recovered_.last_lsn = last_lsn;
    recovered_.marked = header.durable_lsn;
    recovered_.chain = header.checksum;
    look_for_link();
    return {};
  }

  Result<void> replay_after(Lsn covered, const GoodBatch& batch) {
    const auto apply = [&](const Record& record) -> Result<void> {
      if (record.lsn <= covered) return {};
      if (recovered_.report.first_lsn == 0) recovered_.report.first_lsn = record.lsn;
      ++recovered_.report.records;
      ++progress_.records;
      return apply_(record);
    };
    return replay_records(batch.body, batch.header.first_lsn, apply);
  }

  /// A torn tail, to be cut, or rot, which is an error.
  Result<void> judge(SegmentReader& reader, Damage damage, bool last) {
    if (!last) {
      return std::unexpected(
          damaged(damage.offset, damage.reason + ", in a segment that was flushed before the next one was made"));
    }
    // Without the room, where the segment may have some.
    Result<std::uint64_t> content_end = reserves_ ? reader.end_of_content(damage.offset) : reader.file_bytes();
    if (!content_end) return std::unexpected(content_end.error());
    if (*content_end == damage.offset) {
      recovered_.report.bytes += damage.offset;
      cut_ = Cut{.file = reader.release_file(), .torn_tail = {file_, damage.offset, 0, {}}, .is_room = true};
      return {};
    }
    if (snapshot_ && recovered_.last_lsn < recovered_.report.snapshot->end_lsn) {
      return std::unexpected(damaged(damage.offset, damage.reason + ", though it had been flushed, as " +
                                                        recovered_.report.snapshot->file + " proves"));
    }
    auto proof = reader.find_durable_mark(damage.offset + 1, recovered_.last_lsn + 1);
    if (!proof) return std::unexpected(proof.error());
    if (*proof) {
      return std::unexpected(damaged(damage.offset, damage.reason + ", though it had been flushed, as offset " +
                                                        std::to_string(**proof) + " proves"));
    }
    recovered_.report.bytes += damage.offset;
    const std::uint64_t bytes_cut = *content_end - damage.offset;
    cut_ = Cut{.file = reader.release_file(), .torn_tail = {file_, damage.offset, bytes_cut, std::move(damage.reason)}};
    return {};
  }

  Result<void> mend() {
    if (cut_) {
      if (auto made = make_cut(); !made) return made;
    }
    for (const std::string& name : files_.unfinished) {
      if (auto removed = storage_.remove(name); !removed) return removed;
    }
    return {};
  }

  Result<void> make_cut() {
    if (cut_->file) {
      if (auto cut = cut_->file->truncate(cut_->torn_tail.offset); !cut) return cut;
      if (auto flushed = cut_->file->flush(); !flushed) return flushed;
    } else {
      require(cut_->torn_tail.bytes_cut <= head_layout::bytes, "only a segment without a batch is removed");
      if (auto removed = storage_.remove(cut_->torn_tail.file); !removed) return removed;
    }
    return {};
  }

  [[nodiscard]] Error unknown_version(const char* what, std::uint32_t found, std::uint32_t known) const {
    return damaged(head_layout::version_at, std::string("the ") + what + " has format version " +
                                                std::to_string(found) + ", and this program knows those up to " +
                                                std::to_string(known) + " only: a newer program wrote it");
  }
  /// In the file that was read last.
  [[nodiscard]] std::uint64_t end_of_what_holds() const {
    if (cut_) return cut_->torn_tail.offset;
    return recovered_.segments.empty() ? 0 : recovered_.segments.back().bytes;
  }

  /// The error for damage in the current file. Its LSN: of the first record that can't be had.
  Error damaged(std::uint64_t offset, const std::string& what) const {
    return Error(ErrorCode::data_damaged, storage_.describe() + "/" + file_ + ", offset " + std::to_string(offset) +
                                              ", LSN " + std::to_string(recovered_.last_lsn + 1) + ": " + what +
                                              ". Nothing was changed; copy the directory aside before anything else");
  }

  Storage& storage_;
  const ReplayFunction& apply_;
  const Recovery recovery_;
  const ProgressFunction& on_progress_;
  const Lsn durable_lsn_;
  JournalProgress progress_;
  std::uint64_t files_bytes_ = 0;  // of the files that have been read to their end
  JournalFiles files_;
  std::optional<SnapshotHead> snapshot_;  // the one that was loaded
  bool linked_ = false;
  Recovered recovered_;
  std::string file_;       // the file being read
  bool reserves_ = false;  // the segment being read may end in zeros
  std::optional<Cut> cut_;
};

}  // namespace

Result<Recovered> recover(Storage& storage, const ReplayFunction& apply, Recovery recovery,
                          const ProgressFunction& progress, Lsn durable_lsn) {
  return StartUp(storage, apply, recovery, progress, durable_lsn).run();
}

}  // namespace understudy::journal

namespace understudy {

std::string describe(const TornTail& torn) {
  return "cut " + std::to_string(torn.bytes_cut) + " bytes of an unfinished write off " + torn.file + " at offset " +
         std::to_string(torn.offset) + ": " + torn.reason;
}

}  // namespace understudy
