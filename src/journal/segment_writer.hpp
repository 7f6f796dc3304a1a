// Writes one segment: its head when it is made, then batches at its end. Keeps the checksum chain.
//
// After any error the object is of no more use: what the file holds past the last flush is not known.
#pragma once

#include "journal/batch_builder.hpp"
#include "journal/record_codec.hpp"
#include "understudy/base/error.hpp"
#include "understudy/journal/record.hpp"
#include "understudy/journal/storage.hpp"

#include <cstdint>
#include <memory>
#include <utility>

namespace understudy::journal {

class SegmentWriter {
 public:
  /// Creates the segment's file; writes and flushes its head.
  [[nodiscard]] static Result<SegmentWriter> create(Storage& storage, SegmentHead head);

  /// Writes the batch at the segment's end, with one write. `first_lsn` is the LSN of its first record (of the next
  /// one, for a batch without records), `durable_lsn` its durable mark.
  [[nodiscard]] Result<void> append(BatchBuilder& batch, Lsn first_lsn, Lsn durable_lsn);
  /// Returns when all batches are on the disk.
  [[nodiscard]] Result<void> flush() { return file_->flush(); }

  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }
  /// Whether it has its head only.
  [[nodiscard]] bool empty() const noexcept { return bytes_ == head_layout::bytes; }
  /// Chain value at the segment's end: the next batch, or the next segment's head, names it.
  [[nodiscard]] std::uint64_t chain() const noexcept { return chain_; }

 private:
  SegmentWriter(std::unique_ptr<StorageFile> file, const SegmentHead& head) noexcept
      : file_(std::move(file)), head_checksum_(head.checksum), chain_(head.checksum), bytes_(head_layout::bytes) {}

  std::unique_ptr<StorageFile> file_;
  std::uint64_t head_checksum_;
  std::uint64_t chain_;
  std::uint64_t bytes_;
};

}  // namespace understudy::journal
