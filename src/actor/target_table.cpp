#include "understudy/actor/detail/target_table.hpp"

#include <functional>
#include <string>

namespace understudy::detail {

Target* TargetTable::find(const ActorCell& cell) const noexcept {
  for (std::uint32_t i = 0, all = size(); i < all; ++i) {
    if (&at(i).cell() == &cell) return &at(i);
  }
  return nullptr;
}

bool TargetTable::add(CellPointer cell) {
  const std::lock_guard lock(changing_);
  if (Target* known = find(*cell)) return known->removed_.exchange(false, std::memory_order_relaxed);
  const std::uint32_t index = size();
  const std::uint32_t shifted = index + first_chunk;
  const auto chunk = static_cast<std::uint32_t>(std::bit_width(shifted)) - first_chunk_width;
  if (chunks_.at(chunk).load(std::memory_order_relaxed) == nullptr) {
    chunks_.at(chunk).store(new Target[first_chunk << chunk], std::memory_order_relaxed);
  }
  std::uint64_t salt = spread_bits(std::hash<std::string>{}(cell->path()));
  for (std::uint32_t i = 0; i < index; ++i) {
    if (at(i).salt_ == salt) {  // Two actors of one name: look again.
      salt = spread_bits(salt + 1);
      i = ~0U;
    }
  }
  at(index).salt_ = salt;
  at(index).cell_ = std::move(cell);
  size_.store(index + 1, std::memory_order_release);
  return true;
}

bool TargetTable::remove(const ActorCell& cell) {
  const std::lock_guard lock(changing_);
  Target* known = find(cell);
  return known != nullptr && !known->removed_.exchange(true, std::memory_order_relaxed);
}

Target* choose_in_turn(const TargetTable& table, const RoundPosition& position) noexcept {
  const std::uint32_t all = table.size();
  const std::uint32_t start = position.get();
  Target* open = nullptr;
  for (std::uint32_t step = 0; step < all; ++step) {
    const std::uint32_t index = (start + step) % all;
    Target& target = table.at(index);
    if (!target.is_open()) continue;
    if (target.has_room()) {
      position.set(index + 1);
      return &target;
    }
    if (open == nullptr) open = &target;
  }
  if (open != nullptr) position.set(start + 1);
  return open;
}

Target* choose_least_loaded(const TargetTable& table, const RoundPosition& position) noexcept {
  const std::uint32_t all = table.size();
  const std::uint32_t start = position.get();
  Target* best = nullptr;
  std::uint64_t least = ~std::uint64_t{0};
  for (std::uint32_t step = 0; step < all && least > 0; ++step) {
    const std::uint32_t index = (start + step) % all;
    Target& target = table.at(index);
    if (!target.is_open()) continue;
    const std::uint64_t load = target.load() + (target.has_room() ? 0 : std::uint64_t{1} << 32U);
    if (load >= least) continue;
    least = load;
    best = &target;
    position.set(index + 1);  // Equals take turns.
  }
  return best;
}

Target* choose_by_hash(const TargetTable& table, std::uint64_t hash) noexcept {
  Target* best = nullptr;
  std::uint64_t heaviest = 0;
  for (std::uint32_t i = 0, all = table.size(); i < all; ++i) {
    Target& target = table.at(i);
    const std::uint64_t weight = spread_bits(hash ^ target.salt());
    if ((best == nullptr || weight > heaviest) && target.is_open()) {
      best = &target;
      heaviest = weight;
    }
  }
  return best;
}

}  // namespace understudy::detail
