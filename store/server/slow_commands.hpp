// SlowCommands: which commands of an operation took long. The operation finds them, since it runs them; the session
// puts them into the SlowLog, since it knows whose they are.
//
// Threads: as whatever holds it: the operation, then the session.
#pragma once

#include "server/client.hpp"
#include "server/server_context.hpp"

#include <chrono>
#include <cstddef>
#include <vector>

namespace understudy::server {

class SlowCommands {
 public:
  /// Before the operation.
  void begin(ServerContext& server) {
    from_ = server.slow_log.threshold();
    clock_ = &server.system.clock();
  }

  /// Runs the command, which is the operation's number `index`. In the operation.
  void run(const Command& command, DataCall& call, std::size_t index) {
    if (from_.count() < 0 || !may_be_slow(command)) {
      command.data(call);
      return;
    }
    const TimePoint begin = clock_->now();
    command.data(call);
    const auto took = std::chrono::duration_cast<std::chrono::microseconds>(clock_->now() - begin);
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
  std::vector<Found> found_;
};

}  // namespace understudy::server
