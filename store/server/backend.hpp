// Backend: the store, as far as the server needs it. An interface, so that sessions can be tested against a store that
// fails on purpose.
//
// Threads: every member may be called from any thread; the tasks run in coroutines of the system.
#pragma once

#include "understudy/runtime/task.hpp"
#include "understudy/store/store.hpp"

#include <cstdint>

namespace understudy::server {

class Backend {
 public:
  Backend() = default;
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;
  virtual ~Backend() = default;

  /// The actor that is asked to run operations (store::Operate), each alone, atomically; it answers when what one did
  /// and saw is as safe as the durability says. After an error the operation may still be running, or run later: it
  /// must own all it touches. The same for as long as this lives.
  [[nodiscard]] virtual const Address<store::KeyValueMessage>& key_value() const noexcept = 0;
  /// Resets one of the store's actors. False if it was not running.
  [[nodiscard]] virtual Task<Result<bool>> reset(store::ActorType actor) = 0;
  /// As Store::flush_within.
  [[nodiscard]] virtual Task<Result<void>> flush_within(Duration limit) = 0;
  /// Takes a snapshot of the store, and ends when it counts.
  [[nodiscard]] virtual Task<Result<SnapshotReport>> take_snapshot() = 0;
  [[nodiscard]] virtual store::StoreStatistics statistics() = 0;
  /// As Store::set_memory_limit.
  virtual void set_memory_limit(std::uint64_t bytes, store::WhenMemoryFull when_full) = 0;
};

}  // namespace understudy::server
