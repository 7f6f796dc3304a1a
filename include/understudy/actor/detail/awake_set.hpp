// Which actors on demand are awake: lets in no more than so many, and puts to sleep those that have been idle.
#pragma once

#include "understudy/actor/detail/actor_cell.hpp"
#include "understudy/runtime/detail/event.hpp"

#include <cstdint>
#include <mutex>

namespace understudy {

/// What an OnDemand has done. Numbers of one moment, but `known`.
struct OnDemandStatistics {
  std::size_t known = 0;           ///< Keys with an actor, awake or asleep.
  std::uint32_t awake = 0;         ///< Actors that hold a place, and a frame.
  std::uint32_t waiting = 0;       ///< Actors with messages that wait for a place.
  std::uint64_t lives = 0;         ///< How often an actor was let in.
  std::uint64_t put_to_sleep = 0;  ///< How often an idle one was told to sleep, …
  std::uint64_t made_room = 0;     ///< … of these, early, because another waited for its place.
  std::uint64_t forgotten = 0;     ///< Actors that slept, that nobody held an address of, and whose cells are gone.
};

namespace detail {

/// Threads: any.
class AwakeSet {
 public:
  AwakeSet(const Clock& clock, std::uint32_t awake_max, Duration idle_after) noexcept
      : clock_(clock), awake_max_(awake_max > 0 ? awake_max : 1), idle_after_(idle_after) {}
  AwakeSet(const AwakeSet&) = delete;
  AwakeSet& operator=(const AwakeSet&) = delete;
  ~AwakeSet() = default;

  /// The place of one actor for one life. Lives in that life's frame.
  class Place {
   public:
    Place(AwakeSet& set, ActorCell& actor) noexcept : set_(set), actor_(actor) { set_.enter(*this); }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place() { set_.leave(*this); }
    /// To be awaited before the life begins.
    [[nodiscard]] Event& admitted() noexcept { return admitted_; }

   private:
    friend class AwakeSet;
    AwakeSet& set_;
    ActorCell& actor_;
    // To wait for a place is no fault of the actor's: the supervisor counts it as waiting for room.
    Event admitted_{Wait::Kind::room};
    // Guarded by the set's mutex.
    bool is_in_ = false;
    bool is_leaving_ = false;
    std::uint64_t handled_ = 0;
    TimePoint idle_since_{};
    Place* next_ = nullptr;
    Place* previous_ = nullptr;
  };

  /// Puts to sleep who has been idle for long enough, and makes room for who waits. True while there is somebody.
  bool sweep() noexcept;
  /// Makes room for who waits, if somebody is idle. True while somebody waits. Linear in those awake, if some that
  /// were told to go have not gone yet.
  bool relieve() noexcept;
  [[nodiscard]] bool is_crowded() const noexcept;
  void fill(OnDemandStatistics& statistics) const noexcept;

 private:
  struct Queue {
    Place* first = nullptr;
    Place* last = nullptr;
    std::uint32_t length = 0;
    void push_back(Place& place) noexcept;
    void erase(Place& place) noexcept;
  };
  void enter(Place& place) noexcept;
  void leave(Place& place) noexcept;
  void admit(Place& place) noexcept;
  bool has_gone_on(Place& place) noexcept;
  bool put_to_sleep(Place& place) noexcept;
  void make_room() noexcept;

  const Clock& clock_;
  const std::uint32_t awake_max_;
  const Duration idle_after_;
  mutable std::mutex mutex_;
  // All guarded by mutex_. `in_` has those first that have done nothing for the longest time, as far as has been seen.
  Queue in_;
  Queue waiting_;
  std::uint32_t leaving_ = 0;
  std::uint64_t lives_ = 0;
  std::uint64_t put_to_sleep_ = 0;
  std::uint64_t made_room_ = 0;
};

}  // namespace detail
}  // namespace understudy
