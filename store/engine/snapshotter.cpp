#include "engine/snapshotter.hpp"

#include "engine/record_format.hpp"
#include "understudy/base/logging.hpp"
#include "understudy/runtime/blocking.hpp"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>

namespace understudy::store {
namespace {

/// What one operation reads at most, give or take a part of the map.
constexpr std::size_t piece_keys = 512;
constexpr std::size_t piece_bytes = std::size_t{256} << 10U;
constexpr Duration first_pause = std::chrono::seconds(1);
constexpr Duration longest_pause = std::chrono::minutes(1);

/// A part of the map, as records.
struct Piece {
  ChangeList keys;
  std::uint64_t next = 0;  // Where the next one begins; 0: this is the last.
};

Task<Result<std::shared_ptr<Piece>>> read_piece(Address<KeyValueMessage> key_value, std::uint64_t from) {
  auto piece = std::make_shared<Piece>();
  piece->next = from;
  std::move_only_function<void(Transaction&)> read = [piece](Transaction& map) {
    do {
      piece->next = map.scan(piece->next, 1, [&](BytesView key, const Bytes& value) { piece->keys.set(key, value); });
    } while (piece->next != 0 && piece->keys.count() < piece_keys && piece->keys.bytes() < piece_bytes);
  };
  const Result<void> done = co_await key_value.ask<Operate>(std::move(read));
  if (!done) co_return std::unexpected(done.error());
  co_return piece;
}

Result<void> add_piece(SnapshotWriter& snapshot, const Piece& piece) {
  return piece.keys.for_each([&](RecordKind kind, BytesView payload) { return snapshot.add(kind, payload); });
}

/// Takes one, from its beginning until it counts.
Task<Result<SnapshotReport>> take_snapshot(Address<KeyValueMessage> key_value, Address<WriterMessage> writer) {
  Result<std::shared_ptr<SnapshotWriter>> begun = co_await writer.ask<BeginSnapshot>();
  if (!begun) co_return std::unexpected(begun.error());
  const std::shared_ptr<SnapshotWriter> snapshot = std::move(*begun);
  std::uint64_t next = 0;
  do {
    const Result<std::shared_ptr<Piece>> piece = co_await read_piece(key_value, next);
    if (!piece) co_return std::unexpected(piece.error());
    next = (*piece)->next;
    auto add = [snapshot, piece = *piece] { return add_piece(*snapshot, *piece); };
    const Result<void> added = co_await blocking(std::move(add));
    if (!added) co_return std::unexpected(added.error());
  } while (next != 0);
  const Result<Lsn> end = co_await writer.ask<FlushAll>();
  if (!end) co_return std::unexpected(end.error());
  auto seal = [snapshot, end = *end] { return snapshot->seal(end); };
  const Result<void> sealed = co_await blocking(std::move(seal));
  if (!sealed) co_return std::unexpected(sealed.error());
  co_return co_await writer.ask<InstallSnapshot>(snapshot);
}

}  // namespace

Task<> snapshotter_actor(Mailbox<TakeSnapshot>& inbox, std::shared_ptr<SharedState> shared,
                         Address<KeyValueMessage> key_value, Address<WriterMessage> writer) {
  Duration pause = first_pause;
  shared->snapshot_runs.store(false, std::memory_order_relaxed);  // An earlier incarnation may have left it.
  while (std::optional<TakeSnapshot> wanted = co_await inbox.receive()) {
    shared->snapshot_runs.store(true, std::memory_order_relaxed);
    const TimePoint began = shared->clock.now();
    Result<SnapshotReport> taken = co_await take_snapshot(key_value, writer);
    if (taken) {
      const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(shared->clock.now() - began);
      shared->no_snapshot_before.store(0, std::memory_order_relaxed);
      log_line(LogLevel::info, fmt::format("snapshot {}: {} keys, {} bytes, up to LSN {}, in {} ms", taken->file,
                                           taken->records, taken->bytes, taken->covers, took.count()));
      shared->snapshots.fetch_add(1, std::memory_order_relaxed);
      pause = first_pause;
    } else {
      shared->failed_snapshots.fetch_add(1, std::memory_order_relaxed);
      log_line(LogLevel::warning, fmt::format("no snapshot was taken; the journal goes on, and keeps growing: {}",
                                              taken.error().message()));
      // A full disk, say, is still full.
      shared->no_snapshot_before.store(after(shared->clock.now(), pause).time_since_epoch().count(),
                                       std::memory_order_relaxed);
      pause = std::min<Duration>(2 * pause, longest_pause);
    }
    if (wanted->reply) wanted->reply.complete(std::move(taken));
    shared->snapshot_runs.store(false, std::memory_order_relaxed);
  }
}

}  // namespace understudy::store
