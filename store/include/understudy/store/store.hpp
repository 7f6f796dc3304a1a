// Store: the key-value store, in process.
//
//     us::System system;
//     us::Supervisor supervisor(system);
//     auto store = us::store::Store::open(system, {.directory = "data"}).value();
//     co_await store->set("hello", "world");
//     auto value = co_await store->get("hello");       // Result<std::optional<Bytes>>
//
// Inside: a router actor, a key-value actor that owns the map, and a writer actor, its child, that owns the data
// directory and appends every change to a journal. Any of them may crash or be reset: the key-value actor comes back
// with all that was acknowledged, and the requests that waited.
//
// Errors of every operation: as `ask` (understudy/actor/ask.hpp), storage_full when there is no room for a change on
// the disk or below the limit on memory, and storage_failed when the change could not be made durable. After
// storage_failed, actor_crashed, timeout or cancelled a change may or may not have happened; after the others it has
// not.
#pragma once

#include "understudy/actor/system.hpp"
#include "understudy/journal/journal.hpp"
#include "understudy/runtime/task.hpp"
#include "understudy/store/messages.hpp"
#include "understudy/store/options.hpp"

#include <chrono>
#include <memory>
#include <optional>

namespace understudy::store {

/// What start-up found in the data directory.
struct LoadReport {
  std::uint64_t keys = 0;
  std::uint64_t records = 0;
  std::uint64_t journal_bytes = 0;
  std::uint64_t segments = 0;
  std::uint64_t snapshot_keys = 0;   ///< Keys in the snapshot that it began with; 0 if there was none.
  std::uint64_t snapshot_bytes = 0;  ///< Size of that on the disk.
  /// "" or one line: the torn tail of an unfinished write that was cut.
  std::string torn_tail;
};

/// How the store is doing; numbers since it was opened unless said otherwise.
struct StoreStatistics {
  std::uint64_t keys = 0;
  std::uint64_t expiring_keys = 0;              ///< Those that have a time to die.
  std::chrono::milliseconds mean_time_left{0};  ///< Of these; 0 if there are none.
  std::uint64_t expired_keys = 0;               ///< Those that died, and were removed.
  std::uint64_t evicted_keys = 0;               ///< Those that were erased to make room.
  std::uint64_t memory_bytes_max = 0;           ///< The limit; 0: none.
  WhenMemoryFull when_memory_full = WhenMemoryFull::refuse;
  std::uint64_t memory_bytes = 0;       ///< What keys, values and their tables take.
  std::uint64_t memory_peak_bytes = 0;  ///< The most that was, since the start.
  std::uint64_t reads = 0;
  std::uint64_t read_hits = 0;
  std::uint64_t changes = 0;
  std::uint64_t commits = 0;  ///< Group commits written to the journal.
  std::uint64_t last_lsn = 0;
  std::uint64_t durable_lsn = 0;
  std::uint32_t key_value_incarnation = 0;
  std::uint64_t segment_bytes = 0;   ///< What the journal's segments have on the disk.
  std::uint64_t snapshot_bytes = 0;  ///< What the snapshot that counts has there; 0: there is none.
  std::uint64_t snapshots = 0;
  std::uint64_t failed_snapshots = 0;
  std::optional<WallTime> snapshot_at = {};  ///< When the last one was taken, since the start.
  bool snapshot_runs = false;
  bool disk_full = false;  ///< Changes are refused until there is room.
};

/// Threads: every member may be called from any thread; the tasks run in coroutines of the system.
class Store {
 public:
  /// Opens the data directory, replays the journal, and starts the actors. Blocks; not on a worker. Fails with
  /// directory_locked (the message names the holder), data_damaged (it names file and offset; nothing was changed) or
  /// storage_failed. `system` must outlive the store.
  static Result<std::unique_ptr<Store>> open(System& system, StoreOptions options);
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;
  /// Stops the actors, after they have handled what waits, and waits for them. Not on a worker.
  ~Store();

  [[nodiscard]] Task<Result<void>> set(Bytes key, Bytes value);
  [[nodiscard]] Task<Result<std::optional<Bytes>>> get(Bytes key);
  /// True if the key was there.
  [[nodiscard]] Task<Result<bool>> erase(Bytes key);
  /// Runs `operation` in the key-value actor, atomically; see transaction.hpp.
  [[nodiscard]] Task<Result<void>> operate(Operation operation);

  // The same, for a change that must survive more, or may survive less, than the store's durability says; or, set, for
  // a key that dies.
  [[nodiscard]] Task<Result<void>> set(Bytes key, Bytes value, WriteOptions options);
  [[nodiscard]] Task<Result<bool>> erase(Bytes key, WriteOptions options);
  [[nodiscard]] Task<Result<void>> operate(Operation operation, WriteOptions options);

  /// Ends when all that was changed before is on the disk, whatever the durability.
  [[nodiscard]] Task<Result<void>> flush();
  /// The same, but waits for so long at most: fails with timeout then.
  [[nodiscard]] Task<Result<void>> flush_within(Duration limit);

  /// Takes a snapshot now; one that is under way is waited for first. Afterwards the journal's files hold no more than
  /// what has been written since. Fails with invalid_argument while nothing has been written yet.
  [[nodiscard]] Task<Result<SnapshotReport>> take_snapshot();

  /// Changes the limit on memory, which begins as the options say; 0: none. Keys are evicted in the background.
  void set_memory_limit(std::uint64_t bytes, WhenMemoryFull when_full);

  /// The store's door: takes every message.
  [[nodiscard]] const Address<RoutingMessage>& router() const noexcept;
  /// The key-value actor itself: one hop less.
  [[nodiscard]] const Address<KeyValueMessage>& key_value() const noexcept;

  [[nodiscard]] LoadReport load_report() const;
  [[nodiscard]] StoreStatistics statistics() const;
  /// Stops the store as the destructor does; calling it again does nothing.
  void close();

 private:
  struct Parts;
  explicit Store(std::unique_ptr<Parts> parts) noexcept;
  std::unique_ptr<Parts> parts_;
};

/// The process-wide store, for code that is four levels deep: set once, at the start of main, until it is destroyed.
/// Fails with `already_installed`.
Result<void> install(Store& store);
/// As the members of Store, on the process-wide store. Fail with `not_installed` before `install`.
[[nodiscard]] Task<Result<void>> set(Bytes key, Bytes value);
[[nodiscard]] Task<Result<std::optional<Bytes>>> get(Bytes key);
[[nodiscard]] Task<Result<bool>> erase(Bytes key);

}  // namespace understudy::store
