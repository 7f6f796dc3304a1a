// Reads one segment from its start, batch by batch, and says where it stops making sense. Judges only what one segment
// can show: what follows from damage, and how segments fit together, is decided in recovery.
//
// Memory: one buffer of 1 MiB, or of the largest batch. No length is believed, and nothing allocated for it, before the
// checksum of its header held and it fits the file.
#pragma once

#include "journal/file_window.hpp"
#include "journal/record_codec.hpp"
#include "understudy/base/bytes.hpp"
#include "understudy/base/error.hpp"
#include "understudy/journal/storage.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace understudy::journal {

/// A batch whose header and body hold. `body` is valid until the next call on the reader.
struct GoodBatch {
  std::uint64_t offset = 0;
  BatchHeader header;
  BytesView body;
};
/// The file ends where a batch ends.
struct EndOfSegment {};
/// From `offset` on there is something that isn't a whole, good batch.
struct Damage {
  std::uint64_t offset = 0;
  std::string reason;
};
using ReadStep = std::variant<GoodBatch, EndOfSegment, Damage>;

class SegmentReader {
 public:
  /// Takes an open file. Errors: those of the file.
  [[nodiscard]] static Result<SegmentReader> open(std::unique_ptr<StorageFile> file);

  /// The head; empty when the file's start isn't one. Call it first.
  [[nodiscard]] Result<std::optional<SegmentHead>> read_head();
  /// The next batch, the end, or damage (after which there is nothing more to read). Only after a good head.
  /// Errors: those of the file.
  [[nodiscard]] Result<ReadStep> next();
  /// After a head that is damaged: takes its checksum for true, for that is what the batches are bound to, and goes on
  /// at the first good one. Gives its offset; empty if there is none. Errors: those of the file.
  [[nodiscard]] Result<std::optional<std::uint64_t>> assume_head();
  /// After damage: the same, behind it.
  [[nodiscard]] Result<std::optional<std::uint64_t>> skip_damage();
  /// Where zeros begin that reach to the end: `offset` if all from there on is zero. Errors: those of the file.
  [[nodiscard]] Result<std::uint64_t> end_of_content(std::uint64_t offset);
  /// Searches from `offset` to the end for a batch header that is good at its place and has a durable mark of at least
  /// `lsn`. Gives its offset. Errors: those of the file.
  [[nodiscard]] Result<std::optional<std::uint64_t>> find_durable_mark(std::uint64_t offset, Lsn lsn);

  [[nodiscard]] std::uint64_t file_bytes() const noexcept { return window_.file_bytes(); }
  /// Gives the file away; the reader is of no more use.
  [[nodiscard]] std::unique_ptr<StorageFile> release_file() noexcept { return window_.release_file(); }

 private:
  explicit SegmentReader(FileWindow window) noexcept : window_(std::move(window)) {}

  FileWindow window_;
  std::uint64_t head_checksum_ = 0;
  std::uint64_t at_ = 0;  // where the next batch should begin
};

}  // namespace understudy::journal
