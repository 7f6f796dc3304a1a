#include "runtime/parking.hpp"

#include <algorithm>

namespace understudy::detail {

void Parking::wake_one() noexcept {
  ParkingPlace* place = nullptr;
  {
    const std::lock_guard lock(mutex_);
    if (places_.empty() || searching_.load(std::memory_order_relaxed) != 0) return;
    place = places_.back();
    places_.pop_back();
    parked_.store(static_cast<std::uint32_t>(places_.size()), std::memory_order_relaxed);
    // Counted here rather than by the woken worker, so that a second maker does not wake a second one meanwhile.
    searching_.fetch_add(1, std::memory_order_relaxed);
  }
  place->release();
}

void Parking::work_made_for(ParkingPlace& place) noexcept {
  // No fence: a worker that parks takes the mutex before it looks at its queues for the last time.
  {
    const std::lock_guard lock(mutex_);
    const auto found = std::ranges::find(places_, &place);
    if (found == places_.end()) return;
    places_.erase(found);
    parked_.store(static_cast<std::uint32_t>(places_.size()), std::memory_order_relaxed);
    searching_.fetch_add(1, std::memory_order_relaxed);  // As in wake_one: it will count itself out.
  }
  place.release();
}

void Parking::wake_all() noexcept {
  const std::lock_guard lock(mutex_);
  for (ParkingPlace* place : places_) {
    searching_.fetch_add(1, std::memory_order_relaxed);
    place->release();
  }
  places_.clear();
  parked_.store(0, std::memory_order_relaxed);
}

bool Parking::begin_search() noexcept {
  if (searching_.load(std::memory_order_relaxed) != 0) return false;
  searching_.fetch_add(1, std::memory_order_relaxed);
  return true;
}

void Parking::found_work() noexcept {
  if (searching_.fetch_sub(1, std::memory_order_seq_cst) == 1) work_made();
}

void Parking::enlist(ParkingPlace& place, bool searching) noexcept {
  const std::lock_guard lock(mutex_);
  places_.push_back(&place);
  parked_.store(static_cast<std::uint32_t>(places_.size()), std::memory_order_relaxed);
  if (searching) searching_.fetch_sub(1, std::memory_order_relaxed);
}

bool Parking::withdraw(ParkingPlace& place) noexcept {
  const std::lock_guard lock(mutex_);
  const auto found = std::ranges::find(places_, &place);
  if (found == places_.end()) return false;
  places_.erase(found);
  parked_.store(static_cast<std::uint32_t>(places_.size()), std::memory_order_relaxed);
  return true;
}

}  // namespace understudy::detail
