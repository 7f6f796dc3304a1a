// What the incarnations of the store's actors share with one another and with the Store: set-up, counters, and how far
// the journal is safe. Everything else belongs to one actor.
#pragma once

#include "understudy/base/clock.hpp"
#include "understudy/base/error.hpp"
#include "understudy/journal/journal.hpp"
#include "understudy/store/options.hpp"
#include "understudy/store/store.hpp"

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>

namespace understudy::store {

class SharedState {
 public:
  SharedState(StoreOptions given, std::shared_ptr<Storage> opened, const Clock& system_clock)
      : options(std::move(given)), storage(std::move(opened)), clock(system_clock) {}

  const StoreOptions options;
  const std::shared_ptr<Storage> storage;
  const Clock& clock;

  // Counters: relaxed, each has one writer at a time, readers want a recent number.
  std::atomic<std::uint64_t> keys{0};
  std::atomic<std::uint64_t> reads{0};
  std::atomic<std::uint64_t> read_hits{0};
  std::atomic<std::uint64_t> changes{0};
  std::atomic<std::uint64_t> commits{0};
  std::atomic<std::uint64_t> last_lsn{0};
  std::atomic<std::uint64_t> durable_lsn{0};
  std::atomic<std::uint32_t> key_value_incarnation{0};
  std::atomic<std::uint64_t> segment_bytes{0};
  std::atomic<std::uint64_t> snapshot_bytes{0};
  std::atomic<std::uint64_t> snapshots{0};
  std::atomic<std::uint64_t> failed_snapshots{0};
  /// One is under way, or wanted. Set by the key-value actor, cleared by the snapshotter; relaxed: no more than a hint.
  std::atomic<bool> snapshot_runs{false};
  /// After one that failed: nanoseconds of the clock before which none is begun by itself. Relaxed.
  std::atomic<std::int64_t> no_snapshot_before{0};

  void note_usage(const JournalUsage& usage) noexcept {
    segment_bytes.store(usage.segment_bytes, std::memory_order_relaxed);
    snapshot_bytes.store(usage.snapshot_bytes, std::memory_order_relaxed);
  }
  /// Whether it is time for a snapshot: the segments have grown past the limit, and past the last snapshot, so that
  /// what snapshots write stays in proportion to what is written besides.
  [[nodiscard]] bool snapshot_is_due() const noexcept {
    const std::uint64_t grown = segment_bytes.load(std::memory_order_relaxed);
    return options.snapshot_after_bytes != 0 && grown > options.snapshot_after_bytes &&
           grown > snapshot_bytes.load(std::memory_order_relaxed) && !snapshot_runs.load(std::memory_order_relaxed) &&
           clock.now().time_since_epoch().count() >= no_snapshot_before.load(std::memory_order_relaxed);
  }

  /// The number of the last message to the writer whose changes are as safe as the durability says. Written by the
  /// writer after the flush (release), read by the key-value actor (acquire).
  std::atomic<std::uint64_t> safe_batch{0};
  /// The number of the last message to the writer. Numbers go on over incarnations: a late writer's can't be mistaken.
  std::atomic<std::uint64_t> sent_batch{0};

  void set_load_report(LoadReport report) {
    const std::lock_guard lock(mutex_);
    load_report_ = std::move(report);
  }
  [[nodiscard]] LoadReport load_report() const {
    const std::lock_guard lock(mutex_);
    return load_report_;
  }
  /// The snapshotter of the present incarnation; empty before the first.
  void set_snapshotter(Address<TakeSnapshot> snapshotter) {
    const std::lock_guard lock(mutex_);
    snapshotter_ = std::move(snapshotter);
  }
  [[nodiscard]] Address<TakeSnapshot> snapshotter() const {
    const std::lock_guard lock(mutex_);
    return snapshotter_;
  }
  /// Why the store can't run: damage, or a lock that another process holds.
  void set_fatal(Error error) {
    const std::lock_guard lock(mutex_);
    fatal_ = std::move(error);
  }
  [[nodiscard]] std::optional<Error> fatal() const {
    const std::lock_guard lock(mutex_);
    return fatal_;
  }

 private:
  mutable std::mutex mutex_;
  LoadReport load_report_;
  std::optional<Error> fatal_;
  Address<TakeSnapshot> snapshotter_;
};

}  // namespace understudy::store
