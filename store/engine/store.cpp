#include "understudy/store/store.hpp"

#include "engine/key_value.hpp"
#include "engine/lengths.hpp"
#include "engine/router.hpp"
#include "engine/shared_state.hpp"
#include "understudy/runtime/sleep.hpp"
#include "understudy/runtime/wait.hpp"

#include <algorithm>
#include <atomic>

#include <fmt/format.h>

namespace understudy::store {
namespace {

// Set by install (release), read by the free functions (acquire), taken back by close.
std::atomic<Store*> the_store{nullptr};

Result<Store*> installed_store() {
  Store* store = the_store.load(std::memory_order_acquire);
  if (store != nullptr) return store;
  return failure(ErrorCode::not_installed,
                 "no process-wide store is installed; call understudy::store::install(store) first thing in main");
}

/// `duration` after `start`, or the end of time if that comes before; the earliest, if it is negative.
WallTime after(WallTime start, std::chrono::milliseconds duration) noexcept {
  if (duration.count() < 0) return WallTime::min();
  return start > WallTime::max() - duration ? WallTime::max() : start + duration;
}

/// Stops an actor and waits until it has handled what waits and has ended. Not on a worker.
template <typename M>
void stop_and_wait(System& system, const Address<M>& address) {
  address.stop();
  if (address.stopped()) return;  // Also after the system's shutdown, when nothing runs any more.
  static_cast<void>(wait(system, [](Address<M> stopping) -> Task<> {
    while (!stopping.stopped()) co_await sleep(std::chrono::milliseconds(1));
  }(address)));
}

}  // namespace

struct Store::Parts {
  System& system;
  std::shared_ptr<SharedState> shared;
  Address<KeyValueMessage> key_value;
  Address<RoutingMessage> router;
  std::atomic<bool> closed{false};
};

Store::Store(std::unique_ptr<Parts> parts) noexcept : parts_(std::move(parts)) {}

Store::~Store() { close(); }

Result<std::unique_ptr<Store>> Store::open(System& system, StoreOptions options) {
  Result<std::shared_ptr<Storage>> storage =
      options.open_storage ? options.open_storage() : open_file_storage(options.directory);
  if (!storage) return std::unexpected(storage.error());
  auto shared =
      std::make_shared<SharedState>(std::move(options), std::move(*storage), system.clock(), system.random_number());
  const std::uint32_t capacity = shared->options.mailbox_capacity;
  auto key_value = system.spawn("key-value", key_value_actor, {.capacity = capacity}, shared);
  auto router = system.spawn("router", router_actor, {.capacity = capacity}, shared, key_value);
  // NOLINTNEXTLINE(modernize-make-unique): an aggregate that cannot be moved, with names for its parts
  std::unique_ptr<Parts> parts(new Parts{.system = system, .shared = shared, .key_value = key_value, .router = router});
  std::unique_ptr<Store> store(new Store(std::move(parts)));
  // The first answer means that the data has been loaded.
  const Result<void> loaded = wait(system, store->operate([](Transaction&) {}));
  if (const std::optional<Error> fatal = shared->fatal()) return std::unexpected(*fatal);
  if (!loaded) return std::unexpected(loaded.error());
  return store;
}

void Store::close() {
  if (parts_->closed.exchange(true, std::memory_order_acq_rel)) return;
  Store* expected = this;
  the_store.compare_exchange_strong(expected, nullptr, std::memory_order_acq_rel);
  // The door first, so that what it let in is handled; then the rest.
  stop_and_wait(parts_->system, parts_->router);
  stop_and_wait(parts_->system, parts_->key_value);
}

Task<Result<void>> Store::set(Bytes key, Bytes value) {
  const Address<RoutingMessage> router = parts_->router;
  co_return co_await router.ask<Set>(std::move(key), std::move(value));
}

Task<Result<std::optional<Bytes>>> Store::get(Bytes key) {
  const Address<RoutingMessage> router = parts_->router;
  co_return co_await router.ask<Get>(std::move(key));
}

Task<Result<bool>> Store::erase(Bytes key) {
  const Address<RoutingMessage> router = parts_->router;
  co_return co_await router.ask<Delete>(std::move(key));
}

Task<Result<void>> Store::operate(Operation operation) {
  const Address<KeyValueMessage> key_value = parts_->key_value;
  co_return co_await key_value.ask<Operate>(std::move(operation));
}

Task<Result<void>> Store::set(Bytes key, Bytes value, WriteOptions options) {
  if (const Result<void> good = check_lengths(key, value); !good) co_return good;
  const Address<RoutingMessage> router = parts_->router;
  // Owned by the change too: it may be made when this coroutine is gone.
  const auto refused = std::make_shared<bool>(false);
  auto change = [key = std::move(key), value = std::move(value), options, refused](Transaction& transaction) mutable {
    *refused = !transaction.make_room();
    if (*refused) return;
    std::optional<WallTime> expires_at = options.expires_at;
    if (options.time_to_live) {
      const WallTime then = after(transaction.now(), *options.time_to_live);
      expires_at = std::min(then, expires_at.value_or(then));
    }
    transaction.set(key, value, expires_at);
  };
  Operation operation = std::move(change);
  const Result<void> done = co_await router.ask<OperateWith>(std::move(operation), options);
  if (done && *refused) co_return std::unexpected(memory_is_full(*parts_->shared));
  co_return done;
}

Task<Result<bool>> Store::erase(Bytes key, WriteOptions options) {
  const auto was_there = std::make_shared<bool>(false);
  Operation change = [key = std::move(key), was_there](Transaction& transaction) {
    *was_there = transaction.erase(key);
  };
  const Address<RoutingMessage> router = parts_->router;
  const Result<void> done = co_await router.ask<OperateWith>(std::move(change), options);
  if (!done) co_return std::unexpected(done.error());
  co_return *was_there;
}

Task<Result<void>> Store::operate(Operation operation, WriteOptions options) {
  const Address<KeyValueMessage> key_value = parts_->key_value;
  co_return co_await key_value.ask<OperateWith>(std::move(operation), options);
}

Task<Result<void>> Store::flush() {
  const Address<KeyValueMessage> key_value = parts_->key_value;
  co_return co_await key_value.ask<Flush>();
}

Task<Result<void>> Store::flush_within(Duration limit) {
  const Address<KeyValueMessage> key_value = parts_->key_value;
  co_return co_await key_value.ask<Flush>().within(limit);
}

Task<Result<SnapshotReport>> Store::take_snapshot() {
  const Address<KeyValueMessage> key_value = parts_->key_value;
  for (bool again = false;; again = true) {
    const Address<SnapshotterMessage> snapshotter = parts_->shared->snapshotter();
    const Result<SnapshotReport> taken = co_await snapshotter.ask<TakeSnapshot>();
    const bool was_replaced = !taken && taken.error() == ErrorCode::actor_stopped && !key_value.stopped();
    if (!was_replaced || again) co_return taken;
    // It ends with its incarnation of the store; the first answer of the next means that there is another.
    Operation nothing = [](Transaction&) {};
    const Result<void> replaced = co_await key_value.ask<Operate>(std::move(nothing));
    if (!replaced) co_return std::unexpected(replaced.error());
  }
}

void Store::set_memory_limit(std::uint64_t bytes, WhenMemoryFull when_full) {
  parts_->shared->when_memory_full.store(when_full, std::memory_order_relaxed);
  parts_->shared->memory_bytes_max.store(bytes, std::memory_order_relaxed);
  // One message, so that the key-value actor sees it now, and not with the next change.
  static_cast<void>(parts_->key_value.try_tell(Reclaim{}));
}

const Address<RoutingMessage>& Store::router() const noexcept { return parts_->router; }
const Address<KeyValueMessage>& Store::key_value() const noexcept { return parts_->key_value; }
LoadReport Store::load_report() const { return parts_->shared->load_report(); }

StoreStatistics Store::statistics() const {
  const SharedState& shared = *parts_->shared;
  const auto read = [](const auto& counter) { return counter.load(std::memory_order_relaxed); };
  const JournalStatistics journal = shared.journal->statistics();
  const std::uint64_t expiring = read(shared.expiring_keys);
  const std::int64_t now = shared.journal->clock().wall_now().time_since_epoch().count();
  const std::int64_t left = read(shared.mean_expiry_ms) - now;
  return {.keys = read(shared.keys),
          .expiring_keys = expiring,
          .mean_time_left = std::chrono::milliseconds(expiring == 0 ? 0 : std::max<std::int64_t>(left, 0)),
          .expired_keys = read(shared.expired_keys),
          .evicted_keys = read(shared.evicted_keys),
          .memory_bytes_max = read(shared.memory_bytes_max),
          .when_memory_full = read(shared.when_memory_full),
          .memory_bytes = read(shared.memory_bytes),
          .memory_peak_bytes = read(shared.memory_peak_bytes),
          .reads = read(shared.reads),
          .read_hits = read(shared.read_hits),
          .changes = read(shared.changes),
          .commits = journal.commits,
          .last_lsn = journal.last_lsn,
          .durable_lsn = journal.durable_lsn,
          .key_value_incarnation = read(shared.key_value_incarnation),
          .segment_bytes = journal.segment_bytes,
          .snapshot_bytes = journal.snapshot_bytes,
          .snapshots = journal.snapshots,
          .failed_snapshots = journal.failed_snapshots,
          .snapshot_at = journal.snapshot_at,
          .snapshot_runs = journal.snapshot_runs,
          .disk_full = journal.disk_full};
}

Result<void> install(Store& store) {
  Store* expected = nullptr;
  if (the_store.compare_exchange_strong(expected, &store, std::memory_order_acq_rel)) return {};
  return failure(ErrorCode::already_installed,
                 "install was called twice; the process-wide store is set once, at the start of main");
}

Task<Result<void>> set(Bytes key, Bytes value) {
  const Result<Store*> store = installed_store();
  if (!store) co_return std::unexpected(store.error());
  co_return co_await (*store)->set(std::move(key), std::move(value));
}

Task<Result<std::optional<Bytes>>> get(Bytes key) {
  const Result<Store*> store = installed_store();
  if (!store) co_return std::unexpected(store.error());
  co_return co_await (*store)->get(std::move(key));
}

Task<Result<bool>> erase(Bytes key) {
  const Result<Store*> store = installed_store();
  if (!store) co_return std::unexpected(store.error());
  co_return co_await (*store)->erase(std::move(key));
}

}  // namespace understudy::store
