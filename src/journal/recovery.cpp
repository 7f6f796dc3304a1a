#include "journal/recovery.hpp"

#include "journal/invariant.hpp"
#include "journal/segment_name.hpp"
#include "journal/segment_reader.hpp"

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
};

class Recovery {
 public:
  Recovery(Storage& storage, const ReplayFunction& apply) noexcept : storage_(storage), apply_(apply) {}

  Result<Recovered> run() {
    auto segments = list_segments();
    if (!segments) return std::unexpected(segments.error());
    for (std::size_t index = 0; index < segments->size(); ++index) {
      const std::uint64_t number = index + 1;
      if (const std::uint64_t found = (*segments)[index]; found != number) {
        file_ = segment_name(number);
        return std::unexpected(damaged(0, "the segment is missing, though there is " + segment_name(found)));
      }
      const bool last = number == segments->size();
      if (auto read = read_segment(number, last); !read) return std::unexpected(read.error());
    }
    if (cut_) {
      if (auto made = make_cut(); !made) return std::unexpected(made.error());
    }
    recovered_.report.last_lsn = recovered_.last_lsn;
    return std::move(recovered_);
  }

 private:
  /// The numbers of the segments there are, in order.
  Result<std::vector<std::uint64_t>> list_segments() {
    auto names = storage_.list();
    if (!names) return std::unexpected(names.error());
    std::vector<std::uint64_t> numbers;
    for (const std::string& name : *names) {
      if (const auto number = segment_number(name)) numbers.push_back(*number);
    }
    std::ranges::sort(numbers);
    return numbers;
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
        cut_ = Cut{nullptr, {file_, 0, reader->file_bytes(), "a segment whose creation was not finished"}};
        return {};
      }
      return std::unexpected(damaged(0, "the segment's head fails its checksum"));
    }
    if (auto fits = check_head(**head, number); !fits) return fits;
    recovered_.store_id = (*head)->store_id;
    recovered_.last_segment = number;
    recovered_.chain = (*head)->checksum;
    ++recovered_.report.segments;
    return read_batches(*reader, last);
  }

  /// Makes what is read be what the disk has: see the contract of Storage on failed flushes.
  static Result<void> settle(StorageFile& file) {
    if (auto flushed = file.flush(); !flushed) return flushed;
    return file.forget_cache();
  }

  Result<void> check_head(const SegmentHead& head, std::uint64_t number) const {
    if (head.version != format_version) {
      return std::unexpected(
          damaged(head_layout::version_at, "the segment has format version " + std::to_string(head.version) +
                                               ", and this program knows version " + std::to_string(format_version) +
                                               " only: a newer program wrote it"));
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
        return {};
      }
      if (auto* damage = std::get_if<Damage>(&*step)) return judge(reader, std::move(*damage), last);
      if (auto replayed = replay(std::get<GoodBatch>(*step)); !replayed) return replayed;
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
    if (auto applied = replay_records(batch.body, header.first_lsn, apply_); !applied) return applied;
    if (header.count > 0 && recovered_.report.first_lsn == 0) recovered_.report.first_lsn = header.first_lsn;
    recovered_.report.records += header.count;
    recovered_.last_lsn += header.count;
    recovered_.chain = header.checksum;
    return {};
  }

  /// A torn tail, to be cut, or rot, which is an error.
  Result<void> judge(SegmentReader& reader, Damage damage, bool last) {
    if (!last) {
      return std::unexpected(
          damaged(damage.offset, damage.reason + ", in a segment that was flushed before the next one was made"));
    }
    auto proof = reader.find_durable_mark(damage.offset + 1, recovered_.last_lsn + 1);
    if (!proof) return std::unexpected(proof.error());
    if (*proof) {
      return std::unexpected(damaged(damage.offset, damage.reason + ", though it had been flushed, as offset " +
                                                        std::to_string(**proof) + " proves"));
    }
    recovered_.report.bytes += damage.offset;
    const std::uint64_t bytes_cut = reader.file_bytes() - damage.offset;
    cut_ = Cut{reader.release_file(), {file_, damage.offset, bytes_cut, std::move(damage.reason)}};
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
    recovered_.report.torn_tail = std::move(cut_->torn_tail);
    return {};
  }

  /// The error for damage in the current segment. Its LSN: of the first record that can't be had.
  Error damaged(std::uint64_t offset, const std::string& what) const {
    return Error(ErrorCode::data_damaged, storage_.describe() + "/" + file_ + ", offset " + std::to_string(offset) +
                                              ", LSN " + std::to_string(recovered_.last_lsn + 1) + ": " + what +
                                              ". Nothing was changed; copy the directory aside before anything else");
  }

  Storage& storage_;
  const ReplayFunction& apply_;
  Recovered recovered_;
  std::string file_;  // the segment being read
  std::optional<Cut> cut_;
};

}  // namespace

Result<Recovered> recover(Storage& storage, const ReplayFunction& apply) { return Recovery(storage, apply).run(); }

}  // namespace understudy::journal
