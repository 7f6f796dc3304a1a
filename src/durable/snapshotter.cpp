#include "understudy/durable/snapshotter.hpp"

#include "understudy/actor/spawn.hpp"
#include "understudy/base/logging.hpp"
#include "understudy/runtime/blocking.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include <fmt/format.h>

namespace understudy {
namespace {

constexpr Duration first_pause = std::chrono::seconds(1);
constexpr Duration longest_pause = std::chrono::minutes(1);

using Snapshot = std::shared_ptr<SnapshotWriter>;

Result<void> add_records(SnapshotWriter& snapshot, const RecordList& records) {
  return records.for_each([&](RecordKind kind, BytesView payload) { return snapshot.add(kind, payload); });
}

Task<Result<void>> add_pieces(Snapshot snapshot, ReadPiece read_piece) {
  std::uint64_t next = 0;
  do {
    const Result<std::shared_ptr<SnapshotPiece>> piece = co_await read_piece(next);
    if (!piece) co_return std::unexpected(piece.error());
    next = (*piece)->next;
    auto add = [snapshot, piece = *piece] { return add_records(*snapshot, piece->records); };
    const Result<void> added = co_await blocking(std::move(add));
    if (!added) co_return added;
  } while (next != 0);
  co_return Result<void>{};
}

/// Ends one that shows all that it is to show, and makes it count.
Task<Result<SnapshotReport>> finish(Snapshot snapshot, Address<JournalWriterMessage> writer) {
  const Result<Lsn> end = co_await writer.ask<FlushAll>();
  if (!end) co_return std::unexpected(end.error());
  auto seal = [snapshot, end = *end] { return snapshot->seal(end); };
  const Result<void> sealed = co_await blocking(std::move(seal));
  if (!sealed) co_return std::unexpected(sealed.error());
  co_return co_await writer.ask<InstallSnapshot>(snapshot);
}

Task<Result<SnapshotReport>> take_by_pieces(Address<JournalWriterMessage> writer, ReadPiece read_piece) {
  if (!read_piece) co_return failure(ErrorCode::invalid_argument, "this actor's state is not read by pieces");
  const Result<Snapshot> begun = co_await writer.ask<BeginSnapshot>(Lsn{0});
  if (!begun) co_return std::unexpected(begun.error());
  const Result<void> added = co_await add_pieces(*begun, std::move(read_piece));
  if (!added) co_return std::unexpected(added.error());
  co_return co_await finish(*begun, writer);
}

Task<Result<SnapshotReport>> save(Address<JournalWriterMessage> writer, Lsn covers,
                                  std::shared_ptr<const RecordList> state) {
  const Result<Snapshot> begun = co_await writer.ask<BeginSnapshot>(covers);
  if (!begun) co_return std::unexpected(begun.error());
  auto add = [snapshot = *begun, state] { return add_records(*snapshot, *state); };
  const Result<void> added = co_await blocking(std::move(add));
  if (!added) co_return std::unexpected(added.error());
  co_return co_await finish(*begun, writer);
}

Task<Result<SnapshotReport>> take(Address<JournalWriterMessage> writer, ReadPiece read_piece,
                                  SnapshotterMessage& wanted) {
  if (auto* state = std::get_if<SaveState>(&wanted)) {
    co_return co_await save(std::move(writer), state->covers, std::move(state->state));
  }
  co_return co_await take_by_pieces(std::move(writer), std::move(read_piece));
}

}  // namespace

Task<> snapshotter(Mailbox<SnapshotterMessage>& inbox, std::shared_ptr<SharedJournal> journal,
                   Address<JournalWriterMessage> writer, SnapshotterSetUp set_up) {
  Duration pause = first_pause;
  journal->note_snapshot_runs(false);  // An earlier incarnation may have left it.
  while (std::optional<SnapshotterMessage> wanted = co_await inbox.receive()) {
    journal->note_snapshot_runs(true);
    const TimePoint began = journal->clock().now();
    Result<SnapshotReport> taken = co_await take(writer, set_up.read_piece, *wanted);
    if (taken) {
      const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(journal->clock().now() - began);
      log_line(LogLevel::info,
               fmt::format("snapshot {}: {} {}, {} bytes, up to LSN {}, in {} ms", taken->file, taken->records,
                           set_up.records_are_called, taken->bytes, taken->covers, took.count()));
      journal->note_snapshot();
      pause = first_pause;
    } else {
      log_line(LogLevel::warning, fmt::format("no snapshot was taken; the journal goes on, and keeps growing: {}",
                                              taken.error().message()));
      // A full disk, say, is still full.
      journal->note_failed_snapshot(pause);
      pause = std::min<Duration>(2 * pause, longest_pause);
    }
    std::visit(
        [&](auto& request) {
          if (request.reply) request.reply.complete(std::move(taken));
        },
        *wanted);
    journal->note_snapshot_runs(false);
  }
}

}  // namespace understudy
