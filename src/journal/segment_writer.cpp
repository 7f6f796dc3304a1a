#include "journal/segment_writer.hpp"

#include "journal/invariant.hpp"
#include "journal/segment_name.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace understudy::journal {

namespace {

/// If so much waits for a flush, nobody asks for one after each batch.
constexpr std::uint64_t shared_flush_bytes = std::uint64_t{64} << 10U;

Result<void> write_head(StorageFile& file, SegmentHead& head) {
  std::array<char, head_layout::bytes> bytes{};
  encode(head, bytes);
  if (auto written = file.write_at(0, BytesView(bytes.data(), bytes.size())); !written) return written;
  // Flushed before the first batch: so start-up knows that a damaged head with batches after it is no torn write.
  return file.flush();
}

}  // namespace

Result<SegmentWriter> SegmentWriter::create(Storage& storage, SegmentHead head) {
  const std::string name = segment_name(head.number);
  auto file = storage.create(name);
  if (!file) return std::unexpected(file.error());
  if (auto written = write_head(**file, head); !written) {
    if (written.error() != ErrorCode::storage_full) return std::unexpected(written.error());
    // It is tried again under the same name.
    if (auto removed = storage.remove(name); !removed) return std::unexpected(removed.error());
    return std::unexpected(written.error());
  }
  return SegmentWriter(std::move(*file), head);
}

Result<void> SegmentWriter::reserve(std::uint64_t end) {
  if (end <= file_bytes_) return {};
  const std::uint64_t bytes = end - file_bytes_;
  // Zeros that are written make each flush faster, and cost a write of everything.
  const bool shares_flushes = bytes_ - flushed_bytes_ >= shared_flush_bytes;
  auto reserved = shares_flushes ? file_->allocate(file_bytes_, bytes) : file_->write_zeros(file_bytes_, bytes);
  if (!reserved) return cut_after(reserved.error(), file_bytes_);
  file_bytes_ = end;
  return {};
}

Result<void> SegmentWriter::append(BatchBuilder& batch, Lsn first_lsn, Lsn durable_lsn) {
  require(durable_lsn < first_lsn, "a batch can't say that it is flushed itself");
  BatchHeader header;
  header.first_lsn = first_lsn;
  header.durable_lsn = durable_lsn;
  header.previous = chain_;
  const BytesView bytes = batch.finish(header, batch_seed(head_checksum_, bytes_));
  if (auto written = file_->write_at(bytes_, bytes); !written) return cut_after(written.error(), bytes_);
  chain_ = header.checksum;
  bytes_ += bytes.size();
  file_bytes_ = std::max(file_bytes_, bytes_);
  return {};
}

Result<void> SegmentWriter::flush() {
  if (auto flushed = file_->flush(); !flushed) return flushed;
  flushed_bytes_ = bytes_;
  return {};
}

Result<void> SegmentWriter::trim() {
  if (file_bytes_ == bytes_) return {};
  if (auto cut = file_->truncate(bytes_); !cut) return cut;
  file_bytes_ = bytes_;
  return {};
}

/// A write found no room: takes back what it left, so that another can be tried. Anything else stays an error.
Result<void> SegmentWriter::cut_after(const Error& reason, std::uint64_t end) {
  if (reason != ErrorCode::storage_full) return std::unexpected(reason);
  if (auto cut = file_->truncate(end); !cut) return cut;
  file_bytes_ = end;
  return std::unexpected(reason);
}

}  // namespace understudy::journal
