#include "understudy/journal/copy.hpp"

#include "journal/batch_builder.hpp"
#include "journal/copying_storage.hpp"
#include "journal/recovery.hpp"
#include "journal/segment_name.hpp"
#include "journal/segment_reader.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace understudy {
namespace journal {
namespace {

const ReplayFunction look_only = [](const Record& /*record*/) { return Result<void>{}; };

class Copier {
 public:
  Copier(Storage& source, Storage& target, const CopyOptions& options) noexcept
      : source_(source), target_(target), options_(options) {}

  Result<JournalCopy> run() {
    if (auto empty = expect_empty_target(); !empty) return std::unexpected(empty.error());
    std::string why;
    for (unsigned attempt = 0; attempt < options_.attempts_max; ++attempt) {
      if (attempt > 0) {
        if (options_.on_start_over) options_.on_start_over(why);
        if (auto emptied = empty_target(); !emptied) return std::unexpected(emptied.error());
      }
      auto files = CopyingStorage::open(source_, target_);
      if (!files) return std::unexpected(files.error());
      if (!*files) {
        why = "files that were listed have been removed since";
        continue;
      }
      if (!(*files)->has_journal()) {
        return failure(ErrorCode::invalid_argument, "there is no journal in " + source_.describe());
      }
      auto copied = recover(**files, look_only, Recovery::look_only, counted(1));
      if (copied) return finish(std::move(*copied));
      if (copied.error().code() != ErrorCode::data_damaged) return std::unexpected(copied.error());
      auto changed = (*files)->source_has_changed();
      if (!changed) return std::unexpected(changed.error());
      if (!*changed) return std::unexpected(copied.error());
      why = "a snapshot has taken the place of what was being copied";
    }
    return failure(ErrorCode::storage_failed, "the journal in " + source_.describe() + " has changed under each of " +
                                                  std::to_string(options_.attempts_max) +
                                                  " attempts to copy it: " + why);
  }

 private:
  Result<void> expect_empty_target() {
    auto names = target_.list();
    if (!names) return std::unexpected(names.error());
    if (names->empty()) return {};
    return failure(ErrorCode::invalid_argument, target_.describe() + " is not empty: it has " + names->front());
  }
  Result<void> empty_target() {
    auto names = target_.list();
    if (!names) return std::unexpected(names.error());
    for (const std::string& name : *names) {
      if (auto removed = target_.remove(name); !removed) return removed;
    }
    return {};
  }

  /// Progress of the first or the second half.
  ProgressFunction counted(int half) const {
    if (!options_.on_progress) return {};
    return [this, half](JournalProgress progress) {
      if (half == 2) progress.bytes += progress.bytes_total;
      progress.bytes_total *= 2;
      options_.on_progress(progress);
    };
  }

  Result<JournalCopy> finish(Recovered copied) {
    JournalCopy copy{.snapshot = std::move(copied.report.snapshot),
                     .records = copied.report.records,
                     .last_lsn = copied.last_lsn,
                     .segments = copied.report.segments,
                     .left_out = std::move(copied.report.torn_tail)};
    if (copy.left_out && copy.left_out->offset == 0) {
      if (auto removed = target_.remove(copy.left_out->file); !removed) return std::unexpected(removed.error());
    }
    if (copied.last_segment != 0) {
      if (auto ended = end_last_segment(copied); !ended) return std::unexpected(ended.error());
    }
    if (auto settled = settle_all(copy); !settled) return std::unexpected(settled.error());
    if (auto read = read_back(copy); !read) return std::unexpected(read.error());
    return copy;
  }

  /// Cuts off what is behind the last batch, and puts a closing mark there.
  Result<void> end_last_segment(const Recovered& copied) {
    auto opened = target_.open(segment_name(copied.last_segment));
    if (!opened) return std::unexpected(opened.error());
    auto reader = SegmentReader::open(std::move(*opened));
    if (!reader) return std::unexpected(reader.error());
    auto head = reader->read_head();
    if (!head) return std::unexpected(head.error());
    if (!*head) return written_wrongly(segment_name(copied.last_segment) + " has no head");
    const std::uint64_t end = copied.segments.back().bytes;
    const std::uint64_t bytes = reader->file_bytes();
    const std::unique_ptr<StorageFile> file = reader->release_file();
    if (end < bytes) {
      if (auto cut = file->truncate(end); !cut) return cut;
    }
    if (copied.marked == copied.last_lsn) return {};
    BatchBuilder no_records;
    BatchHeader mark{.first_lsn = copied.last_lsn + 1, .durable_lsn = copied.last_lsn, .previous = copied.chain};
    return file->append(no_records.finish(mark, batch_seed((*head)->checksum, end)));
  }

  /// All that was written is on the disk, and is read from there.
  Result<void> settle_all(JournalCopy& copy) {
    auto names = target_.list();
    if (!names) return std::unexpected(names.error());
    for (const std::string& name : *names) {
      auto file = target_.open(name);
      if (!file) return std::unexpected(file.error());
      if (auto flushed = (*file)->flush(); !flushed) return flushed;
      if (auto forgotten = (*file)->forget_cache(); !forgotten) return forgotten;
      auto bytes = (*file)->size();
      if (!bytes) return std::unexpected(bytes.error());
      copy.bytes += *bytes;
    }
    return {};
  }

  Result<void> read_back(const JournalCopy& copy) {
    auto read = recover(target_, look_only, Recovery::look_only, counted(2));
    if (!read) return std::unexpected(read.error());
    if (read->report.torn_tail)
      return written_wrongly(read->report.torn_tail->file + ": " + read->report.torn_tail->reason);
    if (read->last_lsn != copy.last_lsn || read->report.records != copy.records) {
      return written_wrongly("it ends with LSN " + std::to_string(read->last_lsn) + ", not " +
                             std::to_string(copy.last_lsn));
    }
    return {};
  }
  [[nodiscard]] std::unexpected<Error> written_wrongly(const std::string& what) const {
    return failure(ErrorCode::data_damaged,
                   "what was written to " + target_.describe() + " is not what is read there: " + what);
  }

  Storage& source_;
  Storage& target_;
  const CopyOptions& options_;
};

}  // namespace
}  // namespace journal

Result<JournalCopy> copy_journal(Storage& source, Storage& target, const CopyOptions& options) {
  return journal::Copier(source, target, options).run();
}

}  // namespace understudy
