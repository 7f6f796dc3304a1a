#include "understudy/actor/detail/awake_set.hpp"

#include <utility>

namespace understudy::detail {

void AwakeSet::Queue::push_back(Place& place) noexcept {
  place.previous_ = last;
  place.next_ = nullptr;
  (last != nullptr ? last->next_ : first) = &place;
  last = &place;
  ++length;
}

void AwakeSet::Queue::erase(Place& place) noexcept {
  (place.previous_ != nullptr ? place.previous_->next_ : first) = place.next_;
  (place.next_ != nullptr ? place.next_->previous_ : last) = place.previous_;
  --length;
}

void AwakeSet::enter(Place& place) noexcept {
  const std::lock_guard lock(mutex_);
  if (in_.length < awake_max_ && waiting_.length == 0) {
    admit(place);
    return;
  }
  waiting_.push_back(place);
  make_room();
}

void AwakeSet::admit(Place& place) noexcept {
  place.is_in_ = true;
  place.idle_since_ = clock_.now();
  in_.push_back(place);
  ++lives_;
  place.admitted_.set();  // Under the mutex: the place cannot end meanwhile.
}

void AwakeSet::leave(Place& place) noexcept {
  const std::lock_guard lock(mutex_);
  if (place.is_leaving_) --leaving_;
  (place.is_in_ ? in_ : waiting_).erase(place);
  while (in_.length < awake_max_ && waiting_.length > 0) {
    Place& next = *waiting_.first;
    waiting_.erase(next);
    admit(next);
  }
}

/// Whether it has taken a message since it was last looked at, or told to leave: then it stays after all.
bool AwakeSet::has_gone_on(Place& place) noexcept {
  const std::uint64_t handled = place.actor_.liveness().handled.load(std::memory_order_relaxed);
  if (handled == std::exchange(place.handled_, handled)) return false;
  if (std::exchange(place.is_leaving_, false)) --leaving_;
  return true;
}

bool AwakeSet::put_to_sleep(Place& place) noexcept {
  // Counted before it is told: if it takes a message first, the count will differ.
  const std::uint64_t handled = place.actor_.liveness().handled.load(std::memory_order_relaxed);
  // The place is in its actor's frame, and that does not end while the mutex is held: so the actor is there.
  if (!place.actor_.request_sleep()) return false;
  place.handled_ = handled;
  if (std::exchange(place.is_leaving_, true)) return false;  // It was told before, and has gone on waiting.
  ++leaving_;
  ++put_to_sleep_;
  return true;
}

/// Has as many leave as wait for a place, the longest idle first.
void AwakeSet::make_room() noexcept {
  Place* next = nullptr;
  for (Place* place = in_.first; place != nullptr && leaving_ < waiting_.length; place = next) {
    next = place->next_;
    if (place->actor_.mailbox().sleeping() && put_to_sleep(*place)) ++made_room_;
  }
}

bool AwakeSet::sweep() noexcept {
  const TimePoint now = clock_.now();
  const std::lock_guard lock(mutex_);
  Place* const newest = in_.last;
  Place* next = nullptr;
  for (Place* place = in_.first; place != nullptr; place = next) {
    next = place == newest ? nullptr : place->next_;
    if (has_gone_on(*place) || !place->actor_.mailbox().sleeping()) {
      place->idle_since_ = now;
      in_.erase(*place);
      in_.push_back(*place);
    } else if (now - place->idle_since_ >= idle_after_) {
      put_to_sleep(*place);
    }
  }
  make_room();
  return in_.length > 0 || waiting_.length > 0;
}

bool AwakeSet::relieve() noexcept {
  const std::lock_guard lock(mutex_);
  for (Place* place = in_.first; place != nullptr && leaving_ > 0; place = place->next_) {
    if (place->is_leaving_) has_gone_on(*place);
  }
  make_room();
  return waiting_.length > 0;
}

bool AwakeSet::is_crowded() const noexcept {
  const std::lock_guard lock(mutex_);
  return waiting_.length > 0;
}

void AwakeSet::fill(OnDemandStatistics& statistics) const noexcept {
  const std::lock_guard lock(mutex_);
  statistics.awake = in_.length;
  statistics.waiting = waiting_.length;
  statistics.lives = lives_;
  statistics.put_to_sleep = put_to_sleep_;
  statistics.made_room = made_room_;
}

}  // namespace understudy::detail
