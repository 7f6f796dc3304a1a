// Who sleeps and who searches. A worker that finds no work parks; whoever makes work wakes one parked worker, unless
// one is searching already: that one will find it, and wakes the next if there is more. So a burst of work costs few
// wake-ups, and none is lost:
//   - the maker writes the work, then fences, then reads `searching_` and `parked_`;
//   - the worker counts itself as parked (or no longer searching), then fences, then looks at every queue once more.
// One of the two sees the other.
#pragma once

#include "understudy/base/detail/atomic.hpp"

#include <cstdint>
#include <vector>

namespace understudy::detail {

class IoSeat;

/// Where one worker sleeps: on its token, or, while it sits in the seat for sockets, in there.
class ParkingPlace {
 public:
  /// How it will sleep, said before it is enlisted: null, on the token.
  void sit_in(IoSeat* seat) noexcept { seat_ = seat; }
  void wait() noexcept {
    // Acquire: pairs with the release in `release`.
    while (token_.exchange(0, std::memory_order_acquire) == 0) token_.wait(0, std::memory_order_relaxed);
  }
  /// True if it has been released. For a worker that sleeps elsewhere.
  [[nodiscard]] bool take_token() noexcept { return token_.exchange(0, std::memory_order_acquire) != 0; }
  void release() noexcept;

 private:
  Atomic<std::uint32_t> token_{0};
  // Written by the worker before it is enlisted, read by who releases it before the token is set: the mutex of the
  // list, and the token, order the two.
  IoSeat* seat_ = nullptr;
};

class Parking {
 public:
  /// Work was made: wakes a worker if one is parked and none searches. Any thread.
  void work_made() noexcept {
    std::atomic_thread_fence(std::memory_order_seq_cst);
    if (parked_.load(std::memory_order_relaxed) == 0 || searching_.load(std::memory_order_relaxed) != 0) return;
    wake_one();
  }
  /// Work was made that only the worker at `place` may do: wakes it if it is parked. Any thread.
  void work_made_for(ParkingPlace& place) noexcept;
  /// Wakes every parked worker: the scheduler stops.
  void wake_all() noexcept;

  /// The calling worker begins to search. False if enough others do; it then parks.
  bool begin_search() noexcept;
  /// It has found work. Wakes another if it was the last searcher, since there may be more.
  void found_work() noexcept;
  /// Parks the calling worker until it is woken; it then searches. `searching`: it does so now. `any_work` looks at
  /// every queue; returns at once if it says true. `sleep` sleeps, and says whether it was woken or has withdrawn.
  /// Returns whether the worker is counted as searching.
  template <typename AnyWork, typename Sleep>
  bool park(ParkingPlace& place, bool searching, AnyWork any_work, Sleep sleep) noexcept {
    enlist(place, searching);
    std::atomic_thread_fence(std::memory_order_seq_cst);
    if (any_work() && withdraw(place)) {
      // It has seen work, and goes to look for it: a searcher, who wakes the next when it finds it. Otherwise who has
      // pushed to a queue behind that work, and so woken nobody, would wait for this worker alone.
      searching_.fetch_add(1, std::memory_order_relaxed);
      return true;
    }
    return sleep();
  }
  /// A parked worker has found work by itself. False if it is just being woken: its token is on the way.
  bool withdraw(ParkingPlace& place) noexcept;

 private:
  void wake_one() noexcept;
  void enlist(ParkingPlace& place, bool searching) noexcept;

  ThreadMutex mutex_;
  std::vector<ParkingPlace*> places_;
  // Written under the mutex, and `searching_` also outside; read in work_made after a fence (see above).
  Atomic<std::uint32_t> parked_{0};
  Atomic<std::uint32_t> searching_{0};
};

}  // namespace understudy::detail
