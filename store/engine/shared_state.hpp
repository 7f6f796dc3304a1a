// What the incarnations of the store's actors share with one another and with the Store: set-up, counters, and what is
// known of the journal. Everything else belongs to one actor.
#pragma once

#include "engine/key_hash.hpp"
#include "understudy/base/clock.hpp"
#include "understudy/base/error.hpp"
#include "understudy/durable/shared_journal.hpp"
#include "understudy/durable/snapshotter.hpp"
#include "understudy/store/options.hpp"
#include "understudy/store/store.hpp"

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>

namespace understudy::store {

/// By the counter's one writer.
inline void count(std::atomic<std::uint64_t>& counter) noexcept {
  counter.store(counter.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

class SharedState {
 public:
  SharedState(StoreOptions given, std::shared_ptr<Storage> opened, const Clock& system_clock, std::uint64_t seed)
      : options(std::move(given)),
        secret(seed),
        journal(std::make_shared<SharedJournal>(durable_options(options), std::move(opened), system_clock)),
        memory_bytes_max(options.memory_bytes_max),
        when_memory_full(options.when_memory_full) {}

  const StoreOptions options;
  /// Of the hashes of keys; all incarnations have the same.
  const KeySecret secret;
  const std::shared_ptr<SharedJournal> journal;

  // Counters: relaxed, each has one writer at a time, readers want a recent number.
  std::atomic<std::uint64_t> keys{0};
  std::atomic<std::uint64_t> expiring_keys{0};
  std::atomic<std::int64_t> mean_expiry_ms{0};  // Of these, since 1970.
  std::atomic<std::uint64_t> expired_keys{0};
  std::atomic<std::uint64_t> memory_bytes{0};
  std::atomic<std::uint64_t> memory_peak_bytes{0};
  std::atomic<std::uint64_t> evicted_keys{0};
  // Set by anybody, read by the key-value actor before each change: relaxed, the next change knows.
  std::atomic<std::uint64_t> memory_bytes_max;
  std::atomic<WhenMemoryFull> when_memory_full;
  std::atomic<std::uint64_t> reads{0};
  std::atomic<std::uint64_t> read_hits{0};
  std::atomic<std::uint64_t> changes{0};
  std::atomic<std::uint32_t> key_value_incarnation{0};

  /// 0: none.
  [[nodiscard]] std::uint64_t memory_limit() const noexcept { return memory_bytes_max.load(std::memory_order_relaxed); }
  [[nodiscard]] bool evicts() const noexcept {
    return when_memory_full.load(std::memory_order_relaxed) == WhenMemoryFull::evict;
  }

  void set_load_report(LoadReport report) {
    const std::lock_guard lock(mutex_);
    load_report_ = std::move(report);
  }
  [[nodiscard]] LoadReport load_report() const {
    const std::lock_guard lock(mutex_);
    return load_report_;
  }
  /// The snapshotter of the present incarnation; empty before the first.
  void set_snapshotter(Address<SnapshotterMessage> snapshotter) {
    const std::lock_guard lock(mutex_);
    snapshotter_ = std::move(snapshotter);
  }
  [[nodiscard]] Address<SnapshotterMessage> snapshotter() const {
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
  static DurableOptions durable_options(const StoreOptions& options) {
    DurableOptions durable;
    durable.durability = options.durability;
    durable.flush_interval = options.flush_interval;
    durable.snapshot_after_bytes = options.snapshot_after_bytes;
    durable.journal.segment_bytes_max = options.segment_bytes_max;
    durable.journal.reserved_bytes = options.reserved_bytes;
    durable.journal.bytes_max = options.disk_bytes_max;
    durable.writer_capacity = options.mailbox_capacity;
    return durable;
  }

  mutable std::mutex mutex_;
  LoadReport load_report_;
  std::optional<Error> fatal_;
  Address<SnapshotterMessage> snapshotter_;
};

/// What a change that the limit on memory forbids fails with.
[[nodiscard]] inline Error memory_is_full(const SharedState& shared) {
  return {ErrorCode::storage_full,
          "the store's keys have reached the limit on memory of " +
              std::to_string(shared.memory_bytes_max.load(std::memory_order_relaxed)) +
              " bytes; erase some, raise the limit, or let the least recently used be evicted"};
}

}  // namespace understudy::store
