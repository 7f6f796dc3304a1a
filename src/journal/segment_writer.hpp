// Writes one segment: its head when it is made, then batches, one behind the other, into room that was written with
// zeros before. Keeps the checksum chain.
//
// Why zeros first: a flush of bytes that the file had already is a third to a half faster than one that must save the
// file's new length, too, and never waits for the file system's own log (docs/decisions/0016). And a disk that is full
// shows while there is still room for what comes next. Where many batches share a flush they are only allocated.
//
// After storage_full the segment is as it was before the call. After any other error the object is of no more use: what
// the file holds past the last flush is not known.
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
  /// Creates the segment's file; writes and flushes its head. After storage_full there is no such file.
  [[nodiscard]] static Result<SegmentWriter> create(Storage& storage, SegmentHead head);

  /// Makes the file `end` bytes long, with zeros, if it is shorter.
  [[nodiscard]] Result<void> reserve(std::uint64_t end);
  /// Writes the batch behind the last one, with one write, whether there is room reserved or not. `first_lsn` is the
  /// LSN of its first record (of the next one, for a batch without records), `durable_lsn` its durable mark.
  [[nodiscard]] Result<void> append(BatchBuilder& batch, Lsn first_lsn, Lsn durable_lsn);
  /// Returns when all batches are on the disk.
  [[nodiscard]] Result<void> flush();
  /// To flush the file elsewhere: what has been written until then is on the disk after that, and `note_flushed` says
  /// so.
  [[nodiscard]] std::shared_ptr<StorageFile> file() const noexcept { return file_; }
  void note_flushed(std::uint64_t bytes) noexcept { flushed_bytes_ = bytes; }
  /// Gives back the room that is reserved. Durable after `flush`.
  [[nodiscard]] Result<void> trim();

  /// Where the next batch goes.
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }
  /// The file's length: `bytes` and the room reserved.
  [[nodiscard]] std::uint64_t file_bytes() const noexcept { return file_bytes_; }
  /// Whether a batch of so many bytes, its head not counted, fits into what is reserved.
  [[nodiscard]] bool has_reserved(std::size_t batch_bytes) const noexcept {
    return file_bytes_ - bytes_ >= batch_layout::header_bytes + batch_bytes;
  }
  /// Whether it has its head only.
  [[nodiscard]] bool empty() const noexcept { return bytes_ == head_layout::bytes; }
  /// Chain value at the segment's end: the next batch, or the next segment's head, names it.
  [[nodiscard]] std::uint64_t chain() const noexcept { return chain_; }

 private:
  SegmentWriter(std::shared_ptr<StorageFile> file, const SegmentHead& head) noexcept
      : file_(std::move(file)), head_checksum_(head.checksum), chain_(head.checksum) {}
  Result<void> cut_after(const Error& reason, std::uint64_t end);

  std::shared_ptr<StorageFile> file_;
  std::uint64_t head_checksum_;
  std::uint64_t chain_;
  std::uint64_t bytes_ = head_layout::bytes;
  std::uint64_t flushed_bytes_ = head_layout::bytes;  // Where the last flush found bytes_.
  std::uint64_t file_bytes_ = head_layout::bytes;     // All from bytes_ on is zero.
};

}  // namespace understudy::journal
