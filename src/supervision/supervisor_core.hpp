// The inside of a Supervisor: the list of actors with work, the ticker that looks at them, and the incidents.
//
// Supervision time. Actors note when they began what they do in this clock (a relaxed load and store for each message).
// It is advanced by the ticker, and by at most two ticks' worth each time, however late the ticker is: so time in which
// the process did not run, was stopped, or had no processor, is not held against the actors.
#pragma once

#include "actor/system_core.hpp"
#include "supervision/incident_log.hpp"
#include "supervision/regroups.hpp"
#include "supervision/restart_policy.hpp"
#include "supervision/stack_capture.hpp"
#include "supervision/ticker_watch.hpp"

#include <memory>
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
  void on_stopped(const detail::ActorCell& cell) noexcept override;

  /// Supervision begins: looks at the actors that are there already.
  void begin();
  /// Supervision ends. Hooks may still be called, and do nothing.
  void end() noexcept;

  [[nodiscard]] IncidentLog& log() noexcept { return log_; }
  [[nodiscard]] std::size_t watched() const;
  [[nodiscard]] Duration lateness() const;

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
    std::int64_t since_ns;  // The same, as the actor noted it.
  };
  /// An actor that has gone half of its cutoff without progress.
  struct HalfWay {
    detail::CellPointer cell;
    std::int64_t since_ns;
  };
  /// What its thread had had of the processors then.
  struct ProcessorSample {
    std::int64_t since_ns = 0;
    TimePoint at{};
    Duration used{0};
  };

  /// Where the request of an actor past its cutoff was when it was first looked at.
  struct Owed {
    std::uint64_t message = 0;     // The asker's, by number.
    std::uint64_t by = 0;          // The id of the actor that has it in hand,
    std::uint64_t at_message = 0;  // and that one's message.
  };

  void fire() noexcept override;
  void tick();
  void arm() noexcept;
  void set_ticking_locked(bool ticking);
  void handle_halt() const;
  void check(std::int64_t now);
  void let_go_of_idle(const std::vector<Watched>& idle);
  [[nodiscard]] Duration cutoff_of(const detail::ActorCell& cell) const noexcept;
  /// Whether `origin`, which waits as `wait` says, waits on something that is slow by right.
  bool is_exempt(detail::ActorCell& origin, const detail::Wait& wait);
  bool is_being_answered(detail::ActorCell& origin, const detail::Wait& wait);
  /// Whether following who waits on whom from `wait` comes back to `origin`.
  bool leads_to(const detail::ActorCell& origin, const detail::Wait& wait, int depth);
  void handle_stuck(const Stuck& stuck);
  void sample(const detail::ActorCell& cell, std::int64_t since_ns);
  [[nodiscard]] bool lacks_a_processor(const Stuck& suspect);
  void handle_holding(const Stuck& holding);
  void report_holding(const Stuck& holding, const std::string& where, bool needs_a_new_process);
  [[nodiscard]] TimePoint last_at_work(const detail::Ending& ending) const noexcept;
  /// Notes a failure of `actor`, and decides.
  [[nodiscard]] detail::Verdict decide(std::uint64_t actor);
  [[nodiscard]] Strategy strategy_over(const detail::ActorCell& cell) const noexcept;
  [[nodiscard]] StackAddresses take_stack(std::uint64_t actor);

  detail::SystemCore& system_;
  const SupervisionOptions options_;
  const Duration tick_;

  std::unique_ptr<TickerWatch> ticker_watch_;  // Where the ticker has a thread of its own.
  IncidentLog log_;
  Regroups regroups_;
  // By actor. The control thread only.
  std::unordered_map<std::uint64_t, ProcessorSample> samples_;
  std::unordered_map<std::uint64_t, Owed> owed_;

  mutable std::mutex mutex_;
  bool active_ = true;
  bool ticking_ = false;
  TimePoint last_tick_{};
  std::int64_t next_check_ = 0;  // In supervision time.
  std::vector<Watched> watched_;
  std::unordered_map<std::uint64_t, FailureHistory> histories_;
  std::unordered_map<std::uint64_t, std::uint32_t> reported_holding_;  // Actor id to the incarnation last reported.
  std::unordered_map<std::uint64_t, StackAddresses> stacks_;  // Of actors that are being taken from their threads.
};

}  // namespace understudy
