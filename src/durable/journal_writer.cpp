#include "understudy/durable/journal_writer.hpp"

#include "durable/disk_room.hpp"
#include "durable/loading_log.hpp"
#include "durable/quick_writes.hpp"
#include "durable/unhurried_writes.hpp"
#include "understudy/actor/spawn.hpp"
#include "understudy/base/detail/rounds.hpp"
#include "understudy/base/logging.hpp"
#include "understudy/runtime/blocking.hpp"
#include "understudy/runtime/end_elsewhere.hpp"
#include "understudy/runtime/sleep.hpp"
#include "understudy/runtime/task_group.hpp"

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace understudy {
namespace {

constexpr std::size_t group_bytes_max = std::size_t{8} << 20U;
/// What nobody waits for is written within this time, however little it is.
constexpr std::chrono::milliseconds written_within(10);
constexpr Duration lock_retry = std::chrono::milliseconds(5);
constexpr int lock_tries = 2000;  // Ten seconds.
constexpr Duration room_retry = std::chrono::seconds(1);

using Opened = Result<std::shared_ptr<Journal>>;

Opened open_now(const SharedJournal& shared, const ReplayFunction& apply) {
  durable::LoadingLog log(shared.clock(), shared.storage()->describe());
  JournalOptions options = shared.options().journal;
  options.durable_lsn = shared.statistics().durable_lsn;
  if (!options.on_progress) options.on_progress = [&log](const JournalProgress& progress) { log.note(progress); };
  Result<std::unique_ptr<Journal>> journal = Journal::open(shared.storage(), options, apply);
  if (!journal) return std::unexpected(journal.error());
  return std::shared_ptr<Journal>(std::move(*journal));
}

/// Opens the journal. While an earlier incarnation's last write is still under way on its thread, that one holds the
/// lock, and this one waits for it, as long as the disk takes: two never write side by side. Nothing has been applied
/// when the lock is not free.
Task<Opened> open_after_predecessor(std::shared_ptr<SharedJournal> shared, ReplayFunction apply) {
  for (int attempt = 1;; ++attempt) {
    auto open = [shared, apply] { return open_now(*shared, apply); };
    Opened opened = co_await blocking(std::move(open));
    if (opened || opened.error().code() != ErrorCode::directory_locked) co_return opened;
    // No holder any more: it has let go since. Another process: that is for people to solve.
    const auto holder = shared->storage()->lock_holder();
    if (!holder || (*holder && !(*holder)->held_by_this_process)) co_return opened;
    if (attempt % lock_tries == 0) {
      // By somebody else in this process, perhaps, who has opened it too and will not let go.
      if (!shared->was_opened()) co_return opened;
      log_line(LogLevel::warning, fmt::format("{}: a write of an earlier incarnation has not come back from the disk",
                                              shared->storage()->describe()));
    }
    beat();
    co_await sleep(lock_retry);
  }
}

/// What one group commit appends; owned by the call on the blocking pool, which may outlive the actor.
using Group = std::vector<RecordList>;

/// A list is one batch, or a part of one: after a crash all of it is there, or none. Lists share a batch as long as
/// they fit into it.
Result<void> append_group(Journal& journal, const Group& group, bool flush) {
  std::size_t batch_bytes = 0;
  for (const RecordList& records : group) {
    if (batch_bytes + records.batch_bytes() > batch_bytes_max && batch_bytes > 0) {
      if (const Result<void> committed = journal.commit(); !committed) return committed;
      batch_bytes = 0;
    }
    batch_bytes += records.batch_bytes();
    const Result<void> added = records.for_each([&](RecordKind kind, BytesView payload) -> Result<void> {
      const Result<Lsn> lsn = journal.add(kind, payload);
      if (!lsn) return std::unexpected(lsn.error());
      return {};
    });
    if (!added) return added;
  }
  if (const Result<void> committed = journal.commit(); !committed) return committed;
  return flush ? journal.flush() : Result<void>{};
}

template <typename Message>
Task<> tell_later(Address<JournalWriterMessage> writer, Duration delay) {
  co_await sleep(delay);
  static_cast<void>(co_await writer.tell(Message{}));
}

Task<> tell_of_end(Address<JournalWriterMessage> writer, std::shared_ptr<detail::Event> flushed, std::uint64_t number) {
  detail::Event& event = *flushed;
  co_await event;
  static_cast<void>(co_await writer.tell(FlushEnded{number}));
}

/// One incarnation of the writer.
class Writer {
 public:
  Writer(Mailbox<JournalWriterMessage>& inbox, std::shared_ptr<SharedJournal> shared, std::shared_ptr<Journal> journal)
      : inbox_(inbox),
        shared_(std::move(shared)),
        journal_(std::move(journal)),
        started_(shared_->clock().wall_now()),
        full_(!shared_->room()),
        timers_(detail::this_thread().current->scheduler()) {}

  Task<> run() {
    if (full_) look_for_room_later();  // As an earlier incarnation found it.
    while (auto message = co_await inbox_.receive()) {
      co_await yield();  // Whoever is ready to add to this group does so first: no wait, and one write for many.
      bool goes_on = gather(*message);
      while (goes_on && group_bytes_ < group_bytes_max) {
        std::optional<JournalWriterMessage> next = inbox_.try_receive();
        if (!next) break;
        message = std::move(next);
        goes_on = gather(*message);
      }
      if (goes_on && nobody_waits()) {
        write_later();
        continue;
      }
      co_await commit();
      if (!goes_on) co_await serve(std::move(*message));
    }
    if (!group_.empty()) co_await commit();
    if (flush_beside_) co_await end_flush_beside();
    auto close = [journal = journal_] { return journal->close(); };
    const Result<void> closed = co_await blocking(std::move(close));
    if (!closed) log_line(LogLevel::error, fmt::format("closing the journal: {}", closed.error().message()));
  }

 private:
  /// False: it is none to be gathered, and comes after what has been.
  bool gather(JournalWriterMessage& message) {
    if (auto* append = std::get_if<AppendRecords>(&message)) {
      gather_records(*append);
      return true;
    }
    if (auto* wait = std::get_if<AppendAndWait>(&message)) {
      gather_records(wait->append);
      completions_.emplace_back(
          [reply = std::move(wait->reply)](const Result<void>& outcome) mutable { reply.complete(outcome); });
      return true;
    }
    if (std::holds_alternative<WriteRecords>(message)) {
      write_waits_ = false;
      write_asked_ = true;
      return true;
    }
    if (std::holds_alternative<FlushJournal>(message)) {
      flush_waits_ = false;
      flush_due_ = true;
      return true;
    }
    // Of an earlier one, if it has been waited for meanwhile.
    if (const auto* ended = std::get_if<FlushEnded>(&message))
      return !flush_beside_ || ended->number != flushes_beside_;
    if (std::holds_alternative<OpenJournal>(message)) throw std::logic_error("a journal was to be opened twice");
    if (std::holds_alternative<FlushAll>(message)) flush_asked_ = true;
    return false;
  }
  void gather_records(AppendRecords& append) {
    last_batch_ = append.batch;
    wanted_ = stronger_of(wanted_, append.durability);
    group_bytes_ += append.records.batch_bytes();
    if (!append.records.empty()) group_.push_back(std::move(append.records));
    for (WhenSafe& completion : append.completions) completions_.push_back(std::move(completion));
  }

  /// What is gathered promises nothing (Durability::none): it can wait for more, so that a call of the system writes
  /// many.
  [[nodiscard]] bool nobody_waits() const noexcept {
    const bool begins_flush = flush_due_ && !flush_beside_;
    return wanted_ == Durability::none && completions_.empty() && !flush_asked_ && !begins_flush && !write_asked_ &&
           !group_.empty() && unhurried_writes_.wait_for_more(group_bytes_, shared_->clock());
  }
  void write_later() {
    if (std::exchange(write_waits_, true)) return;
    const TimePoint now = shared_->clock().now();
    timers_.spawn_regardless(tell_later<WriteRecords>(inbox_.address(), detail::next_round(now, written_within) - now));
  }

  Task<> commit() {
    const bool flush = flush_asked_ || wanted_ == Durability::always;
    if (flush_beside_ && (flush || (!group_.empty() && !is_small()))) co_await end_flush_beside();
    Result<void> written;
    if (!group_.empty() || flush) {
      std::size_t records = 0;
      for (const RecordList& list : group_) records += list.count();
      Task<Result<void>> writing = write(flush);
      written = co_await std::move(writing);
      if (written) note_commit(records);
      if (written && !flush && wanted_ == Durability::interval && !std::exchange(flush_waits_, true)) {
        timers_.spawn_regardless(tell_later<FlushJournal>(inbox_.address(), shared_->options().flush_interval));
      }
      if (std::optional<Error> no_room = durable::no_room_in(written)) {
        written = std::unexpected(*no_room);
        note_room(std::move(no_room));
      }
    }
    group_.clear();
    group_bytes_ = 0;
    if (flush) flush_due_ = false;
    flush_asked_ = false;
    write_asked_ = false;
    wanted_ = Durability::none;
    // Safe for readers before the writers hear of it: who has heard may read at once.
    if (written) shared_->note_safe(last_batch_);
    for (WhenSafe& completion : completions_) completion(written);
    completions_.clear();
    if (!written) throw std::runtime_error(std::string(written.error().message()));
    co_await prepare();
  }
  /// After the answers, so that nobody waits for it.
  Task<> prepare() {
    if (!full_ && !flush_beside_ && journal_->lacks_room()) co_await reserve_room();
    if (flush_due_ && !flush_beside_) begin_flush_beside();
  }

  /// What has been written until now.
  void begin_flush_beside() {
    flush_due_ = false;
    Result<JournalFlush> begun = journal_->begin_flush();
    if (!begun) throw std::runtime_error(std::string(begun.error().message()));  // Ended, while room was made for it.
    if (begun->file == nullptr) return;
    auto ended = std::make_shared<detail::Event>();
    // The journal holds the directory until then, whatever becomes of this incarnation.
    auto call = [journal = journal_, file = begun->file, ended]() -> Result<void> {
      try {
        Result<void> flushed = file->flush();
        ended->set();
        return flushed;
      } catch (...) {
        ended->set();
        throw;
      }
    };
    timers_.spawn_regardless(tell_of_end(inbox_.address(), std::move(ended), ++flushes_beside_));
    flush_beside_.emplace(FlushBeside{std::move(*begun), start_blocking<Result<void>>(std::move(call))});
  }
  /// Waits for it, if it has not ended.
  Task<> end_flush_beside() {
    Task<Result<void>> result = flush_beside_->call.result();
    const Result<void> outcome = co_await std::move(result);
    const Result<void> ended = journal_->end_flush(flush_beside_->flush, outcome);
    flush_beside_.reset();
    if (!ended) {
      for (WhenSafe& completion : completions_) completion(ended);
      throw std::runtime_error(std::string(ended.error().message()));
    }
    shared_->note_flush(*journal_);
  }
  /// Appends what is gathered; where this stands, if that promises to be quick.
  Task<Result<void>> write(bool flush) {
    const TimePoint begin = shared_->clock().now();
    unhurried_writes_.note(begin);
    const bool quick = !flush && is_small() && quick_writes_.may_begin(begin);
    auto write = [journal = journal_, group = std::make_shared<Group>(std::move(group_)), flush] {
      Result<void> done = append_group(*journal, *group, flush);
      group->clear();  // Here: a gigabyte takes the system a while to take back, and would hold a worker.
      return done;
    };
    Task<Result<void>> writing = blocking(std::move(write), {.quick = quick});
    Result<void> written = co_await std::move(writing);
    if (quick) quick_writes_.note(begin, shared_->clock().now());
    co_return written;
  }
  [[nodiscard]] bool is_small() const noexcept {
    return group_bytes_ <= UnhurriedWrites::bytes_quick_max && journal_->has_room_ready(group_bytes_);
  }

  Task<> reserve_room() {
    auto call = [journal = journal_] { return durable::find_no_room(*journal); };
    std::optional<Error> no_room = co_await blocking(std::move(call));
    shared_->note_usage(journal_->usage());
    note_room(std::move(no_room));
  }

  Task<> serve(JournalWriterMessage message) {
    const auto* ended = std::get_if<FlushEnded>(&message);
    // What has come is its end, or can't be done beside it.
    if (flush_beside_ && (ended == nullptr || ended->number == flushes_beside_)) co_await end_flush_beside();
    if (ended != nullptr) {
      co_await prepare();
    } else if (auto* flushed = std::get_if<FlushAll>(&message)) {
      flushed->reply(journal_->durable_lsn());
    } else if (std::holds_alternative<ProbeRoom>(message)) {
      probe_waits_ = false;
      co_await reserve_room();
    } else if (auto* begin = std::get_if<BeginSnapshot>(&message)) {
      auto call = [journal = journal_, covers = begin->covers] {
        return journal->begin_snapshot(covers != 0 ? covers : journal->committed_lsn());
      };
      Result<std::unique_ptr<SnapshotWriter>> begun = co_await blocking(std::move(call));
      begin->reply.complete(std::move(begun));
    } else if (auto* install = std::get_if<InstallSnapshot>(&message)) {
      auto call = [journal = journal_, snapshot = install->snapshot] { return journal->install_snapshot(*snapshot); };
      const Result<void> installed = co_await blocking(std::move(call));
      shared_->note_usage(journal_->usage());
      if (auto removed = journal_->take_removed(); !removed.empty()) {
        // Beside what comes next, which need not wait for it.
        detail::end_elsewhere(detail::this_thread().current->scheduler(), std::move(removed));
      }
      if (installed) {
        install->reply(*journal_->snapshot());
      } else {
        install->reply.fail(installed.error());
      }
    }
  }

  void note_room(std::optional<Error> no_room) {
    if (no_room.has_value() != full_) {
      full_ = no_room.has_value();
      if (full_) {
        log_line(LogLevel::warning, fmt::format("{}: {}; reads go on", describe(), no_room->message()));
      } else {
        log_line(LogLevel::info, fmt::format("{}: there is room on the disk again, writes go on", describe()));
      }
      shared_->note_full(std::move(no_room));
    }
    if (full_) look_for_room_later();
  }
  void look_for_room_later() {
    if (std::exchange(probe_waits_, true)) return;
    timers_.spawn_regardless(tell_later<ProbeRoom>(inbox_.address(), room_retry));
  }

  void note_commit(std::size_t records) {
    shared_->note_commit(*journal_);
    if (!is_logged(LogLevel::debug)) return;  // A line a commit: dear to make, and seldom wanted.
    log_line(LogLevel::debug,
             fmt::format("writer started {:%H:%M:%S}.{:03}: {} records written, last LSN {}, flushed to {}", started_,
                         started_.time_since_epoch().count() % 1000, records, journal_->last_lsn(),
                         journal_->durable_lsn()));
  }
  [[nodiscard]] const std::string& describe() const noexcept { return shared_->storage()->describe(); }

  Mailbox<JournalWriterMessage>& inbox_;
  std::shared_ptr<SharedJournal> shared_;
  std::shared_ptr<Journal> journal_;
  WallTime started_;  // Which instance this is, for people.
  QuickWrites quick_writes_;
  UnhurriedWrites unhurried_writes_;
  struct FlushBeside {
    JournalFlush flush;
    StartedCall<Result<void>> call;
  };
  std::optional<FlushBeside> flush_beside_;
  std::uint64_t flushes_beside_ = 0;
  // What waits in the mailbox, gathered.
  Group group_;
  std::size_t group_bytes_ = 0;
  Durability wanted_ = Durability::none;
  bool flush_asked_ = false;
  bool write_asked_ = false;
  std::uint64_t last_batch_ = 0;
  std::vector<WhenSafe> completions_;
  // What time will bring.
  bool flush_waits_ = false;
  bool flush_due_ = false;
  bool write_waits_ = false;
  bool full_ = false;
  bool probe_waits_ = false;
  TaskGroup timers_;  // They end with this incarnation.
};

}  // namespace

Task<> journal_writer(Mailbox<JournalWriterMessage>& inbox, std::shared_ptr<SharedJournal> journal) {
  std::optional<JournalWriterMessage> first = co_await inbox.receive();
  if (!first) co_return;
  auto* open = std::get_if<OpenJournal>(&*first);
  if (open == nullptr) throw std::logic_error("the first message to a journal's writer did not open it");
  Opened opened = co_await open_after_predecessor(journal, std::move(open->apply));
  if (!opened) {
    open->reply.fail(opened.error());
    co_return;
  }
  journal->note_opened((*opened)->recovery(), (*opened)->usage());
  open->reply((*opened)->recovery());
  Writer writer(inbox, journal, std::move(*opened));
  co_await writer.run();
}

}  // namespace understudy
