// SlowCommands: which commands of an operation took long. The operation finds them, since it runs them; the session
// puts them into the SlowLog, since it knows whose they are. And running those that are in no operation.
//
// Threads: as whatever holds it: the operation, then the session.
#pragma once

#include "server/client.hpp"
#include "server/server_context.hpp"

#include <chrono>
#include <cstddef>
#include <optional>
#include <vector>

namespace understudy::server {

class SlowCommands {
 public:
  /// Before the operation. Commands that take `threshold` are noted; negative: none.
  void begin(std::chrono::microseconds threshold, const Clock& clock) noexcept {
    from_ = threshold;
    clock_ = &clock;
    looked_at_.reset();
  }

  /// Calls `run()`, which does all that is to be done for the command that is the operation's number `index`. In the
  /// operation.
  template <typename Run>
  void watch(std::size_t index, Run run) {
    if (from_.count() < 0) {
      run();
      return;
    }
    // Where one ends, the next begins: what lies between is next to nothing.
    const TimePoint begin = looked_at_ ? *looked_at_ : clock_->now();
    run();
    looked_at_ = clock_->now();
    const auto took = std::chrono::duration_cast<std::chrono::microseconds>(*looked_at_ - begin);
    if (took >= from_) found_.push_back({.index = index, .took = took});
  }

  /// After the operation. `words_of(index)` gives the words of a command.
  template <typename WordsOf>
  void note(ServerContext& server, const Client& client, WordsOf words_of) {
    if (found_.empty()) return;
    const ClientFacts facts = client.facts();
    for (const Found& slow : found_) {
      server.slow_log.add(server.system.clock().wall_now(), slow.took, words_of(slow.index), facts.peer, facts.name);
    }
    found_.clear();
  }

  void clear() noexcept { found_.clear(); }

 private:
  struct Found {
    std::size_t index = 0;
    std::chrono::microseconds took{0};
  };

  std::chrono::microseconds from_{-1};  // Negative: none is noted.
  const Clock* clock_ = nullptr;
  std::optional<TimePoint> looked_at_;  // When the last command ended; none: there has been none.
  std::vector<Found> found_;
};

/// Runs a command that is not about the store and waits for nothing, and puts it into the slow log if it takes long;
/// but none that MONITOR does not show either, or not as it is.
inline void run_timed(const Command& command, SessionCall& call) {
  const std::chrono::microseconds from = call.server.slow_log.threshold();
  if (from.count() < 0 || (command.flags & (flag::admin | flag::no_auth | flag::skip_slowlog)) != 0) {
    command.session(call);
    return;
  }
  const Clock& clock = call.server.system.clock();
  const TimePoint begin = clock.now();
  command.session(call);
  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(clock.now() - begin);
  if (took < from) return;
  const ClientFacts facts = call.client.facts();
  call.server.slow_log.add(clock.wall_now(), took, call.arguments, facts.peer, facts.name);
}

}  // namespace understudy::server
