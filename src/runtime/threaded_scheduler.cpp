#include "runtime/threaded_scheduler.hpp"

#include "base/log.hpp"
#include "runtime/asymmetric_fence.hpp"
#include "runtime/socket_network.hpp"

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
  [[nodiscard]] Waited wait_for(Duration limit) noexcept override {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, limit, [this] { return done_; }) ? Waited::set : Waited::not_yet;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool done_ = false;
};

/// The scheduler for which this thread makes a quick call, or is left behind in one: kept, for it may come back late.
thread_local std::shared_ptr<ThreadedScheduler> in_quick_call;

/// Comes before all threads of the scheduler.
std::uint32_t workers_wanted(const RuntimeOptions& options) {
  prepare_to_fence();
  return options.workers > 0 ? options.workers : usable_processors();
}

}  // namespace

ThreadedScheduler::ThreadedScheduler(const RuntimeOptions& options)
    : workers_wanted_(workers_wanted(options)),
      io_loop_(system_clock_source(), workers_wanted_ + 1),
      io_seat_(io_loop_, workers_wanted_ == 1),
      network_(make_socket_network(io_seat_.sockets())),
      blocking_pool_(options.blocking_threads_max > 0 ? options.blocking_threads_max : 1),
      quick_calls_(io_loop_, [this](Worker& worker) { relieve(worker); }),
      random_(make_system_random()) {
  workers_.reserve(workers_wanted_);
  for (std::uint32_t i = 0; i < workers_wanted_; ++i) {
    workers_.push_back(std::make_unique<Worker>(*this, i, Worker::Kind::shared));
  }
  for (const auto& worker : workers_) worker->start();
}

ThreadedScheduler::~ThreadedScheduler() { stop(); }

Worker& ThreadedScheduler::home_of(const Context& context) noexcept {
  const std::uint32_t number = context.home() - 1U;
  return number < workers_wanted_ ? *workers_[number]
                                  : own_threads_.worker(static_cast<std::uint16_t>(number - workers_wanted_));
}

void ThreadedScheduler::place(Context& context, Placement placement) {
  std::uint32_t number = placement.index() % workers_wanted_;
  if (placement.kind() == Placement::Kind::own_thread) {
    io_seat_.expect_company();
    number = workers_wanted_ + own_threads_.start(*this, workers_wanted_);
  }
  context.set_home(static_cast<std::uint16_t>(number + 1));
}

void ThreadedScheduler::unplace(Context& context) noexcept {
  const std::uint32_t number = context.home() - 1U;
  if (number >= workers_wanted_) own_threads_.finish(static_cast<std::uint16_t>(number - workers_wanted_));
}

/// The calling thread's worker, if it is one of ours that runs whatever there is.
Worker* ThreadedScheduler::this_worker() const noexcept {
  const ThreadState& thread = this_thread();
  if (thread.scheduler != this) return nullptr;
  auto* worker = static_cast<Worker*>(thread.worker);
  return worker->kind() == Worker::Kind::shared ? worker : nullptr;
}

void ThreadedScheduler::schedule(Context& context) noexcept { schedule_by(context, &Worker::schedule_next); }

void ThreadedScheduler::schedule_behind(Context& context) noexcept { schedule_by(context, &Worker::schedule_behind); }

void ThreadedScheduler::schedule_before(Context& first, Context& then) noexcept {
  Worker* const worker = first.home() == 0 && then.home() == 0 ? this_worker() : nullptr;
  if (worker == nullptr) {
    Scheduler::schedule_before(first, then);
  } else {
    worker->schedule_before(first, then);
  }
}

void ThreadedScheduler::schedule_by(Context& context, void (Worker::*on_this_worker)(Context&) noexcept) noexcept {
  if (context.home() != 0) {
    home_of(context).schedule_bound(context);
  } else if (Worker* worker = this_worker()) {
    (worker->*on_this_worker)(context);
  } else if (shared_.push(context)) {
    parking_.work_made();
  }
}

void ThreadedScheduler::start_timer(Timer& timer, TimePoint deadline) noexcept {
  ThreadState& thread = this_thread();
  if (thread.scheduler != this) return io_loop_.start_timer(timer, deadline);
  io_loop_.timers().start(timer, deadline, static_cast<Worker*>(thread.worker)->index());
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
  while (own_threads_.any_is_arming(context)) std::this_thread::yield();
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

Worker* ThreadedScheduler::holder_of(const Context& context) noexcept {
  heavy_fence();
  for (const auto& worker : workers_) {
    if (worker->is_held_by(context)) return worker.get();
  }
  return own_threads_.holder_of(context);
}

bool ThreadedScheduler::look_at_holder(const Context& context, const std::function<void(const HoldingThread&)>& look) {
  const std::lock_guard lock(replacing_);
  if (stopping()) return false;
  Worker* const holder = holder_of(context);
  if (holder != nullptr) look(holder->holding_thread());
  return holder != nullptr;
}

bool ThreadedScheduler::take_from_thread(const Context& context, Abandoned& taken) {
  const std::lock_guard lock(replacing_);
  if (stopping()) return false;
  Worker* const holder = holder_of(context);
  if (holder == nullptr) return false;
  // What the thread is left with refers to this scheduler (timers in its frames), and may outlive the system: keeps it.
  const std::shared_ptr<ThreadedScheduler> keeper = weak_from_this().lock();
  taken.count_into(keeper ? std::shared_ptr<AbandonedCounts>(keeper, abandoned().get()) : abandoned());
  given_up_.reserve(given_up_.size() + 1);
  // Counted before: the thread may come back at once.
  abandoned()->threads_now.fetch_add(1, std::memory_order_relaxed);
  std::thread thread = holder->take_from(context, taken);
  if (!thread.joinable()) {
    abandoned()->threads_now.fetch_sub(1, std::memory_order_relaxed);
    return false;
  }
  abandoned()->threads_ever.fetch_add(1, std::memory_order_relaxed);
  given_up_.push_back(std::move(thread));
  return true;
}

bool ThreadedScheduler::begin_quick_call() noexcept {
  ThreadState& thread = this_thread();
  Worker* const worker = this_worker();
  // An own thread holds up nobody but its actor: it may as well wait for the pool.
  if (worker == nullptr || !quick_calls_.begin(*worker)) return false;
  in_quick_call = weak_from_this().lock();
  // The caller is suspended, and may be gone; and what becomes ready meanwhile is for others.
  thread.current = nullptr;
  thread.scheduler = nullptr;
  thread.worker = nullptr;
  thread.worker_number = 0;
  thread.quick_call.store(QuickCall::under_way, std::memory_order_release);
  quick_calls_.watch();
  return true;
}

void ThreadedScheduler::end_quick_call() noexcept {
  ThreadState& thread = this_thread();
  Worker& worker = quick_calls_.end();
  QuickCall now = QuickCall::under_way;
  for (std::uint64_t round = 0; !thread.quick_call.compare_exchange_strong(now, QuickCall::none); ++round) {
    if (now == QuickCall::relieved) return;  // Good for nothing but to end.
    wait_a_little(round);
    now = QuickCall::under_way;
  }
  thread.scheduler = this;
  thread.worker = &worker;
  thread.worker_number = worker.index() + 1;
  in_quick_call.reset();
}

void ThreadedScheduler::relieve(Worker& worker) noexcept {
  const std::lock_guard lock(replacing_);
  if (!stopping() && worker.relieve()) ++relieved_threads_;
}

void ThreadedScheduler::relieved_thread_ends() noexcept {
  const std::shared_ptr<ThreadedScheduler> scheduler = std::move(in_quick_call);
  if (scheduler == nullptr) return;
  const std::lock_guard lock(scheduler->replacing_);
  --scheduler->relieved_threads_;
  scheduler->relieved_thread_ended_.notify_all();
}

void ThreadedScheduler::wait_for_relieved_threads() noexcept {
  constexpr std::chrono::seconds limit{5};
  std::unique_lock lock(replacing_);
  if (relieved_thread_ended_.wait_for(lock, limit, [this] { return relieved_threads_ == 0; })) return;
  log_warning("shutdown: {} calls have not come back, and are left behind", relieved_threads_);
}

void ThreadedScheduler::stop() noexcept {
  {
    const std::lock_guard lock(replacing_);
    if (stopping()) return;
    // So that no call holds up the end of its worker's thread.
    for (const auto& worker : workers_) relieved_threads_ += worker->relieve() ? 1 : 0;
    stopping_.store(true, std::memory_order_release);
  }
  blocking_pool_.stop();
  parking_.wake_all();
  for (const auto& worker : workers_) worker->join();
  wait_for_relieved_threads();
  own_threads_.stop();
  io_loop_.stop();  // Last: until here supervisors are told the time.
  // They never come back, or they do and find that nothing is left for them.
  for (std::thread& thread : given_up_) thread.detach();
}

}  // namespace understudy::detail
