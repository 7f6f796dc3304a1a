// Reads one snapshot from its start, block by block, and says where it stops making sense.
//
// Memory: the window's, and one block, decompressed. No length is believed, and nothing allocated for it, before the
// checksum of its header held and it fits the file.
#pragma once

#include "journal/file_window.hpp"
#include "journal/segment_reader.hpp"
#include "journal/snapshot_codec.hpp"
#include "understudy/base/bytes.hpp"
#include "understudy/base/error.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <variant>

namespace understudy::journal {

/// A block whose header and body hold, decompressed: `body` is whole, and valid until the next call on the reader.
struct GoodBlock {
  std::uint64_t offset = 0;
  std::uint32_t count = 0;
  BytesView body;
};
using SnapshotStep = std::variant<GoodBlock, SnapshotEnd, Damage>;

class SnapshotReader {
 public:
  /// Takes an open file. Errors: those of the file.
  [[nodiscard]] static Result<SnapshotReader> open(std::unique_ptr<StorageFile> file);

  /// The head; empty when the file's start isn't one. Call it first.
  [[nodiscard]] Result<std::optional<SnapshotHead>> read_head();
  /// The next block, the end (the file ends there too, and the counts agree), or damage: after both there is nothing
  /// more to read. Only after a good head. Errors: those of the file.
  [[nodiscard]] Result<SnapshotStep> next();

  /// As SegmentReader's: go on at the next good block, or end mark, after a damaged head, or after other damage.
  [[nodiscard]] Result<std::optional<std::uint64_t>> assume_head();
  [[nodiscard]] Result<std::optional<std::uint64_t>> skip_damage();

  [[nodiscard]] std::uint64_t file_bytes() const noexcept { return window_.file_bytes(); }

 private:
  explicit SnapshotReader(FileWindow window) noexcept : window_(std::move(window)) {}

  [[nodiscard]] Result<SnapshotStep> read_end();
  [[nodiscard]] Result<std::optional<std::uint64_t>> find_block(std::uint64_t offset);
  [[nodiscard]] SnapshotStep unpack(const BlockHeader& header, BytesView stored);

  FileWindow window_;
  std::uint64_t head_checksum_ = 0;
  std::uint64_t chain_ = 0;
  std::uint64_t records_ = 0;
  bool skipped_ = false;  // Damage: the end mark counts more than were read.
  Lsn covers_ = 0;
  std::uint64_t at_ = 0;  // where the next block should begin
  Bytes raw_;
};

}  // namespace understudy::journal
