// The inside of a Supervisor: the list of actors with work, the ticker that looks at them, and the incidents.
//
// Supervision time. Actors note when they began what they do in this clock (a relaxed load and store for each message).
// It is advanced by the ticker, and by at most two ticks' worth each time, however late the ticker is: so time in which
// the process did not run, was stopped, or had no processor, is not held against the actors.
#pragma once

#include "actor/system_core.hpp"
#include "supervision/restart_policy.hpp"

#include <mutex>
#include <unordered_map>
#include <vector>

namespace understudy {

class SupervisorCore final : public detail::SupervisionHook, private detail::Timer {
 public:
  SupervisorCore(detail::SystemCore& system, SupervisionOptions options);
  SupervisorCore(const SupervisorCore&) = delete;
  SupervisorCore& operator=(const SupervisorCore&) = delete;
  ~SupervisorCore();

  detail::Verdict on_failure(detail::ActorCell& cell, const detail::Ending& ending) noexcept override;
  void watch(detail::ActorCell& cell) noexcept override;
  void on_restarted(detail::ActorCell& cell) noexcept override;

  /// Supervision begins: looks at the actors that are there already.
  void begin();
  /// Supervision ends. Hooks may still be called, and do nothing.
  void end() noexcept;

  [[nodiscard]] std::vector<Incident> incidents() const;
  [[nodiscard]] std::uint64_t incident_count() const;
  [[nodiscard]] std::size_t watched() const;

 private:
  struct Watched {
    detail::CellPointer cell;
    bool was_idle = false;
  };
  struct Stuck {
    detail::CellPointer cell;
    std::uint32_t incarnation;
    detail::Wait wait;
    bool suspended;
    Duration since;
  };

  void fire() noexcept override;
  void tick();
  void arm() noexcept;
  void check(std::int64_t now);
  void let_go_of_idle(std::vector<Watched> idle);
  [[nodiscard]] Duration cutoff_of(const detail::ActorCell& cell) const noexcept;
  /// Whether `origin`, which waits as `wait` says, waits on something that is slow by right.
  bool is_exempt(const detail::ActorCell& origin, const detail::Wait& wait, int depth);
  /// Whether following who waits on whom from `wait` comes back to `origin`.
  bool leads_to(const detail::ActorCell& origin, const detail::Wait& wait, int depth);
  void handle_stuck(const Stuck& stuck);
  void record(Incident incident);

  static constexpr std::size_t incidents_kept = 64;

  detail::SystemCore& system_;
  const SupervisionOptions options_;
  const Duration tick_;

  std::mutex reporting_;  // Held while on_incident is called.
  bool reports_ = true;   // Guarded by reporting_.

  mutable std::mutex mutex_;
  bool active_ = true;
  bool ticking_ = false;
  TimePoint last_tick_{};
  std::int64_t next_check_ = 0;  // In supervision time.
  std::vector<Watched> watched_;
  std::unordered_map<std::uint64_t, FailureHistory> histories_;
  std::unordered_map<std::uint64_t, std::uint32_t> reported_holding_;  // Actor id to the incarnation last reported.
  std::deque<Incident> incidents_;
  std::uint64_t incident_count_ = 0;
};

}  // namespace understudy
