// Siblings that are restarted together: all of them stop before the first of them starts anew.
#pragma once

#include "actor/system_core.hpp"
#include "understudy/actor/detail/cell_pointer.hpp"

#include <mutex>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace understudy {

/// Threads: any.
class Regroups {
 public:
  explicit Regroups(detail::SystemCore& system) noexcept : system_(system) {}
  Regroups(const Regroups&) = delete;
  Regroups& operator=(const Regroups&) = delete;
  ~Regroups() = default;

  /// `cell` has failed, or ends because a sibling has. True: it is held, and is started after `delay` together with its
  /// siblings; perhaps it has been already. False: it goes alone.
  [[nodiscard]] bool hold(detail::ActorCell& cell, Strategy strategy, Duration delay);
  /// `cell` has stopped for good: nobody waits for it.
  void leave(const detail::ActorCell& cell);

 private:
  struct Regroup {
    std::unordered_set<std::uint64_t> awaited;  // Actors that have not ended.
    std::vector<detail::CellPointer> held;      // Those that have.
    Duration delay{0};
  };
  [[nodiscard]] std::vector<detail::CellPointer> affected_by(const detail::ActorCell& cell, Strategy strategy);
  void no_longer_awaited(std::uint64_t family, std::uint64_t actor);
  static void start(Regroup regroup);
  /// The actor whose children they are; 0 for the roots.
  [[nodiscard]] static std::uint64_t family_of(const detail::ActorCell& cell) noexcept {
    return cell.parent() != nullptr ? cell.parent()->id() : 0;
  }

  detail::SystemCore& system_;
  std::mutex mutex_;
  std::unordered_map<std::uint64_t, Regroup> by_family_;  // Guarded by mutex_.
};

}  // namespace understudy
