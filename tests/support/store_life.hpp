// StoreLife: one life of a store on a simulated disk that outlives it.
//
//     SimulatedDisk disk(1);
//     { StoreLife life(disk, 1, {.segment_bytes_max = 4096}); ... disk.crash(); }
//     StoreLife life(disk, 2);  // Starts from what is left.
#pragma once

#include "understudy/runtime/wait.hpp"
#include "understudy/simulation/simulated_storage.hpp"
#include "understudy/simulation/simulated_system.hpp"
#include "understudy/store/store.hpp"
#include "understudy/supervision/supervisor.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

namespace understudy::store {

struct StoreLife {
  StoreLife(SimulatedDisk& disk, std::uint64_t seed, StoreOptions options = {},
            std::optional<WallTime> now = std::nullopt)
      : simulation(seed), supervisor(simulation.system()) {
    if (now) simulation.set_wall_time(*now);
    options.open_storage = [&disk] { return Result<std::shared_ptr<Storage>>(disk.attach()); };
    opened = Store::open(simulation.system(), std::move(options));
  }
  Store& store() { return **opened; }
  System& system() { return simulation.system(); }
  Result<void> set(const Bytes& key, const Bytes& value, WriteOptions options = {}) {
    return wait(system(), store().set(key, value, options));
  }
  std::optional<Bytes> get(const Bytes& key) { return wait(system(), store().get(key)).value(); }
  Result<void> operate(Operation operation) { return wait(system(), store().operate(std::move(operation))); }

  SimulatedSystem simulation;
  Supervisor supervisor;
  Result<std::unique_ptr<Store>> opened = failure(ErrorCode::cancelled);
};

}  // namespace understudy::store
