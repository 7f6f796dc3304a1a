// Who waits for sockets: a worker that has nothing else to do. It sits down here instead of going to sleep, and what
// becomes ready it runs itself, without waking anybody.
//
// At most one thread sits here at a time. Workers that are busy look in now and then without waiting (`poll`); and so
// that sockets are served while the one that sat here is busy with one long computation, the control thread, the guard,
// wakes up every guard_interval for as long as workers come and go, and looks in after one in which none did. It lets
// go once a worker has sat through an interval: an idle system wakes nobody. Where there is but one thread to run what
// becomes ready, the guard can do little, and comes less often. A look is over in microseconds: a worker that wants to
// sit down waits for that.
#pragma once

#include "runtime/io_watch.hpp"
#include "runtime/socket_poller.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>

namespace understudy::detail {

class IoSeat {
 public:
  static constexpr std::chrono::milliseconds guard_interval{2};
  static constexpr std::chrono::milliseconds guard_interval_alone{20};

  /// `alone`: one thread runs all that becomes ready (see `expect_company`).
  IoSeat(IoLoop& control, bool alone)
      : guard_(control, alone ? guard_interval_alone : guard_interval, [this](bool) { return guard(); }) {}
  IoSeat(const IoSeat&) = delete;
  IoSeat& operator=(const IoSeat&) = delete;
  ~IoSeat() = default;

  [[nodiscard]] SocketPoller& sockets() noexcept { return sockets_; }

  /// From now on more than one thread runs what becomes ready. Any thread.
  void expect_company() { guard_.look_every(guard_interval); }
  /// By a thread that goes to sleep elsewhere, and may wait for a socket that nobody has seen to.
  void sleep_elsewhere() noexcept;

  /// True if the caller now has the seat, until it calls `leave`; false if another sits here.
  [[nodiscard]] bool try_take() noexcept;
  /// Gives the seat back, and sees to it that sockets are looked after meanwhile.
  void leave() noexcept;
  /// Waits until a socket is ready, or `interrupt`, and lets those who waited for it become ready. Only in the seat.
  void wait() noexcept;
  /// Ends a `wait`, or the next one. Any thread.
  void interrupt() noexcept;
  /// Lets become ready who waits for a socket that is ready now, if nobody sits here. Any thread of the system.
  void poll() noexcept;

 private:
  /// After the seat was given back, or was found free by who does not sit down.
  void see_to_the_guard() noexcept;
  /// Whether to look again.
  bool guard();
  /// `poll`, by who sees to the guard otherwise. False: there is no socket, or somebody else is here.
  bool look() noexcept;
  /// In the seat: notes that somebody has been here, and gives it back.
  void stand_up() noexcept;

  enum class Use : std::uint8_t { none, look, sit };

  SocketPoller sockets_;
  // A lock, which nobody waits for but while it is held for a look. Given back, then it is looked whether there are
  // sockets; who registers one tries to take it afterwards, or looks at it, when it goes to sleep. Either the leaver
  // sees the socket, and to its guard, or it finds the seat free.
  std::atomic<Use> taken_{Use::none};
  // How often somebody has looked. Written in the seat, read by the guard, which does not look when others do. Relaxed:
  // a number.
  std::atomic<std::uint64_t> looked_{0};
  std::uint64_t looked_seen_ = 0;  // The control thread only.
  IoWatch guard_;                  // Told each time that the seat is left.
};

}  // namespace understudy::detail
