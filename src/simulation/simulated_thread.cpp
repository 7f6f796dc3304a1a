#include "simulation/simulated_thread.hpp"

#include "understudy/base/detail/atomic.hpp"
#include "understudy/runtime/detail/abandoned.hpp"

#include <cstddef>
#include <optional>
#include <vector>

#include <cxxabi.h>

namespace understudy::detail {
namespace {

/// As much as threads have; what is not touched costs nothing.
constexpr std::size_t stack_bytes = 8UZ * 1024 * 1024;
constexpr std::size_t idle_max = 8;

/// What one thread of the operating system keeps for its simulations.
struct Carrier {
  SimulatedThread* entered = nullptr;  // The one that runs for the first time now.
  std::vector<std::unique_ptr<SimulatedThread>> idle;
};

template <typename T>
void trade(T& a, T& b) noexcept {
  a = std::exchange(b, a);
}
// Relaxed: both are this thread's own, and nobody else looks at those of a simulation.
template <typename T>
void trade(std::atomic<T>& a, std::atomic<T>& b) noexcept {
  const T was = a.load(std::memory_order_relaxed);
  a.store(b.load(std::memory_order_relaxed), std::memory_order_relaxed);
  b.store(was, std::memory_order_relaxed);
}

/// All members of both, by name: one that is added to ThreadState does not compile here until it is exchanged too.
void trade(ThreadState& one, ThreadState& other) noexcept {
  auto& [current, scheduler, worker, worker_number, next_resume, root_finished, hand_off, then, then_spawns_into,
         hand_offs_left, budget, turn_seen_ns, dropped_replies, spared_reply, teardown_error, tenants, ended_in,
         ended_count, vacant, arming, user_code, fence, abandoned, quick_call] = one;
  auto& [current2, scheduler2, worker2, worker_number2, next_resume2, root_finished2, hand_off2, then2,
         then_spawns_into2, hand_offs_left2, budget2, turn_seen_ns2, dropped_replies2, spared_reply2, teardown_error2,
         tenants2, ended_in2, ended_count2, vacant2, arming2, user_code2, fence2, abandoned2, quick_call2] = other;
  trade(current, current2);
  trade(scheduler, scheduler2);
  trade(worker, worker2);
  trade(worker_number, worker_number2);
  trade(next_resume, next_resume2);
  trade(root_finished, root_finished2);
  trade(hand_off, hand_off2);
  trade(then, then2);
  trade(then_spawns_into, then_spawns_into2);
  trade(hand_offs_left, hand_offs_left2);
  trade(budget, budget2);
  trade(turn_seen_ns, turn_seen_ns2);
  trade(dropped_replies, dropped_replies2);
  trade(spared_reply, spared_reply2);
  trade(teardown_error, teardown_error2);
  trade(tenants, tenants2);
  trade(ended_in, ended_in2);
  trade(ended_count, ended_count2);
  trade(vacant, vacant2);
  trade(arming, arming2);
  trade(user_code, user_code2);
  trade(fence, fence2);
  trade(abandoned, abandoned2);
  trade(quick_call, quick_call2);
}

/// What the C++ ABI keeps for each thread: the exceptions that are being handled, and how many are under way.
struct ExceptionGlobals {
  void* caught;
  unsigned uncaught;
};
ExceptionGlobals& exception_globals() noexcept {
  return *reinterpret_cast<ExceptionGlobals*>(abi::__cxa_get_globals());
}
void trade(ExceptionGlobals& now, std::pair<void*, unsigned>& kept) noexcept {
  trade(now.caught, kept.first);
  trade(now.uncaught, kept.second);
}

/// For the time in which simulated threads run on this one: puts aside what it knows of what it runs itself. Most often
/// that is nothing, and costs a look.
class PutAside {
 public:
  PutAside() noexcept
      : thread_(this_thread()),
        own_work_(thread_.current != nullptr || thread_.scheduler != nullptr || thread_.teardown_error != nullptr ||
                  thread_.tenants != nullptr),
        own_exceptions_(exception_globals().caught != nullptr || exception_globals().uncaught != 0) {
    if (own_work_) [[unlikely]]
      trade(thread_, state_.emplace());
    if (own_exceptions_) [[unlikely]]
      trade(exception_globals(), exceptions_);
  }
  PutAside(const PutAside&) = delete;
  PutAside& operator=(const PutAside&) = delete;
  ~PutAside() {
    if (own_work_) [[unlikely]]
      trade(thread_, *state_);
    if (own_exceptions_) [[unlikely]]
      trade(exception_globals(), exceptions_);
  }

 private:
  // First of all: a thread of another system, whose actor runs this simulation, is in the library from here on.
  const LibraryCall call_;
  ThreadState& thread_;
  const bool own_work_;
  const bool own_exceptions_;
  std::optional<ThreadState> state_;
  std::pair<void*, unsigned> exceptions_{};
};

}  // namespace

SimulatedThread::SimulatedThread() : fiber_(&SimulatedThread::enter, stack_bytes) {}

std::unique_ptr<SimulatedThread> SimulatedThread::take_idle() {
  auto& idle = per_thread<Carrier>().idle;
  if (idle.empty()) return std::make_unique<SimulatedThread>();
  std::unique_ptr<SimulatedThread> taken = std::move(idle.back());
  idle.pop_back();
  return taken;
}

void SimulatedThread::put_back(std::unique_ptr<SimulatedThread> idle) noexcept {
  auto& kept = per_thread<Carrier>().idle;
  if (kept.size() < idle_max) kept.push_back(std::move(idle));
}

bool SimulatedThread::run(Context& context, Scheduler& scheduler, std::uint32_t budget) {
  const PutAside put_aside;
  ThreadState& thread = this_thread();
  thread.scheduler = &scheduler;
  thread.budget = budget;
  thread.turn_seen_ns = 0;
  // What becomes ready goes to the scheduler's list.
  thread.hand_offs_left = 0;
  work_ = &context;
  const bool done = switch_here();
  thread.scheduler = nullptr;
  return done;
}

bool SimulatedThread::run(BlockingJob& job) {
  const PutAside put_aside;
  job_ = &job;
  return switch_here();
}

bool SimulatedThread::go_on() {
  const PutAside put_aside;
  const bool done = switch_here();
  this_thread().scheduler = nullptr;
  return done;
}

bool SimulatedThread::switch_here() {
  simulation::Fiber here;
  driver_ = &here;
  if (fiber_.is_fresh()) per_thread<Carrier>().entered = this;
  here.switch_to(fiber_);
  return work_ == nullptr && job_ == nullptr;
}

void SimulatedThread::hold(HoldEnd until) {
  held_until_ = std::move(until);
  trade(this_thread(), state_);
  trade(exception_globals(), exceptions_);
  fiber_.switch_to(*driver_);
  trade(exception_globals(), exceptions_);
  trade(this_thread(), state_);
  held_until_ = {};
}

void SimulatedThread::enter() {
  SimulatedThread& self = *per_thread<Carrier>().entered;
  self.fiber_.arrived();
  self.run_for_ever();
}

void SimulatedThread::run_for_ever() noexcept {
  for (;;) {
    if (job_ != nullptr) {
      job_->run();
      job_ = nullptr;
      fiber_.switch_to(*driver_);
      continue;
    }
    work_->run();
    ThreadState& thread = this_thread();
    if (thread.fence.load(std::memory_order_relaxed) == Fence::confirmed) end_fenced(thread);
    work_ = nullptr;
    fiber_.switch_to(*driver_);
  }
}

/// Another has taken its place: it ends what it was left with, as the real thread does before it ends itself.
void SimulatedThread::end_fenced(ThreadState& thread) noexcept {
  // The real one sleeps until then.
  Abandoned& left = *thread.abandoned;
  if (!left.is_ready()) hold({.moment = TimePoint::max(), .condition = [&left] { return left.is_ready(); }});
  if (!left.is_ready()) left.release_thread();  // The simulation has ended first: nobody looks at it any more.
  end_what_was_left(thread);
  ThreadState fresh;
  trade(thread, fresh);
}

}  // namespace understudy::detail
