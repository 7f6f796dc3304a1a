#include "understudy/journal/journal.hpp"

#include "journal/format.hpp"
#include "journal/journal_state.hpp"
#include "understudy/runtime/detail/library_call.hpp"

#include <string>
#include <utility>

namespace understudy {

Result<std::unique_ptr<Journal>> Journal::open(std::shared_ptr<Storage> storage, const JournalOptions& options,
                                               const ReplayFunction& apply) {
  if (options.segment_bytes_max == 0) {
    return failure(ErrorCode::invalid_argument, "a journal's segments can't have a size limit of 0 bytes");
  }
  auto lock = storage->lock();
  if (!lock) return std::unexpected(lock.error());
  auto recovered = journal::recover(*storage, apply, journal::Recovery::mend, options.on_progress, options.durable_lsn);
  if (!recovered) return std::unexpected(recovered.error());

  auto state = std::make_unique<State>();
  state->storage = std::move(storage);
  state->lock = std::move(*lock);
  state->options = options;
  state->options.random = nullptr;  // The caller's, for the time of this call; what is told as well.
  state->options.on_progress = {};
  if (recovered->store_id) {
    state->store_id = *recovered->store_id;
  } else if (options.random != nullptr) {
    state->store_id = journal::draw_store_id(*options.random);
  } else {
    state->store_id = journal::draw_store_id(*make_system_random());
  }
  state->report = std::move(recovered->report);
  state->last_segment = recovered->last_segment;
  state->segments = std::move(recovered->segments);
  state->snapshot = state->report.snapshot;
  state->chain = recovered->chain;
  state->committed = recovered->last_lsn;
  state->durable = recovered->last_lsn;
  state->marked = recovered->last_lsn;
  return std::unique_ptr<Journal>(new Journal(std::move(state)));
}

Journal::Journal(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}
Journal::~Journal() = default;

namespace {

/// An incarnation that was taken from its thread, and has come back, writes no more: its successor may have the
/// journal.
Result<void> refuse_if_replaced() {
  if (!detail::caller_is_fenced()) return {};
  detail::count_refused();
  return failure(ErrorCode::cancelled, "this incarnation has been replaced: it may not write to the journal any more");
}

}  // namespace

Result<Lsn> Journal::add(RecordKind kind, BytesView payload) {
  if (auto refused = refuse_if_replaced(); !refused) return std::unexpected(refused.error());
  if (state_->ended) return std::unexpected(*state_->ended);
  if (auto added = state_->batch.add(kind, payload); !added) return std::unexpected(added.error());
  return last_lsn();
}

Result<void> Journal::commit() {
  if (auto refused = refuse_if_replaced(); !refused) return refused;
  if (state_->ended) return std::unexpected(*state_->ended);
  return state_->commit();
}

Result<void> Journal::reserve_ahead() {
  if (auto refused = refuse_if_replaced(); !refused) return refused;
  if (state_->ended) return std::unexpected(*state_->ended);
  return state_->reserve_ahead();
}

Result<void> Journal::flush() {
  if (auto refused = refuse_if_replaced(); !refused) return refused;
  if (state_->ended) return std::unexpected(*state_->ended);
  return state_->flush();
}

Result<JournalFlush> Journal::begin_flush() {
  if (auto refused = refuse_if_replaced(); !refused) return std::unexpected(refused.error());
  if (state_->ended) return std::unexpected(*state_->ended);
  return state_->begin_flush();
}

Result<void> Journal::end_flush(const JournalFlush& flush, const Result<void>& outcome) {
  if (auto refused = refuse_if_replaced(); !refused) return refused;
  if (state_->ended) return std::unexpected(*state_->ended);
  return state_->end_flush(flush, outcome);
}

Result<void> Journal::close() {
  if (auto refused = refuse_if_replaced(); !refused) return refused;  // File and lock are its successor's, too.
  Result<void> closed;
  if (state_->ended) closed = std::unexpected(*state_->ended);
  if (closed) closed = state_->commit();
  if (closed) closed = state_->flush();
  if (closed) closed = state_->mark();
  if (closed) state_->ended = Error(ErrorCode::storage_failed, "the journal is closed");
  state_->writer.reset();
  state_->lock.reset();
  return closed;
}

Result<std::unique_ptr<SnapshotWriter>> Journal::begin_snapshot(Lsn covers) {
  if (auto refused = refuse_if_replaced(); !refused) return std::unexpected(refused.error());
  if (state_->ended) return std::unexpected(*state_->ended);
  return state_->begin_snapshot(covers);
}

Result<void> Journal::install_snapshot(const SnapshotWriter& snapshot) {
  if (auto refused = refuse_if_replaced(); !refused) return refused;
  if (state_->ended) return std::unexpected(*state_->ended);
  return state_->install(*snapshot.state_);
}

Lsn Journal::last_lsn() const noexcept { return state_->committed + state_->batch.count(); }
Lsn Journal::committed_lsn() const noexcept { return state_->committed; }
Lsn Journal::durable_lsn() const noexcept { return state_->durable; }
std::size_t Journal::open_batch_bytes() const noexcept { return state_->batch.empty() ? 0 : state_->batch.bytes(); }
const RecoveryReport& Journal::recovery() const noexcept { return state_->report; }
const std::optional<SnapshotReport>& Journal::snapshot() const noexcept { return state_->snapshot; }

JournalUsage Journal::usage() const noexcept { return state_->usage(); }
bool Journal::lacks_room() const noexcept { return state_->lacks_room(); }
std::vector<std::unique_ptr<StorageFile>> Journal::take_removed() noexcept { return state_->removed.take(); }
bool Journal::has_room_ready(std::size_t batch_bytes) const noexcept {
  return state_->writer && !state_->segment_wanted && state_->writer->has_reserved(batch_bytes) &&
         state_->writer->bytes() + journal::batch_layout::header_bytes + batch_bytes <= state_->segment_bytes_max;
}

}  // namespace understudy
