#include "runtime/blocking_pool.hpp"

namespace understudy::detail {

void BlockingPool::run(BlockingJob& job) {
  {
    const std::lock_guard lock(mutex_);
    if (!stopping_) {
      job.next_job = nullptr;
      if (last_ == nullptr) {
        first_ = &job;
      } else {
        last_->next_job = &job;
      }
      last_ = &job;
      ++queued_;
      if (queued_ > idle_ && threads_.size() < threads_max_) threads_.emplace_back([this] { work(); });
      work_made_.notify_one();
      return;
    }
  }
  job.run();
}

void BlockingPool::work() noexcept {
  std::unique_lock lock(mutex_);
  for (;;) {
    while (first_ == nullptr && !stopping_) {
      ++idle_;
      work_made_.wait(lock);
      --idle_;
    }
    if (first_ == nullptr) return;
    BlockingJob* job = first_;
    first_ = job->next_job;
    if (first_ == nullptr) last_ = nullptr;
    --queued_;
    lock.unlock();
    job->run();
    lock.lock();
  }
}

void BlockingPool::stop() noexcept {
  std::vector<std::thread> threads;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    work_made_.notify_all();
    threads.swap(threads_);
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace understudy::detail
