#include "supervision/stack_capture.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <ctime>
#include <mutex>

#include <execinfo.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): POSIX has more in it than <csignal> promises
#include <ucontext.h>
#include <unistd.h>

#define BOOST_STACKTRACE_DYN_LINK  // The library that reads debug information; the headers alone know exported names.
#include <boost/stacktrace/frame.hpp>
#include <fmt/format.h>

namespace understudy {
namespace {

constexpr int frames_max = 64;

/// What the signal handler and the one who waits for it share. Only the handler of the thread that is asked touches the
/// frames, between `asked` and `taken`.
enum class State : std::uint8_t { idle, asked, taking, taken };
struct Capture {
  // Compare-and-swap on both sides, acq_rel: who finds it `asked` has it.
  std::atomic<State> state{State::idle};
  std::atomic<std::int32_t> thread{0};  // Written before `asked`.
  std::array<void*, frames_max> frames{};
  int count = 0;
  void* interrupted_at = nullptr;
  sem_t done{};
  struct sigaction before{};
};
Capture& the_capture() noexcept {
  static Capture capture;
  return capture;
}

void* program_counter(const void* context) noexcept {
  const auto* interrupted = static_cast<const ucontext_t*>(context);
#if defined(__x86_64__)
  return reinterpret_cast<void*>(interrupted->uc_mcontext.gregs[REG_RIP]);
#elif defined(__aarch64__)
  return reinterpret_cast<void*>(interrupted->uc_mcontext.pc);
#else
  static_cast<void>(interrupted);
  return nullptr;
#endif
}

void hand_on(int signal, siginfo_t* info, void* context, const struct sigaction& before) {
  if ((before.sa_flags & SA_SIGINFO) != 0) {
    if (before.sa_sigaction != nullptr) before.sa_sigaction(signal, info, context);
  } else if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN) {
    before.sa_handler(signal);
  }
}

void on_signal(int signal, siginfo_t* info, void* context) {
  const int error = errno;
  Capture& capture = the_capture();
  State expected = State::asked;
  if (capture.thread.load(std::memory_order_acquire) == gettid() &&
      capture.state.compare_exchange_strong(expected, State::taking, std::memory_order_acq_rel)) {
    capture.interrupted_at = program_counter(context);
    capture.count = backtrace(capture.frames.data(), frames_max);
    capture.state.store(State::taken, std::memory_order_release);
    sem_post(&capture.done);
  } else {
    hand_on(signal, info, context, capture.before);
  }
  errno = error;
}

void install() {
  Capture& capture = the_capture();
  sem_init(&capture.done, 0, 0);
  // The first call loads the unwinder, which a signal handler may not.
  capture.count = backtrace(capture.frames.data(), frames_max);
  struct sigaction action{};
  action.sa_sigaction = on_signal;
  action.sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  sigaction(SIGURG, &action, &capture.before);
}

bool wait_until_taken(Capture& capture, Duration patience) {
  timespec end{};
  clock_gettime(CLOCK_REALTIME, &end);
  const std::int64_t nanoseconds = end.tv_nsec + patience.count();
  end.tv_sec += nanoseconds / 1'000'000'000;
  end.tv_nsec = nanoseconds % 1'000'000'000;
  while (sem_timedwait(&capture.done, &end) != 0) {
    if (errno == EINTR) continue;
    State expected = State::asked;
    if (capture.state.compare_exchange_strong(expected, State::idle, std::memory_order_acq_rel)) return false;
    // It has just begun: it will be done in a moment.
    while (sem_wait(&capture.done) != 0) {
    }
    return true;
  }
  return true;
}

}  // namespace

StackAddresses capture_stack(const detail::HoldingThread& thread, Duration patience) {
  if (thread.simulated_time) return {};
  static std::mutex one_at_a_time;
  static std::once_flag installed;
  const std::lock_guard lock(one_at_a_time);
  std::call_once(installed, install);
  Capture& capture = the_capture();
  capture.thread.store(thread.kernel_id, std::memory_order_release);
  capture.state.store(State::asked, std::memory_order_release);
  if (pthread_kill(thread.handle, SIGURG) != 0) {
    capture.state.store(State::idle, std::memory_order_release);
    return {};
  }
  if (!wait_until_taken(capture, patience)) return {};
  // Above what was interrupted lie the handler's own frames.
  const auto* const begin = capture.frames.data();
  const auto* const end = begin + capture.count;
  const auto* const interrupted = std::find(begin, end, capture.interrupted_at);
  StackAddresses addresses;
  for (const auto* each = interrupted == end ? begin : interrupted; each != end; ++each) {
    addresses.push_back(reinterpret_cast<std::uintptr_t>(*each));
  }
  capture.state.store(State::idle, std::memory_order_release);
  return addresses;
}

std::vector<std::string> describe_stack(const StackAddresses& addresses) {
  std::vector<std::string> lines;
  bool first = true;
  for (const std::uintptr_t address : addresses) {
    // A return address lies behind its call.
    const boost::stacktrace::frame frame(reinterpret_cast<const void*>(first ? address : address - 1));
    first = false;
    std::string name = frame.name();
    if (name.starts_with("understudy::detail::Context::resume")) break;
    if (name.empty()) name = fmt::format("{:#x}", address);
    const std::string file = frame.source_file();
    lines.push_back(file.empty() ? name : fmt::format("{} at {}:{}", name, file, frame.source_line()));
  }
  return lines;
}

}  // namespace understudy
