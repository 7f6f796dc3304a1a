#include "engine/writer.hpp"

#include "understudy/actor/spawn.hpp"
#include "understudy/base/logging.hpp"
#include "understudy/journal/journal.hpp"
#include "understudy/runtime/blocking.hpp"
#include "understudy/runtime/sleep.hpp"

#include <stdexcept>

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace understudy::store {
namespace {

constexpr std::size_t group_bytes_max = std::size_t{8} << 20U;
constexpr Duration lock_retry = std::chrono::milliseconds(5);
constexpr int lock_tries = 2000;

/// A journal that has been opened, and the map that was in it.
struct Opened {
  std::shared_ptr<Journal> journal;
  KeySpace keys;
};

Result<Opened> open_journal(const SharedState& shared) {
  Opened opened;
  Result<std::unique_ptr<Journal>> journal =
      Journal::open(shared.storage,
                    {.segment_bytes_max = shared.options.segment_bytes_max,
                     .reserved_bytes = shared.options.reserved_bytes,
                     .bytes_max = shared.options.disk_bytes_max},
                    [&](const Record& record) { return apply_record(record, opened.keys); });
  if (!journal) return std::unexpected(journal.error());
  opened.journal = std::move(*journal);
  return opened;
}

/// Opens the journal. While an earlier incarnation's last write is still under way on its thread, that one holds the
/// lock, and this one waits for it: two never write side by side.
Task<Result<Opened>> open_after_predecessor(std::shared_ptr<SharedState> shared) {
  for (int attempt = 0;; ++attempt) {
    auto open = [shared] { return open_journal(*shared); };
    Result<Opened> opened = co_await blocking(std::move(open));
    if (opened || opened.error().code() != ErrorCode::directory_locked || attempt == lock_tries) co_return opened;
    // No holder any more: it has let go since. Another process: that is for people to solve.
    const auto holder = shared->storage->lock_holder();
    if (!holder || (*holder && !(*holder)->held_by_this_process)) co_return opened;
    beat();
    co_await sleep(lock_retry);
  }
}

std::string snapshot_in_words(const RecoveryReport& recovery) {
  if (!recovery.snapshot) return "";
  return fmt::format("{}: {} keys, {} bytes; then ", recovery.snapshot->file, recovery.snapshot->records,
                     recovery.snapshot->bytes);
}

void report_load(SharedState& shared, const Opened& opened) {
  const RecoveryReport& recovery = opened.journal->recovery();
  LoadReport report{.keys = opened.keys.size(),
                    .records = recovery.records,
                    .journal_bytes = recovery.bytes,
                    .segments = recovery.segments,
                    .snapshot_keys = recovery.snapshot ? recovery.snapshot->records : 0,
                    .snapshot_bytes = recovery.snapshot ? recovery.snapshot->bytes : 0,
                    .torn_tail = {}};
  if (recovery.torn_tail) {
    const TornTail& torn = *recovery.torn_tail;
    report.torn_tail = fmt::format("cut {} bytes of an unfinished write off {} at offset {}: {}", torn.bytes_cut,
                                   torn.file, torn.offset, torn.reason);
    log_line(LogLevel::warning, report.torn_tail);
  }
  log_line(LogLevel::info, fmt::format("data loaded from {}: {} keys ({}{} records, {} bytes in {} segments)",
                                       shared.storage->describe(), report.keys, snapshot_in_words(recovery),
                                       report.records, report.journal_bytes, report.segments));
  shared.note_usage(opened.journal->usage());
  shared.last_lsn.store(recovery.last_lsn, std::memory_order_relaxed);
  shared.durable_lsn.store(recovery.last_lsn, std::memory_order_relaxed);
  shared.set_load_report(std::move(report));
}

/// What one group commit appends; owned by the call on the blocking pool, which may outlive the actor.
using Group = std::vector<ChangeList>;

Result<void> append_group(Journal& journal, const Group& group, bool flush) {
  // Without it there may still be room for this group: `commit` says.
  if (const Result<void> room = journal.reserve_ahead(); !room && room.error() != ErrorCode::storage_full) return room;
  for (const ChangeList& changes : group) {
    const Result<void> added = changes.for_each([&](RecordKind kind, BytesView payload) -> Result<void> {
      const Result<Lsn> lsn = journal.add(kind, payload);
      if (!lsn) return std::unexpected(lsn.error());
      return {};
    });
    if (!added) return added;
  }
  if (const Result<void> committed = journal.commit(); !committed) return committed;
  return flush ? journal.flush() : Result<void>{};
}

/// Asks the writer to flush, an interval after it was told that something needs it.
struct FlushLater {};
Task<> flush_timer(Mailbox<FlushLater>& inbox, Address<WriterMessage> writer, Duration interval) {
  // The message is named: GCC 12 loses a coroutine that awaits in a loop's bare condition (docs/pitfalls.md).
  while ([[maybe_unused]] const std::optional<FlushLater> asked = co_await inbox.receive()) {
    co_await sleep(interval);
    static_cast<void>(co_await writer.tell(FlushNow{}));
  }
}

/// One incarnation of the writer.
class Writer {
 public:
  Writer(Mailbox<WriterMessage>& inbox, std::shared_ptr<SharedState> shared, std::shared_ptr<Journal> journal)
      : inbox_(inbox), shared_(std::move(shared)), journal_(std::move(journal)), started_(shared_->clock.wall_now()) {}

  Task<> run() {
    if (shared_->options.durability == Durability::interval) {
      const Duration interval = shared_->options.flush_interval;
      flush_timer_ =
          spawn_child("flush-timer", flush_timer, {.capacity = 1, .cutoff = interval * 2 + std::chrono::seconds(1)},
                      inbox_.address(), interval);
    }
    while (auto message = co_await inbox_.receive()) {
      bool flush_asked = false;
      bool goes_on = gather(*message, flush_asked);
      while (goes_on && group_bytes_ < group_bytes_max) {
        std::optional<WriterMessage> next = inbox_.try_receive();
        if (!next) break;
        message = std::move(next);
        goes_on = gather(*message, flush_asked);
      }
      co_await commit(flush_asked);
      if (!goes_on) co_await serve_snapshotter(std::move(*message));
    }
    auto close = [journal = journal_] { return journal->close(); };
    const Result<void> closed = co_await blocking(std::move(close));
    if (!closed) log_line(LogLevel::error, fmt::format("closing the journal: {}", closed.error().message()));
  }

 private:
  /// False: it is the snapshotter's, and comes after what has been gathered.
  bool gather(WriterMessage& message, bool& flush_asked) {
    if (std::holds_alternative<Load>(message)) throw std::logic_error("the writer was asked to load twice");
    if (std::holds_alternative<FlushNow>(message)) flush_asked = true;
    if (std::holds_alternative<FlushAll>(message)) flush_asked = true;
    if (auto* append = std::get_if<Append>(&message)) gather_changes(*append);
    return std::holds_alternative<Append>(message) || std::holds_alternative<FlushNow>(message);
  }
  void gather_changes(Append& append) {
    last_batch_ = append.batch;
    group_bytes_ += append.changes.bytes();
    if (!append.changes.empty()) group_.push_back(std::move(append.changes));
    for (Completion& completion : append.completions) completions_.push_back(std::move(completion));
  }

  Task<> commit(bool flush_asked) {
    const bool flush = flush_asked || shared_->options.durability == Durability::always;
    Result<void> written;
    if (!group_.empty() || flush_asked) {
      auto group = std::make_shared<const Group>(std::move(group_));
      auto append = [journal = journal_, group, flush] { return append_group(*journal, *group, flush); };
      written = co_await blocking(std::move(append));
      std::size_t records = 0;
      for (const ChangeList& changes : *group) records += changes.count();
      if (written) note_commit(records);
      if (written && !flush && flush_timer_) static_cast<void>(flush_timer_.try_tell(FlushLater{}));
    }
    group_.clear();
    group_bytes_ = 0;
    // Safe for readers before the writers hear of it: who has heard may read at once.
    if (written) shared_->safe_batch.store(last_batch_, std::memory_order_release);
    for (Completion& completion : completions_) completion(written);
    completions_.clear();
    if (!written) throw std::runtime_error(std::string(written.error().message()));
  }

  Task<> serve_snapshotter(WriterMessage message) {
    if (auto* flushed = std::get_if<FlushAll>(&message)) {
      flushed->reply(journal_->durable_lsn());
    } else if (auto* begin = std::get_if<BeginSnapshot>(&message)) {
      auto call = [journal = journal_] { return journal->begin_snapshot(journal->committed_lsn()); };
      Result<std::unique_ptr<SnapshotWriter>> begun = co_await blocking(std::move(call));
      if (begun) {
        begin->reply(std::move(*begun));
      } else {
        begin->reply.fail(begun.error());
      }
    } else if (auto* install = std::get_if<InstallSnapshot>(&message)) {
      auto call = [journal = journal_, snapshot = install->snapshot] { return journal->install_snapshot(*snapshot); };
      const Result<void> installed = co_await blocking(std::move(call));
      shared_->note_usage(journal_->usage());
      if (installed) {
        install->reply(*journal_->snapshot());
      } else {
        install->reply.fail(installed.error());
      }
    }
  }

  void note_commit(std::size_t records) {
    shared_->commits.fetch_add(1, std::memory_order_relaxed);
    shared_->note_usage(journal_->usage());
    shared_->last_lsn.store(journal_->last_lsn(), std::memory_order_relaxed);
    shared_->durable_lsn.store(journal_->durable_lsn(), std::memory_order_relaxed);
    log_line(LogLevel::debug,
             fmt::format("writer started {:%H:%M:%S}.{:03}: {} records written, last LSN {}, flushed to {}", started_,
                         started_.time_since_epoch().count() % 1000, records, journal_->last_lsn(),
                         journal_->durable_lsn()));
  }

  Mailbox<WriterMessage>& inbox_;
  std::shared_ptr<SharedState> shared_;
  std::shared_ptr<Journal> journal_;
  WallTime started_;  // Which instance this is, for people.
  Address<FlushLater> flush_timer_;
  Group group_;
  std::size_t group_bytes_ = 0;
  std::uint64_t last_batch_ = 0;
  std::vector<Completion> completions_;
};

}  // namespace

Task<> writer_actor(Mailbox<WriterMessage>& inbox, std::shared_ptr<SharedState> shared) {
  std::optional<WriterMessage> first = co_await inbox.receive();
  if (!first) co_return;
  auto* load = std::get_if<Load>(&*first);
  if (load == nullptr) throw std::logic_error("the writer's first message was not Load");
  Result<Opened> opened = co_await open_after_predecessor(shared);
  if (!opened) {
    load->reply.fail(opened.error());
    co_return;
  }
  report_load(*shared, *opened);
  std::shared_ptr<Journal> journal = std::move(opened->journal);
  load->reply(std::move(opened->keys));
  Writer writer(inbox, shared, std::move(journal));
  co_await writer.run();
}

}  // namespace understudy::store
