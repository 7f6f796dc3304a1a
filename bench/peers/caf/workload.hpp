// What a workload is, and what all of them share. Counts, sizes and shapes are those of bench/messaging, where they are
// explained. CAF's mailboxes have no bound, so nobody ever waits for room here.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <caf/all.hpp>

namespace bench {

using add_atom = caf::atom_constant<caf::atom("add")>;
using done_atom = caf::atom_constant<caf::atom("done")>;
using go_atom = caf::atom_constant<caf::atom("go")>;
using total_atom = caf::atom_constant<caf::atom("total")>;

struct Options {
  std::uint64_t count = 0;
  std::uint64_t size = 0;
  std::uint32_t workers = 1;
};

struct Outcome {
  std::uint64_t operations = 0;
  double seconds = 0;
  std::int64_t check = 0;
  std::int64_t expected = 0;
  std::vector<std::pair<std::string, double>> figures;
};

struct Workload {
  std::string name;
  Outcome (*run)(caf::actor_system&, const Options&);
  std::uint64_t count;
  std::uint64_t size;
};

class Stopwatch {
 public:
  double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count(); }

 private:
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

/// A linear congruential generator: the same numbers in every language.
class Numbers {
 public:
  explicit Numbers(std::uint64_t seed = 0) : state_(seed) {}
  std::uint64_t next() {
    state_ = state_ * 6'364'136'223'846'793'005U + 1'442'695'040'888'963'407U;
    return state_ >> 33U;
  }

 private:
  std::uint64_t state_;
};

inline std::int64_t sum_below(std::uint64_t count) { return static_cast<std::int64_t>(count * (count - 1) / 2); }

inline Outcome outcome_of(std::uint64_t operations, const Stopwatch& watch, std::int64_t check, std::int64_t expected) {
  Outcome outcome;
  outcome.operations = operations;
  outcome.seconds = watch.seconds();
  outcome.check = check;
  outcome.expected = expected;
  return outcome;
}

struct Total {
  std::int64_t value = 0;
};
/// Answers each request (add, v) with the running total.
inline caf::behavior counter(caf::stateful_actor<Total>* self) {
  return {[self](add_atom, std::int64_t value) { return self->state.value += value; }};
}

struct Collected {
  std::int64_t sum = 0;
  std::uint64_t parts = 0;
};
/// Adds up `parts` messages (done, v), sends the sum to `asker`, and ends.
inline caf::behavior collector(caf::stateful_actor<Collected>* self, std::uint64_t parts, caf::actor asker) {
  self->state.parts = parts;
  return {[self, asker](done_atom, std::int64_t value) {
    self->state.sum += value;
    if (--self->state.parts > 0) return;
    self->send(asker, done_atom::value, self->state.sum);
    self->quit();
  }};
}

/// Waits on this thread for one (done, v).
inline std::int64_t await_done(caf::scoped_actor& self) {
  std::int64_t result = -1;
  self->receive([&result](done_atom, std::int64_t value) { result = value; });
  return result;
}

/// Ends actors that would wait for ever.
inline void end_all(const std::vector<caf::actor>& actors) {
  for (const caf::actor& each : actors) caf::anon_send_exit(each, caf::exit_reason::user_shutdown);
}
/// The same, and waits until they have: for those that refer to what the caller owns.
inline void end(caf::scoped_actor& self, const std::vector<caf::actor>& actors) {
  end_all(actors);
  self->wait_for(actors);
}

Outcome run_ask(caf::actor_system& system, const Options& options);
Outcome run_tell(caf::actor_system& system, const Options& options);
Outcome run_spawn(caf::actor_system& system, const Options& options);
Outcome run_chapter(caf::actor_system& system, const Options& options);
Outcome run_idle_memory(caf::actor_system& system, const Options& options);
Outcome run_idle_cpu(caf::actor_system& system, const Options& options);
Outcome run_growth(caf::actor_system& system, const Options& options);
Outcome run_skynet_actors(caf::actor_system& system, const Options& options);
Outcome run_latency_load(caf::actor_system& system, const Options& options);
Outcome run_ring(caf::actor_system& system, const Options& options);
Outcome run_ping_pong(caf::actor_system& system, const Options& options);
Outcome run_fork_join_throughput(caf::actor_system& system, const Options& options);
Outcome run_fork_join_create(caf::actor_system& system, const Options& options);
Outcome run_chameneos(caf::actor_system& system, const Options& options);
Outcome run_big(caf::actor_system& system, const Options& options);
Outcome run_dictionary(caf::actor_system& system, const Options& options);
Outcome run_bounded_buffer(caf::actor_system& system, const Options& options);
Outcome run_philosophers(caf::actor_system& system, const Options& options);

}  // namespace bench
