// A store that a tool opens for itself, in this process, and works on. No supervisor: what goes wrong is told, not
// healed.
//
// Threads: one uses it, not a worker.
#pragma once

#include "understudy/actor/system.hpp"
#include "understudy/base/logging.hpp"
#include "understudy/runtime/wait.hpp"
#include "understudy/store/store.hpp"

#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace understudy::tool {

class OfflineStore {
 public:
  /// Fails as Store::open.
  static Result<std::unique_ptr<OfflineStore>> open(const std::string& directory) {
    set_log_level(LogLevel::warning);
    std::unique_ptr<OfflineStore> opened(new OfflineStore);
    store::StoreOptions options;
    options.directory = directory;
    Result<std::unique_ptr<store::Store>> store = store::Store::open(opened->system_, std::move(options));
    if (!store) return std::unexpected(store.error());
    opened->store_ = std::move(*store);
    return opened;
  }
  OfflineStore(const OfflineStore&) = delete;
  OfflineStore& operator=(const OfflineStore&) = delete;
  ~OfflineStore() = default;

  /// As Store::operate. The operation owns what it uses.
  Result<void> operate(store::Operation operation) { return wait(system_, store_->operate(std::move(operation))); }

 private:
  OfflineStore() : system_({.workers = 1}) {}

  System system_;
  std::unique_ptr<store::Store> store_;
};

}  // namespace understudy::tool
