#include "journal/segment_writer.hpp"

#include "journal/invariant.hpp"
#include "journal/segment_name.hpp"

#include <array>

namespace understudy::journal {

Result<SegmentWriter> SegmentWriter::create(Storage& storage, SegmentHead head) {
  auto file = storage.create(segment_name(head.number));
  if (!file) return std::unexpected(file.error());
  std::array<char, head_layout::bytes> bytes{};
  encode(head, bytes);
  if (auto written = (*file)->append(BytesView(bytes.data(), bytes.size())); !written) {
    return std::unexpected(written.error());
  }
  // Flushed before the first batch: so start-up knows that a damaged head with batches after it is no torn write.
  if (auto flushed = (*file)->flush(); !flushed) return std::unexpected(flushed.error());
  return SegmentWriter(std::move(*file), head);
}

Result<void> SegmentWriter::append(BatchBuilder& batch, Lsn first_lsn, Lsn durable_lsn) {
  require(durable_lsn < first_lsn, "a batch can't say that it is flushed itself");
  BatchHeader header;
  header.first_lsn = first_lsn;
  header.durable_lsn = durable_lsn;
  header.previous = chain_;
  const BytesView bytes = batch.finish(header, batch_seed(head_checksum_, bytes_));
  if (auto written = file_->append(bytes); !written) return written;
  chain_ = header.checksum;
  bytes_ += bytes.size();
  return {};
}

}  // namespace understudy::journal
