// What the incarnations of an actor that owns a journal share with one another, with its writer and its snapshotter,
// and with whoever looks at its statistics: settings, numbers, how far the journal is safe, and whether the disk is
// full. Everything else belongs to one actor.
//
// Threads: every member may be called from any thread. Those that change something are for the writer, the snapshotter
// and the Recorder.
#pragma once

#include "understudy/base/clock.hpp"
#include "understudy/base/detail/atomic.hpp"
#include "understudy/base/error.hpp"
#include "understudy/durable/options.hpp"
#include "understudy/journal/journal.hpp"
#include "understudy/journal/record.hpp"

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>

namespace understudy {

/// How a journal is doing; since its SharedJournal was made unless said otherwise.
struct JournalStatistics {
  std::uint64_t commits = 0;         ///< Group commits.
  Lsn last_lsn = 0;                  ///< Of the last record written.
  Lsn durable_lsn = 0;               ///< Of the last record flushed.
  std::uint64_t segment_bytes = 0;   ///< What the segments have on the disk.
  std::uint64_t snapshot_bytes = 0;  ///< What the snapshot that counts has there; 0: there is none.
  std::uint64_t snapshots = 0;
  std::uint64_t failed_snapshots = 0;
  std::optional<WallTime> snapshot_at = {};  ///< When the last one was taken.
  bool snapshot_runs = false;                ///< One is under way, or wanted.
  bool disk_full = false;                    ///< Changes are refused until there is room.
};

class SharedJournal {
 public:
  /// `clock` must outlive this; a System's does, for whatever runs in it.
  SharedJournal(DurableOptions options, std::shared_ptr<Storage> storage, const Clock& clock)
      : options_(std::move(options)), storage_(std::move(storage)), clock_(clock) {}
  /// The same, with the storage that the options name. Blocks. Errors: storage_failed.
  [[nodiscard]] static Result<std::shared_ptr<SharedJournal>> open(DurableOptions options, const Clock& clock);

  [[nodiscard]] const DurableOptions& options() const noexcept { return options_; }
  [[nodiscard]] const std::shared_ptr<Storage>& storage() const noexcept { return storage_; }
  [[nodiscard]] const Clock& clock() const noexcept { return clock_; }
  [[nodiscard]] JournalStatistics statistics() const noexcept;

  /// Fails while the disk is full, with what every change is answered with then. A load of one word while it is not.
  [[nodiscard]] Result<void> room() const {
    if (!full_.load(std::memory_order_relaxed)) [[likely]]
      return {};
    return no_room();
  }
  /// Whether it is time for a snapshot: the segments have grown past `snapshot_after_bytes`, and past the last
  /// snapshot, so that what snapshots write stays in proportion to what is written besides; or the journal has come to
  /// its own limit, and a snapshot makes room. None is under way, and the last one has not failed just now.
  [[nodiscard]] bool snapshot_is_due() const noexcept;

  /// Numbers for what is sent to the writer. They go on over incarnations: a late writer's can't be mistaken.
  [[nodiscard]] std::uint64_t next_batch() noexcept { return sent_batch_.fetch_add(1, std::memory_order_relaxed) + 1; }
  /// The number of the last batch which, with all before it, is as safe as its durability says.
  [[nodiscard]] std::uint64_t safe_batch() const noexcept { return safe_batch_.load(std::memory_order_acquire); }

  /// Whether an incarnation has opened it before: then it is one of this program's own that may hold its lock still.
  [[nodiscard]] bool was_opened() const noexcept { return opened_.load(std::memory_order_relaxed); }

  // By the writer.
  void note_opened(const RecoveryReport& report, const JournalUsage& usage) noexcept;
  void note_commit(const Journal& journal) noexcept;
  void note_flush(const Journal& journal) noexcept;
  void note_usage(const JournalUsage& usage) noexcept;
  void note_safe(std::uint64_t batch) noexcept { safe_batch_.store(batch, std::memory_order_release); }
  /// None: there is room.
  void note_full(std::optional<Error> error);
  // By the snapshotter, and who tells it to begin.
  void note_snapshot_runs(bool runs) noexcept { snapshot_runs_.store(runs, std::memory_order_relaxed); }
  void note_snapshot() noexcept;
  void note_failed_snapshot(Duration pause) noexcept;

 private:
  [[nodiscard]] Result<void> no_room() const;

  const DurableOptions options_;
  const std::shared_ptr<Storage> storage_;
  const Clock& clock_;

  detail::Atomic<bool> opened_{false};  // Relaxed: incarnations follow one another.
  // Counters: relaxed, each has one writer at a time, readers want a recent number.
  detail::Atomic<std::uint64_t> commits_{0};
  detail::Atomic<std::uint64_t> last_lsn_{0};
  detail::Atomic<std::uint64_t> durable_lsn_{0};
  detail::Atomic<std::uint64_t> segment_bytes_{0};
  detail::Atomic<std::uint64_t> snapshot_bytes_{0};
  detail::Atomic<std::uint64_t> snapshots_{0};
  detail::Atomic<std::uint64_t> failed_snapshots_{0};
  detail::Atomic<std::int64_t> snapshot_at_ms_{0};  // Since 1970; 0: none has been taken.
  // Set by the owner, cleared by the snapshotter; relaxed: no more than a hint.
  detail::Atomic<bool> snapshot_runs_{false};
  // After one that failed: nanoseconds of the clock before which none is begun by itself. Relaxed.
  detail::Atomic<std::int64_t> no_snapshot_before_{0};
  // Written by the writer after the flush (release), read by the owner (acquire): who sees a batch safe may say so.
  detail::Atomic<std::uint64_t> safe_batch_{0};
  detail::Atomic<std::uint64_t> sent_batch_{0};
  // Relaxed: what `full_error_` says is read under the mutex.
  detail::Atomic<bool> full_{false};
  mutable std::mutex mutex_;
  std::optional<Error> full_error_;
};

}  // namespace understudy
