#include "runtime/embedded_scheduler.hpp"

#include "runtime/asymmetric_fence.hpp"
#include "runtime/socket_network.hpp"
#include "understudy/runtime/asio.hpp"

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <thread>
#include <utility>

#include <fcntl.h>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/post.hpp>

namespace understudy::detail {
namespace {

/// Contexts that a drain runs before the application's handlers get their turn.
constexpr int slice_contexts = 64;
constexpr std::uint32_t hand_offs_max = 16;

/// Waits by running the loop: perhaps this is the thread that would.
class LoopCompletion final : public Completion {
 public:
  explicit LoopCompletion(EmbeddedScheduler& scheduler) noexcept : scheduler_(scheduler) {}
  void set() noexcept override { done_.store(true, std::memory_order_release); }
  [[nodiscard]] bool wait() noexcept override {
    while (!done_.load(std::memory_order_acquire)) scheduler_.help();
    return true;
  }
  [[nodiscard]] Waited wait_for(Duration limit) noexcept override {
    const TimePoint end = after(scheduler_.clock().now(), limit);
    while (!done_.load(std::memory_order_acquire)) {
      if (scheduler_.clock().now() >= end) return Waited::not_yet;
      scheduler_.help();
    }
    return Waited::set;
  }

 private:
  EmbeddedScheduler& scheduler_;
  std::atomic<bool> done_{false};  // Set (release) inside, read (acquire) by the waiter.
};

/// Asio closes what it is given. Programs that are started do not get it.
int second_handle_of(int handle) {
  const int second = ::fcntl(handle, F_DUPFD_CLOEXEC, 0);
  if (second < 0) throw std::system_error(errno, std::generic_category(), "fcntl");
  return second;
}

}  // namespace

EmbeddedScheduler::EmbeddedScheduler(boost::asio::io_context& context, const RuntimeOptions& options)
    : context_(context),
      strand_(boost::asio::make_strand(context)),
      work_(context.get_executor()),
      alarm_(context),
      timers_(system_clock_source(), 1, [this] { post_to(strand_, [this] { set_alarm(); }); }),
      network_(make_socket_network(sockets_)),
      sockets_ready_(context, second_handle_of(sockets_.handle())),
      blocking_pool_(std::max<std::uint32_t>(options.blocking_threads_max, 1)),
      random_(make_system_random()) {
  prepare_to_fence();
  wait_for_sockets();
}

EmbeddedScheduler::~EmbeddedScheduler() { stop(); }

template <typename Executor, typename Handler>
void EmbeddedScheduler::post_to(const Executor& executor, Handler handler) {
  handlers_.fetch_add(1, std::memory_order_relaxed);
  boost::asio::post(executor, [this, handler = std::move(handler)]() mutable {
    handler();
    handlers_.fetch_sub(1, std::memory_order_release);
  });
}

void EmbeddedScheduler::schedule(Context& context) noexcept {
  ready_.push(context);
  if (!draining_.exchange(true, std::memory_order_acq_rel)) post_to(strand_, [this] { drain(); });
}

void EmbeddedScheduler::drain() noexcept {
  const LibraryCall call;  // As below.
  ThreadState& thread = this_thread();
  // The loop may run on a worker of another system, or under a handler of one.
  Scheduler* const outer = std::exchange(thread.scheduler, this);
  Context* const outer_hand_off = std::exchange(thread.hand_off, nullptr);
  Context* const outer_then = std::exchange(thread.then, nullptr);
  SpawnedTask* const outer_vacant = std::exchange(thread.vacant, nullptr);
  const std::uint32_t outer_hand_offs = thread.hand_offs_left;
  Context* const outer_context = thread.current;
  draining_thread_.store(&thread, std::memory_order_release);
  run_slice(thread);
  draining_thread_.store(nullptr, std::memory_order_release);
  thread.scheduler = outer;
  thread.hand_off = outer_hand_off;
  thread.then = outer_then;
  thread.vacant = outer_vacant;
  thread.hand_offs_left = outer_hand_offs;
  thread.current = outer_context;
  if (ready_.empty()) {
    draining_.exchange(false, std::memory_order_acq_rel);
    if (ready_.empty() || draining_.exchange(true, std::memory_order_acq_rel)) return;
  }
  post_to(strand_, [this] { drain(); });
}

void EmbeddedScheduler::run_slice(ThreadState& thread) noexcept {
  thread.hand_offs_left = hand_offs_max;
  for (int i = 0; i < slice_contexts; ++i) {
    // As in Worker::find_local.
    if (thread.vacant != nullptr && thread.then == nullptr) TaskGroupCore::give_up_vacant(thread);
    Context* context = std::exchange(thread.hand_off, nullptr);
    if (context != nullptr) {
      if (thread.hand_offs_left > 0) --thread.hand_offs_left;
    } else if (thread.then != nullptr) {
      context = std::exchange(thread.then, nullptr);
    } else {
      thread.hand_offs_left = hand_offs_max;
      context = ready_.pop();
    }
    if (context == nullptr) return;
    thread.budget = activation_budget;
    thread.turn_seen_ns = 0;
    context->run();
  }
  TaskGroupCore::give_up_vacant(thread);
  if (Context* left = std::exchange(thread.hand_off, nullptr)) ready_.push(*left);
  if (Context* left = std::exchange(thread.then, nullptr)) ready_.push(*left);
}

/// The poller's own handle becomes readable when a socket is ready.
void EmbeddedScheduler::wait_for_sockets() {
  handlers_.fetch_add(1, std::memory_order_relaxed);
  sockets_ready_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                            boost::asio::bind_executor(strand_, [this](const boost::system::error_code& error) {
                              if (!error) {
                                sockets_.poll();
                                wait_for_sockets();
                              }
                              handlers_.fetch_sub(1, std::memory_order_release);
                            }));
}

void EmbeddedScheduler::set_alarm() {
  const TimePoint moment = timers_.wake_at();
  if (moment == TimePoint::max() || stopped_.load(std::memory_order_acquire)) return;
  alarm_.expires_after(std::max(moment - clock().now(), Duration{0}));
  handlers_.fetch_add(1, std::memory_order_relaxed);
  alarm_.async_wait(boost::asio::bind_executor(strand_, [this](const boost::system::error_code& error) {
    if (!error) {
      timers_.run_due();
      set_alarm();
    }
    handlers_.fetch_sub(1, std::memory_order_release);
  }));
}

void EmbeddedScheduler::run_on_control(std::move_only_function<void()> work) {
  if (stopped_.load(std::memory_order_acquire)) {
    work();
    return;
  }
  post_to(context_.get_executor(), std::move(work));
}

std::unique_ptr<Completion> EmbeddedScheduler::make_completion() { return std::make_unique<LoopCompletion>(*this); }

std::uint64_t EmbeddedScheduler::random_number() noexcept {
  const std::lock_guard lock(random_mutex_);
  return random_->next();
}

void EmbeddedScheduler::heavy_fence() noexcept { fence_all_threads(); }

void EmbeddedScheduler::wait_until_armed(const Context& context) noexcept {
  for (;;) {
    const ThreadState* thread = draining_thread_.load(std::memory_order_acquire);
    if (thread == nullptr || thread->arming.load(std::memory_order_acquire) != &context) return;
    std::this_thread::yield();
  }
}

void EmbeddedScheduler::help() noexcept {
  try {
    if (context_.stopped()) context_.restart();
    context_.run_one_for(std::chrono::milliseconds(1));
  } catch (...) {
    // A handler of the application's own has thrown into a thread that only waits here: it is not ours to handle.
    std::terminate();
  }
}

void EmbeddedScheduler::stop() noexcept {
  if (stopped_.exchange(true, std::memory_order_acq_rel)) return;
  blocking_pool_.stop();
  post_to(strand_, [this] {
    alarm_.cancel();
    boost::system::error_code ignored;
    sockets_ready_.close(ignored);
  });
  while (handlers_.load(std::memory_order_acquire) != 0) help();
  work_.reset();
}

}  // namespace understudy::detail

namespace understudy {

std::unique_ptr<detail::Scheduler> embedded_in(boost::asio::io_context& context, const RuntimeOptions& options) {
  return std::make_unique<detail::EmbeddedScheduler>(context, options);
}

}  // namespace understudy
