#include "understudy/durable/recorder.hpp"

#include "understudy/actor/spawn.hpp"

#include <memory>
#include <stdexcept>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace understudy {
namespace {

constexpr std::string_view writer_crashed = "the journal's writer crashed before this was known to be safe";

/// Who waits for one batch. Whoever is left when the batch is given up (its writer has crashed, and the owner has not
/// heard of that yet) is told that this life ends: what they asked for may have happened.
class Waiting {
 public:
  explicit Waiting(std::vector<WhenSafe> completions) noexcept : completions_(std::move(completions)) {}
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;
  ~Waiting() { complete(failure(ErrorCode::actor_crashed, writer_crashed)); }
  void complete(const Result<void>& outcome) {
    for (WhenSafe& completion : std::exchange(completions_, {})) completion(outcome);
  }

 private:
  std::vector<WhenSafe> completions_;
};

void keep_promises(std::vector<WhenSafe>& completions) {
  if (completions.empty()) return;
  auto waiting = std::make_unique<Waiting>(std::exchange(completions, {}));
  completions.emplace_back([waiting = std::move(waiting)](const Result<void>& outcome) { waiting->complete(outcome); });
}

}  // namespace

Task<Result<OpenedJournal>> open_journal(std::shared_ptr<SharedJournal> journal, ReplayFunction apply) {
  OpenedJournal opened;
  opened.writer =
      spawn_child("writer", journal_writer,
                  {.capacity = journal->options().writer_capacity, .restart = Restart::with_parent}, journal);
  Result<RecoveryReport> found = co_await opened.writer.ask<OpenJournal>(std::move(apply));
  if (!found) co_return std::unexpected(found.error());
  opened.found = std::move(*found);
  co_return opened;
}

Recorder::Recorder(std::shared_ptr<SharedJournal> journal, Address<JournalWriterMessage> writer,
                   Address<SnapshotterMessage> snapshotter, Lsn last_lsn)
    : journal_(std::move(journal)),
      writer_(std::move(writer)),
      snapshotter_(std::move(snapshotter)),
      last_lsn_(last_lsn) {
  begin_batch();
}

void Recorder::begin_batch() {
  open_ = AppendRecords{};
  open_.batch = journal_->next_batch();
}

void Recorder::check_length(std::size_t payload_bytes) const {
  if (payload_bytes <= payload_bytes_max &&
      open_.records.batch_bytes() + payload_bytes + record_overhead_bytes <= batch_bytes_max)
    return;
  throw std::length_error(
      fmt::format("a record of {} bytes is too long for a journal (at most {}), or for a batch that has {} already (at "
                  "most {})",
                  payload_bytes, payload_bytes_max, open_.records.batch_bytes(), batch_bytes_max));
}

void Recorder::add(RecordList records) {
  if (open_.records.batch_bytes() + records.batch_bytes() > batch_bytes_max) {
    throw std::length_error(
        fmt::format("records of {} bytes are too long for a batch of the journal that has {} "
                    "already (at most {})",
                    records.batch_bytes(), open_.records.batch_bytes(), batch_bytes_max));
  }
  last_lsn_ += records.count();
  if (open_.records.empty()) {
    open_.records = std::move(records);
  } else {
    open_.records.add(records);
  }
}

Task<> Recorder::send() {
  if (empty()) co_return;
  keep_promises(open_.completions);
  AppendRecords sent = std::move(open_);
  begin_batch();
  const Result<void> accepted = co_await writer_.tell(std::move(sent));
  if (!accepted) throw std::runtime_error("the writer is gone");
}

Task<Result<void>> Recorder::send_and_wait() {
  keep_promises(open_.completions);
  AppendRecords sent = std::move(open_);
  begin_batch();
  // Whatever becomes of the request in hand: the state has what is written here.
  const Result<void> written = co_await writer_.ask<AppendAndWait>(std::move(sent)).regardless();
  // A writer ends by itself only when it has failed: its owner is about to be replaced, and the next one has another.
  if (!written && written.error() == ErrorCode::actor_stopped) {
    co_return failure(ErrorCode::actor_crashed, writer_crashed);
  }
  co_return written;
}

void Recorder::save_state(std::shared_ptr<const RecordList> state, Reply<SnapshotReport> reply) {
  if (!open_.records.empty()) throw std::logic_error("a state was to be saved with changes that had not been sent");
  tell_snapshotter(SaveState{.covers = last_lsn_, .state = std::move(state), .reply = std::move(reply)});
}

void Recorder::tell_snapshotter(SnapshotterMessage message) {
  journal_->note_snapshot_runs(true);
  // No room: one is waited for already.
  if (!snapshotter_.try_tell(std::move(message))) journal_->note_snapshot_runs(false);
}

}  // namespace understudy
