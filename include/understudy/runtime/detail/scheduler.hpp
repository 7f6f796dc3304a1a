// Scheduler: what coroutines need from the world, as an interface with two implementations: worker threads
// (src/runtime/threaded_scheduler) and the simulation (src/simulation/simulated_scheduler), where one thread runs
// everything in an order drawn from a seed, on virtual time. Nothing above this interface can tell which it runs on.
#pragma once

#include "understudy/base/clock.hpp"
#include "understudy/base/detail/atomic.hpp"
#include "understudy/base/random.hpp"
#include "understudy/runtime/detail/abandoned.hpp"
#include "understudy/runtime/detail/context.hpp"
#include "understudy/runtime/detail/task_group_list.hpp"
#include "understudy/runtime/placement.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <thread>

namespace understudy {
class Network;
class TaskGroup;
}  // namespace understudy

namespace understudy::detail {

/// A moment at which `fire` is called. Intrusive: a timer lives in the frame that waits on it, or in the asker's block.
class Timer {
 public:
  /// Called once when the time has come, on the control thread: it must be short and must not start or cancel timers.
  /// The timer is no longer started; after `fire` returns it is not touched again.
  virtual void fire() noexcept = 0;

 protected:
  Timer() = default;
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  ~Timer() = default;

 private:
  friend class TimerQueue;    // src/simulation/timer_queue: exact, in order.
  friend class TimerWheel;    // src/runtime/timer_wheel: fast, to a fraction of a millisecond.
  friend class TimerService;  // src/runtime/timer_service: the wheels of all workers.
  Timer* next_ = nullptr;
  Timer* previous_ = nullptr;
  Timer* child_ = nullptr;  // TimerQueue: the first child in the heap.
  TimePoint deadline_{};    // TimerQueue.
  union {
    std::uint64_t order_ = 0;  // TimerQueue: timers with one deadline fire in the order in which they were started.
    std::uint64_t tick_;       // TimerWheel.
  };
  std::uint16_t shard_ = 0;       // TimerService: the wheel it stands in.
  std::uint16_t place_ = 0xFFFF;  // TimerWheel: the list it stands in.
  bool queued_ = false;           // TimerQueue.
};

/// Work for the blocking pool. Deletes itself in `run`, or lives elsewhere.
class BlockingJob {
 public:
  virtual void run() noexcept = 0;
  BlockingJob* next_job = nullptr;

 protected:
  BlockingJob() = default;
  BlockingJob(const BlockingJob&) = delete;
  BlockingJob& operator=(const BlockingJob&) = delete;
  ~BlockingJob() = default;
};

/// A thread that runs a context's own code.
struct HoldingThread {
  std::thread::native_handle_type handle;
  std::int32_t kernel_id;  ///< What the kernel calls it, as in /proc/self/task.
  /// Of a simulation's thread, which the kernel does not know, instead of the two: how long it has computed.
  std::optional<Duration> simulated_time = std::nullopt;
};

/// A flag that a thread can wait for from outside, and that code inside sets once.
class Completion {
 public:
  virtual ~Completion() = default;
  /// Wakes the waiter. Called once, from any thread.
  virtual void set() noexcept = 0;
  /// Blocks the calling thread until `set`. In a simulation: runs it until `set`; returns false if nothing is left to
  /// run, so that it can never be set.
  [[nodiscard]] virtual bool wait() noexcept = 0;
  /// The same for at most `limit`. `never`: in a simulation, nothing is left to run.
  enum class Waited : std::uint8_t { set, not_yet, never };
  [[nodiscard]] virtual Waited wait_for(Duration limit) noexcept = 0;
};

class Scheduler {
 public:
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;
  virtual ~Scheduler() = default;

  /// Hands over the right to run `context`. Any thread. Soon: after what the calling worker does now.
  virtual void schedule(Context& context) noexcept = 0;
  /// The same, but behind everything that is ready now: for contexts that have used up their budget.
  virtual void schedule_behind(Context& context) noexcept = 0;
  /// Hands over both. `first` runs as soon as possible, `then`, which has run on the calling thread until now, when
  /// `first` has suspended, and so has what that has made ready here.
  virtual void schedule_before(Context& first, Context& then) noexcept {
    schedule_behind(first);
    schedule_behind(then);
  }

  /// Binds `context` to where `placement` says, before it is first scheduled. May throw std::system_error (no thread).
  virtual void place(Context& context, Placement placement) = 0;
  /// `context` will never be scheduled again. Called once for each that was placed; on any thread, its own too.
  virtual void unplace(Context& context) noexcept = 0;

  /// Calls `timer.fire()` at `deadline` or soon after. Any thread.
  virtual void start_timer(Timer& timer, TimePoint deadline) noexcept = 0;
  /// Afterwards the timer is not in the queue and its `fire` is not running. True if it had not fired. Any thread.
  virtual bool cancel_timer(Timer& timer) noexcept = 0;

  /// Runs `job` on a thread that may block. Any thread. Jobs beyond the pool's limit wait their turn.
  virtual void run_blocking(BlockingJob& job) noexcept = 0;
  /// Before a call that hardly ever blocks is made where its caller stands (BlockingOptions::quick), and after it.
  /// True: whatever else the calling thread would have done, others do if that takes long. False: it is one for the
  /// pool.
  [[nodiscard]] virtual bool begin_quick_call() noexcept { return false; }
  virtual void end_quick_call() noexcept {}
  /// Runs `work` on the control thread: the one that drives timers and I/O, and never runs contexts. Any thread.
  virtual void run_on_control(std::move_only_function<void()> work) = 0;

  [[nodiscard]] virtual std::unique_ptr<Completion> make_completion() = 0;
  [[nodiscard]] virtual const Clock& clock() const noexcept = 0;
  /// A number from the scheduler's source of randomness. Any thread.
  [[nodiscard]] virtual std::uint64_t random_number() noexcept = 0;
  [[nodiscard]] virtual Network& network() noexcept = 0;
  [[nodiscard]] virtual std::uint32_t worker_count() const noexcept = 0;

  /// Afterwards every thread that was between publishing a suspension and reading a kill request has passed the read,
  /// or will see what the caller wrote before. Some microseconds; never on a message's path.
  virtual void heavy_fence() noexcept = 0;
  /// Waits until no thread of this scheduler is between publishing `context`'s suspension and letting go of it.
  virtual void wait_until_armed(const Context& context) noexcept = 0;

  // --- threads that do not come back (see library_call.hpp) ---------------------------------------------------------
  /// Calls `look` with the thread that runs the own code of `context`, which is kept from ending meanwhile. False if
  /// there is none. One at a time; not on a worker.
  virtual bool look_at_holder(const Context& context, const std::function<void(const HoldingThread&)>& look);
  /// If a thread runs the own code of `context`: fences it, gives it up with `abandoned`, and puts another in its
  /// place; the right to run `context` is the caller's. False, and `abandoned` is left alone: it has let go, or cannot
  /// be replaced. One at a time; not on a worker.
  [[nodiscard]] virtual bool take_from_thread(const Context& context, Abandoned& abandoned);
  /// Whether threads can be replaced here: not in an application's own loop.
  [[nodiscard]] virtual bool replaces_threads() const noexcept { return false; }
  /// Whether timers and control work have a thread of their own, which something may hold: not in a simulation, nor in
  /// an application's own loop.
  [[nodiscard]] virtual bool has_control_thread() const noexcept { return false; }
  /// Lets become ready who waits for a socket that is ready now, also while all threads that run them compute: where
  /// those look at sockets themselves. On the control thread.
  virtual void look_at_sockets() noexcept {}
  [[nodiscard]] const std::shared_ptr<AbandonedCounts>& abandoned() const noexcept { return abandoned_; }

  /// Where tasks run that belong to nobody else; ended by the system's shutdown.
  [[nodiscard]] TaskGroup& detached_tasks() const noexcept { return *detached_tasks_; }
  /// Set once, by the system, before anything runs.
  void set_detached_tasks(TaskGroup& tasks) noexcept { detached_tasks_ = &tasks; }

  /// The groups of all tasks that run here.
  [[nodiscard]] TaskGroupList& task_groups() noexcept { return task_groups_; }

  /// The supervisor's clock (src/supervision/supervisor_core.hpp). Written by the supervisor's ticker alone, read by
  /// actors; relaxed: a number that is compared with itself.
  [[nodiscard]] Atomic<std::int64_t>& supervision_time() noexcept { return supervision_time_; }

  /// Stops all threads. Contexts still queued are left alone: their owners have ended them before.
  virtual void stop() noexcept = 0;

 protected:
  Scheduler() = default;

 private:
  Atomic<std::int64_t> supervision_time_{1};
  TaskGroupList task_groups_;
  TaskGroup* detached_tasks_ = nullptr;
  std::shared_ptr<AbandonedCounts> abandoned_ = std::make_shared<AbandonedCounts>();
};

inline bool Scheduler::look_at_holder(const Context& /*context*/,
                                      const std::function<void(const HoldingThread&)>& /*look*/) {
  return false;
}
inline bool Scheduler::take_from_thread(const Context& /*context*/, Abandoned& /*abandoned*/) { return false; }

/// Messages an actor may handle, and nested completions a task may see, before it yields.
inline constexpr std::uint32_t activation_budget = 128;
/// How long a turn of many short steps may take.
inline constexpr std::chrono::microseconds turn_time_max{250};

template <typename Inspect>
bool Context::visit(Inspect inspect) noexcept {
  // Acquire: pairs with the release in `publish`, so that `arming` of the publishing thread is seen.
  Suspension* seen = suspension_.load(std::memory_order_acquire);
  if (seen == nullptr) return false;
  scheduler_->wait_until_armed(*this);
  inspect(*seen);
  return true;
}

template <typename Claim>
void Context::finish_visit(Claim claim) noexcept {
  bool claimed = false;
  visit([&](Suspension& suspension) { claimed = claim(suspension); });
  end_visit();
  if (claimed) schedule();
}

template <typename Inspect>
bool Context::with_suspension(Inspect inspect) noexcept {
  begin_visit();
  scheduler_->heavy_fence();
  const bool suspended = visit(inspect);
  end_visit();
  return suspended;
}

}  // namespace understudy::detail
