#include "runtime/own_threads.hpp"

#include <algorithm>
#include <utility>

namespace understudy::detail {

std::uint16_t OwnThreads::start(ThreadedScheduler& scheduler, std::uint32_t shared_workers) {
  join_finished();
  const std::lock_guard lock(mutex_);
  auto worker = std::make_unique<Worker>(scheduler, shared_workers, Worker::Kind::own_thread);
  auto free = std::ranges::find_if(running_, [](const auto& each) { return each == nullptr; });
  if (free == running_.end()) free = running_.insert(running_.end(), nullptr);
  finished_.reserve(running_.size());  // So that `finish` can't fail.
  worker->start();
  *free = std::move(worker);
  return static_cast<std::uint16_t>(free - running_.begin());
}

void OwnThreads::finish(std::uint16_t number) noexcept {
  const std::lock_guard lock(mutex_);
  running_[number]->finish();
  finished_.push_back(std::move(running_[number]));
}

Worker& OwnThreads::worker(std::uint16_t number) noexcept {
  const std::lock_guard lock(mutex_);
  return *running_[number];
}

bool OwnThreads::any_is_arming(const Context& context) noexcept {
  const std::lock_guard lock(mutex_);
  // Not those that have finished: what they still do is to leave.
  return std::ranges::any_of(running_,
                             [&](const auto& worker) { return worker != nullptr && worker->is_arming(context); });
}

Worker* OwnThreads::holder_of(const Context& context) noexcept {
  const std::lock_guard lock(mutex_);
  const auto held = std::ranges::find_if(
      running_, [&](const auto& worker) { return worker != nullptr && worker->is_held_by(context); });
  return held == running_.end() ? nullptr : held->get();
}

void OwnThreads::join_finished() noexcept {
  std::vector<std::unique_ptr<Worker>> finished;
  {
    const std::lock_guard lock(mutex_);
    finished.swap(finished_);
    finished_.reserve(running_.size());
  }
  // Not under the lock: on its way out a thread may wake an actor that has a thread of its own.
  for (const auto& worker : finished) worker->join();
}

void OwnThreads::stop() noexcept {
  {
    const std::lock_guard lock(mutex_);
    for (std::unique_ptr<Worker>& worker : running_) {
      if (worker == nullptr) continue;
      worker->finish();
      finished_.push_back(std::move(worker));
    }
  }
  join_finished();
}

}  // namespace understudy::detail
