// SocketPoller: which sockets are ready, and who waits for that.
//
// A socket is registered once, with edges: the kernel says each time that something has come, or room has come up. What
// it has said is kept in the socket's *place* until somebody asks; so a coroutine that waits costs no system call, and
// no memory. Whoever looks (`wait`, `poll`) goes through all that the kernel has to say at once.
//
// Places are never given back while the poller lives, and the number of a place's use goes with each registration:
// what the kernel had to say of a socket that has been closed meanwhile finds its place used by another, or by none,
// and means nothing.
//
// Threads: any; one at a time in `wait` and `poll`.
#pragma once

#include "understudy/runtime/detail/event.hpp"
#include "understudy/runtime/detail/spin_lock.hpp"

#include <array>
#include <atomic>
#include <coroutine>
#include <cstdint>
#include <deque>
#include <mutex>
#include <utility>
#include <vector>

struct epoll_event;

namespace understudy::detail {

/// What a socket is waited for.
enum class Direction : std::uint8_t { read, write };

class SocketPoller {
  struct Place;

 public:
  /// Throws std::system_error if the system gives no handles.
  SocketPoller();
  SocketPoller(const SocketPoller&) = delete;
  SocketPoller& operator=(const SocketPoller&) = delete;
  /// Nothing is registered any more.
  ~SocketPoller();

  class Readiness;

  /// A registered socket. Its end, which comes before the socket is closed, is the end of the registration.
  class Registration {
   public:
    /// `handle` does not block.
    Registration(SocketPoller& poller, int handle);
    Registration(Registration&& other) noexcept;
    Registration& operator=(Registration&&) = delete;
    Registration(const Registration&) = delete;
    Registration& operator=(const Registration&) = delete;
    ~Registration();

    /// Why it could not be registered: then nothing ever becomes ready. 0: it is.
    [[nodiscard]] int error() const noexcept { return error_; }
    /// Waits until the socket may have become ready since this was last awaited for that direction: `co_await` it. One
    /// coroutine at a time for each direction.
    [[nodiscard]] Readiness ready_to(Direction direction) noexcept;

   private:
    SocketPoller* poller_;
    Place* place_ = nullptr;
    int error_ = 0;
  };

  /// Waits until a socket is ready, or `interrupt`, and wakes those who wait for what is.
  void wait() noexcept;
  /// The same without waiting.
  void poll() noexcept;
  /// Ends a `wait`, or the next one. Any thread; by whoever waits, when it makes somebody ready: this one, which has
  /// ended.
  void interrupt() noexcept;
  /// Whether a look is worth its system call.
  [[nodiscard]] bool has_sockets() const noexcept { return registered_.load(std::memory_order_seq_cst) != 0; }
  /// Becomes readable when there is something to `poll` for; for another loop to wait on. Of the poller.
  [[nodiscard]] int handle() const noexcept { return epoll_; }

 private:
  struct Place {
    SpinLock lock;
    // Guarded by the lock:
    std::uint16_t use = 0;
    std::array<bool, 2> ready{};
    bool ended = false;  // Nothing comes any more: there is always something to read, if only that.
    std::array<EventBase*, 2> waiting{};
  };

  void look(int timeout_ms) noexcept;
  static void take_note(const epoll_event& event) noexcept;
  static void note_ready(Place& place, Direction direction) noexcept;
  [[nodiscard]] Place& take_place();
  void give_back(Place& place) noexcept;

  int epoll_;
  int interruption_;                          // An eventfd.
  std::atomic<std::uint32_t> registered_{0};  // In one order with who looks after the sockets (io_seat.hpp).
  std::mutex places_mutex_;
  std::deque<Place> places_;
  std::vector<Place*> free_;
};

/// What `ready_to` gives.
class SocketPoller::Readiness {
 public:
  Readiness(Place& place, Direction direction) noexcept : place_(place), direction_(direction) {}
  Readiness(const Readiness&) = delete;
  Readiness& operator=(const Readiness&) = delete;
  ~Readiness() {
    const SpinGuard guard(place_.lock);
    place_.waiting.at(index()) = nullptr;
  }

  [[nodiscard]] bool await_ready() noexcept {
    const SpinGuard guard(place_.lock);
    if (std::exchange(place_.ready.at(index()), false)) return true;
    if (place_.ended && direction_ == Direction::read) return true;
    place_.waiting.at(index()) = &event_;
    return false;
  }
  bool await_suspend(std::coroutine_handle<> awaiting) noexcept { return event_.await_suspend(awaiting); }
  void await_resume() const noexcept {}

 private:
  [[nodiscard]] std::size_t index() const noexcept { return static_cast<std::size_t>(direction_); }

  Place& place_;
  Direction direction_;
  Event event_{Wait::Kind::socket};
};

inline SocketPoller::Readiness SocketPoller::Registration::ready_to(Direction direction) noexcept {
  return {*place_, direction};
}

}  // namespace understudy::detail
