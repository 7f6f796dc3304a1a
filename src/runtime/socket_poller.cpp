#include "runtime/socket_poller.hpp"

#include <cerrno>
#include <system_error>
#include <utility>

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace understudy::detail {
namespace {

constexpr int events_at_once = 128;
// A place and the number of its use, in one word: addresses of a process have 47 bits.
constexpr std::uint32_t address_bits = 48;

/// What this thread looks at: whoever it interrupts meanwhile is itself.
thread_local const SocketPoller* looked_at = nullptr;

[[noreturn]] void throw_error(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

int new_epoll() {
  const int handle = ::epoll_create1(EPOLL_CLOEXEC);
  if (handle < 0) throw_error("epoll_create1");
  return handle;
}

int new_eventfd() {
  const int handle = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (handle < 0) throw_error("eventfd");
  return handle;
}

}  // namespace

SocketPoller::SocketPoller() : epoll_(new_epoll()), interruption_(new_eventfd()) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLET;
  event.data.u64 = 0;  // No place.
  if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, interruption_, &event) != 0) throw_error("epoll_ctl");
}

SocketPoller::~SocketPoller() {
  ::close(interruption_);
  ::close(epoll_);
}

SocketPoller::Registration::Registration(SocketPoller& poller, int handle)
    : poller_(&poller), place_(&poller.take_place()) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.u64 = reinterpret_cast<std::uint64_t>(place_) | (std::uint64_t{place_->use} << address_bits);
  if (::epoll_ctl(poller.epoll_, EPOLL_CTL_ADD, handle, &event) == 0) return;
  // Registered before, for another use: all that is ready now is said anew.
  error_ = errno == EEXIST && ::epoll_ctl(poller.epoll_, EPOLL_CTL_MOD, handle, &event) == 0 ? 0 : errno;
}

SocketPoller::Registration::Registration(Registration&& other) noexcept
    : poller_(other.poller_), place_(std::exchange(other.place_, nullptr)), error_(other.error_) {}

// The socket leaves the epoll by being closed.
SocketPoller::Registration::~Registration() {
  if (place_ != nullptr) poller_->give_back(*place_);
}

SocketPoller::Place& SocketPoller::take_place() {
  const std::lock_guard lock(places_mutex_);
  Place* place = nullptr;
  if (free_.empty()) {
    free_.reserve(places_.size() + 1);  // So that giving back needs no memory.
    place = &places_.emplace_back();
  } else {
    place = free_.back();
    free_.pop_back();
  }
  registered_.fetch_add(1, std::memory_order_seq_cst);  // Last: without memory there is none.
  return *place;
}

void SocketPoller::give_back(Place& place) noexcept {
  {
    const SpinGuard guard(place.lock);
    ++place.use;
    place.ready = {};
    place.ended = false;
    place.waiting = {};
  }
  const std::lock_guard lock(places_mutex_);
  free_.push_back(&place);
  registered_.fetch_sub(1, std::memory_order_relaxed);
}

void SocketPoller::note_ready(Place& place, Direction direction) noexcept {
  const auto index = static_cast<std::size_t>(direction);
  if (EventBase* const waiting = std::exchange(place.waiting.at(index), nullptr)) {
    waiting->set();  // Under the lock: whoever waits, and is destroyed, takes it first.
  } else {
    place.ready.at(index) = true;
  }
}

void SocketPoller::look(int timeout_ms) noexcept {
  std::array<epoll_event, events_at_once> events{};
  int count = 0;
  const SocketPoller* const outer = std::exchange(looked_at, this);
  do {
    count = ::epoll_wait(epoll_, events.data(), events_at_once, timeout_ms);
    for (int i = 0; i < count; ++i) take_note(events.at(static_cast<std::size_t>(i)));
    timeout_ms = 0;
  } while (count == events_at_once);
  looked_at = outer;
}

void SocketPoller::take_note(const epoll_event& event) noexcept {
  const std::uint64_t word = event.data.u64;
  if (word == 0) return;  // An interruption: each is an edge of its own, whatever the count.
  Place& place = *reinterpret_cast<Place*>(word & ((std::uint64_t{1} << address_bits) - 1));
  const bool broken = (event.events & (EPOLLERR | EPOLLHUP)) != 0;
  const SpinGuard guard(place.lock);
  if (place.use != word >> address_bits) return;
  // Said once, perhaps together with the last bytes: whoever has read those has the end to read still.
  if (broken || (event.events & EPOLLRDHUP) != 0) place.ended = true;
  if (broken || (event.events & (EPOLLIN | EPOLLRDHUP)) != 0) note_ready(place, Direction::read);
  if (broken || (event.events & EPOLLOUT) != 0) note_ready(place, Direction::write);
}

void SocketPoller::wait() noexcept { look(-1); }

void SocketPoller::poll() noexcept { look(0); }

void SocketPoller::interrupt() noexcept {
  if (looked_at == this) return;  // By what it has just made ready: it comes back as it is.
  const std::uint64_t one = 1;
  static_cast<void>(::write(interruption_, &one, sizeof one));
}

}  // namespace understudy::detail
