// Savina's ping-pong, thread ring and fork-join.
#include "workload.hpp"

#include <cmath>

namespace bench {
namespace {

using caf::actor;
using caf::behavior;
using Actors = std::vector<actor>;

behavior ring_member(caf::event_based_actor* self, std::int64_t place, const Actors* ring, actor result) {
  return {[=](go_atom, std::uint64_t hops_left) {
    if (hops_left == 0) {
      self->send(result, done_atom::value, place);
      return;
    }
    self->send((*ring)[(static_cast<std::size_t>(place) + 1) % ring->size()], go_atom::value, hops_left - 1);
  }};
}

double compute(double angle) {
  const double sine = std::sin(angle);
  return sine * sine;
}

struct Handled {
  std::uint64_t messages = 0;
  std::int64_t right = 0;
};

behavior throughput_worker(caf::stateful_actor<Handled>* self, std::uint64_t messages, actor result) {
  return {[=](go_atom, double angle) {
    if (compute(angle) > 0) ++self->state.right;
    if (++self->state.messages < messages) return;
    self->send(result, done_atom::value, self->state.right);
    self->quit();
  }};
}

void send_all(caf::event_based_actor* self, const Actors& workers, std::uint64_t messages) {
  for (std::uint64_t i = 0; i < messages; ++i) {
    for (const actor& worker : workers) self->send(worker, go_atom::value, 37.2);
  }
}

void create_all(caf::event_based_actor* self, std::uint64_t count, const actor& result) {
  for (std::uint64_t i = 0; i < count; ++i) {
    self->send(self->spawn(throughput_worker, std::uint64_t{1}, result), go_atom::value, 37.2);
  }
}

}  // namespace

Outcome run_ring(caf::actor_system& system, const Options& options) {
  caf::scoped_actor self{system};
  Actors ring;
  for (std::uint64_t i = 0; i < options.size; ++i) {
    ring.push_back(system.spawn(ring_member, static_cast<std::int64_t>(i), &ring, actor{self}));
  }
  const Stopwatch watch;
  caf::anon_send(ring[0], go_atom::value, options.count);
  const std::int64_t last = await_done(self);
  Outcome outcome = outcome_of(options.count, watch, last, static_cast<std::int64_t>(options.count % options.size));
  end(self, ring);
  return outcome;
}

Outcome run_ping_pong(caf::actor_system& system, const Options& options) {
  Options ring = options;
  ring.count = options.count * 2;
  ring.size = 2;
  Outcome outcome = run_ring(system, ring);
  outcome.operations = options.count;
  return outcome;
}

Outcome run_fork_join_throughput(caf::actor_system& system, const Options& options) {
  caf::scoped_actor self{system};
  const actor result = system.spawn(collector, options.size, actor{self});
  Actors workers;
  for (std::uint64_t i = 0; i < options.size; ++i) {
    workers.push_back(system.spawn(throughput_worker, options.count, result));
  }
  const Stopwatch watch;
  system.spawn(send_all, workers, options.count);
  const std::int64_t right = await_done(self);
  const std::uint64_t messages = options.count * options.size;
  return outcome_of(messages, watch, right, static_cast<std::int64_t>(messages));
}

Outcome run_fork_join_create(caf::actor_system& system, const Options& options) {
  caf::scoped_actor self{system};
  const actor result = system.spawn(collector, options.count, actor{self});
  const Stopwatch watch;
  system.spawn(create_all, options.count, result);
  const std::int64_t right = await_done(self);
  return outcome_of(options.count, watch, right, static_cast<std::int64_t>(options.count));
}

}  // namespace bench
