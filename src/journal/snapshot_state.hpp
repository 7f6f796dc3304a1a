// What a SnapshotWriter is inside; made by the journal.
#pragma once

#include "journal/snapshot_codec.hpp"
#include "understudy/base/bytes.hpp"
#include "understudy/base/error.hpp"
#include "understudy/journal/snapshot.hpp"
#include "understudy/journal/storage.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

struct ZSTD_CCtx_s;

namespace understudy {

struct SnapshotWriter::State {
  /// Creates the file, and writes its head.
  [[nodiscard]] static Result<std::unique_ptr<State>> create(Storage& storage, const journal::SnapshotHead& head);
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State();

  [[nodiscard]] Result<void> add(RecordKind kind, BytesView payload);
  [[nodiscard]] Result<void> seal(Lsn end);

  std::unique_ptr<StorageFile> file;
  journal::SnapshotHead head;
  std::uint64_t number = 0;  // among those of its journal
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;       // in the file
  std::optional<Lsn> sealed_at;  // the end LSN, once all is on the disk and has been checked
  std::optional<Error> ended;

 private:
  State(std::unique_ptr<StorageFile> opened, const journal::SnapshotHead& its_head);
  [[nodiscard]] Result<void> append(BytesView what);
  [[nodiscard]] Result<void> write_block();
  [[nodiscard]] Result<void> check_what_is_there();
  [[nodiscard]] std::unexpected<Error> end(Error reason);

  std::uint64_t chain_;
  std::uint64_t flushed_bytes_ = 0;
  Bytes raw_;  // The block's records so far.
  std::uint32_t count_ = 0;
  Bytes packed_;  // Header and compressed records.
  ZSTD_CCtx_s* compressor_;
};

}  // namespace understudy
