// Figures: what statistics tell of the map.
#pragma once

#include "engine/key_space.hpp"
#include "engine/shared_state.hpp"

#include <algorithm>

namespace understudy::store {

/// By the key-value actor, the one writer of these counters.
inline void note_figures(SharedState& shared, const KeySpace& keys) noexcept {
  const auto note = [](auto& number, auto value) { number.store(value, std::memory_order_relaxed); };
  note(shared.keys, keys.size());
  note(shared.expiring_keys, keys.expiring());
  note(shared.memory_bytes, keys.memory_bytes());
  note(shared.memory_peak_bytes,
       std::max(shared.memory_peak_bytes.load(std::memory_order_relaxed), keys.memory_bytes()));
  note(shared.mean_expiry_ms, keys.mean_expiry().value_or(WallTime()).time_since_epoch().count());
}

}  // namespace understudy::store
