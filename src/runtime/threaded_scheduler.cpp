#include "runtime/threaded_scheduler.hpp"

#include "runtime/asio_network.hpp"
#include "runtime/asymmetric_fence.hpp"

#include <condition_variable>

#include <sched.h>

namespace understudy::detail {
namespace {

/// The processors this process may use, which in a container are fewer than the machine has.
std::uint32_t usable_processors() noexcept {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  const int count = CPU_COUNT(&set);
  return count > 0 ? static_cast<std::uint32_t>(count) : 1;
}

class ThreadCompletion final : public Completion {
 public:
  void set() noexcept override {
    // Notified under the lock: the waiter may destroy this object as soon as it can take the lock.
    const std::lock_guard lock(mutex_);
    done_ = true;
    changed_.notify_one();
  }
  [[nodiscard]] bool wait() noexcept override {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return done_; });
    return true;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool done_ = false;
};

}  // namespace

ThreadedScheduler::ThreadedScheduler(const RuntimeOptions& options)
    : io_loop_(system_clock_source()),
      network_(make_asio_network(io_loop_)),
      blocking_pool_(options.blocking_threads_max > 0 ? options.blocking_threads_max : 1),
      random_(make_system_random()) {
  const std::uint32_t count = options.workers > 0 ? options.workers : usable_processors();
  workers_.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) workers_.push_back(std::make_unique<Worker>(*this, i));
  for (const auto& worker : workers_) worker->start();
}

ThreadedScheduler::~ThreadedScheduler() { stop(); }

void ThreadedScheduler::schedule(Context& context) noexcept {
  ThreadState& thread = this_thread();
  if (thread.scheduler == this) {
    static_cast<Worker*>(thread.worker)->schedule_next(context);
    return;
  }
  shared_.push(context);
  parking_.work_made();
}

void ThreadedScheduler::schedule_behind(Context& context) noexcept {
  ThreadState& thread = this_thread();
  if (thread.scheduler == this) {
    static_cast<Worker*>(thread.worker)->schedule_behind(context);
    return;
  }
  shared_.push(context);
  parking_.work_made();
}

std::unique_ptr<Completion> ThreadedScheduler::make_completion() { return std::make_unique<ThreadCompletion>(); }

std::uint64_t ThreadedScheduler::random_number() noexcept {
  const std::lock_guard lock(random_mutex_);
  return random_->next();
}

void ThreadedScheduler::heavy_fence() noexcept { fence_all_threads(); }

void ThreadedScheduler::wait_until_armed(const Context& context) noexcept {
  for (const auto& worker : workers_) {
    while (worker->is_arming(context)) std::this_thread::yield();
  }
}

bool ThreadedScheduler::any_work() const noexcept {
  if (!shared_.empty()) return true;
  for (const auto& worker : workers_) {
    if (worker->has_work()) return true;
  }
  return false;
}

Context* ThreadedScheduler::steal_for(Worker& thief, std::uint32_t index) noexcept {
  const std::size_t count = workers_.size();
  for (std::size_t i = 1; i < count; ++i) {
    if (Context* context = workers_[(index + i) % count]->give_to(thief)) return context;
  }
  return nullptr;
}

void ThreadedScheduler::stop() noexcept {
  if (stopping_.exchange(true, std::memory_order_acq_rel)) return;
  blocking_pool_.stop();
  parking_.wake_all();
  for (const auto& worker : workers_) worker->join();
  io_loop_.stop();
}

}  // namespace understudy::detail
