#include "simulation/timer_queue.hpp"

namespace understudy::detail {

bool TimerQueue::before(const Timer& a, const Timer& b) noexcept {
  if (a.deadline_ != b.deadline_) return a.deadline_ < b.deadline_;
  return a.order_ < b.order_;
}

Timer* TimerQueue::merge(Timer* a, Timer* b) noexcept {
  if (a == nullptr) return b;
  if (b == nullptr) return a;
  if (before(*b, *a)) std::swap(a, b);
  // `b` becomes the first child of `a`; the first child's `previous_` is its parent.
  b->next_ = a->child_;
  if (b->next_ != nullptr) b->next_->previous_ = b;
  b->previous_ = a;
  a->child_ = b;
  a->next_ = nullptr;
  a->previous_ = nullptr;
  return a;
}

Timer* TimerQueue::merge_children(Timer* first) noexcept {
  // Pair from left to right, keeping the pairs in a stack (linked by next_), then merge them from right to left.
  Timer* pairs = nullptr;
  while (first != nullptr) {
    Timer* second = first->next_;
    Timer* rest = second != nullptr ? second->next_ : nullptr;
    first->next_ = nullptr;
    first->previous_ = nullptr;
    if (second != nullptr) {
      second->next_ = nullptr;
      second->previous_ = nullptr;
    }
    Timer* pair = merge(first, second);
    pair->next_ = pairs;
    pairs = pair;
    first = rest;
  }
  Timer* merged = nullptr;
  while (pairs != nullptr) {
    Timer* rest = pairs->next_;
    pairs->next_ = nullptr;
    merged = merge(merged, pairs);
    pairs = rest;
  }
  return merged;
}

bool TimerQueue::start(Timer& timer, TimePoint deadline) noexcept {
  timer.deadline_ = deadline;
  timer.order_ = started_++;
  timer.child_ = nullptr;
  timer.next_ = nullptr;
  timer.previous_ = nullptr;
  timer.queued_ = true;
  root_ = merge(root_, &timer);
  return root_ == &timer;
}

void TimerQueue::take_root() noexcept {
  Timer* taken = root_;
  root_ = merge_children(taken->child_);
  taken->child_ = nullptr;
  taken->queued_ = false;
}

bool TimerQueue::remove(Timer& timer) noexcept {
  if (!timer.queued_) return false;
  if (&timer == root_) {
    take_root();
    return true;
  }
  if (timer.previous_->child_ == &timer) {
    timer.previous_->child_ = timer.next_;
  } else {
    timer.previous_->next_ = timer.next_;
  }
  if (timer.next_ != nullptr) timer.next_->previous_ = timer.previous_;
  root_ = merge(root_, merge_children(timer.child_));
  timer.child_ = nullptr;
  timer.next_ = nullptr;
  timer.previous_ = nullptr;
  timer.queued_ = false;
  return true;
}

Timer* TimerQueue::take_due(TimePoint now) noexcept {
  if (root_ == nullptr || root_->deadline_ > now) return nullptr;
  Timer* due = root_;
  take_root();
  return due;
}

std::optional<TimePoint> TimerQueue::next_deadline() const noexcept {
  if (root_ == nullptr || root_->deadline_ == TimePoint::max()) return std::nullopt;
  return root_->deadline_;
}

}  // namespace understudy::detail
