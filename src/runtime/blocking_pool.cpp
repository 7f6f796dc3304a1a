#include "runtime/blocking_pool.hpp"

#include "base/log.hpp"

#include <exception>

namespace understudy::detail {

void BlockingPool::run(BlockingJob& job) {
  State& state = *state_;
  std::unique_lock lock(state.mutex);
  const bool wants_thread = state.queued >= state.idle && threads_.size() < threads_max_;
  if (state.stopping || (wants_thread && !add_thread() && state.threads == 0)) {
    lock.unlock();
    job.run();
    return;
  }
  job.next_job = nullptr;
  (state.last == nullptr ? state.first : state.last->next_job) = &job;
  state.last = &job;
  ++state.queued;
  // Not under the lock: the thread that wakes would run into it at once, and sleep again.
  lock.unlock();
  state.work_made.notify_one();
}

bool BlockingPool::add_thread() noexcept {
  try {
    threads_.emplace_back([shared = state_] { work(shared); });
  } catch (const std::exception& error) {
    log_warning("blocking calls wait for the {} threads that there are: {}", state_->threads, error.what());
    return false;
  }
  ++state_->threads;
  return true;
}

void BlockingPool::work(const std::shared_ptr<State>& shared) noexcept {
  State& state = *shared;
  std::unique_lock lock(state.mutex);
  for (;;) {
    while (state.first == nullptr && !state.stopping) {
      ++state.idle;
      state.work_made.wait(lock);
      --state.idle;
    }
    if (state.first == nullptr) break;
    BlockingJob* job = state.first;
    state.first = job->next_job;
    if (state.first == nullptr) state.last = nullptr;
    --state.queued;
    lock.unlock();
    job->run();
    lock.lock();
  }
  --state.threads;
  state.thread_ended.notify_all();
}

void BlockingPool::stop(Duration limit) noexcept {
  std::vector<std::thread> threads;
  bool all_ended = true;
  {
    State& state = *state_;
    std::unique_lock lock(state.mutex);
    state.stopping = true;
    state.work_made.notify_all();
    threads.swap(threads_);
    all_ended = state.thread_ended.wait_for(lock, limit, [&] { return state.threads == 0; });
    if (!all_ended) {
      log_warning("shutdown: {} blocking calls have not come back, and are left behind", state.threads);
    }
  }
  for (std::thread& thread : threads) all_ended ? thread.join() : thread.detach();
}

}  // namespace understudy::detail
