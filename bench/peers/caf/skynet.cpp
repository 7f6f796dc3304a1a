// A tree of ten children a node, whose actors send their sums to their parents.
#include "workload.hpp"

namespace bench {
namespace {

constexpr std::uint64_t children = 10;

struct Sum {
  std::int64_t value = 0;
  std::uint64_t missing = children;
};

caf::behavior node(caf::stateful_actor<Sum>* self, std::int64_t first, std::uint64_t leaves, caf::actor parent) {
  if (leaves == 1) {
    self->send(parent, done_atom::value, first);
    return {};
  }
  const std::uint64_t each = leaves / children;
  for (std::uint64_t i = 0; i < children; ++i) {
    self->spawn(node, first + static_cast<std::int64_t>(i * each), each, caf::actor{self});
  }
  return {[self, parent](done_atom, std::int64_t value) {
    self->state.value += value;
    if (--self->state.missing > 0) return;
    self->send(parent, done_atom::value, self->state.value);
    self->quit();
  }};
}

}  // namespace

Outcome run_skynet_actors(caf::actor_system& system, const Options& options) {
  caf::scoped_actor self{system};
  const Stopwatch watch;
  system.spawn(node, std::int64_t{0}, options.count, caf::actor{self});
  const std::int64_t sum = await_done(self);
  return outcome_of(options.count, watch, sum, sum_below(options.count));
}

}  // namespace bench
