// A tree of ten children a node down to `count` leaves; leaf number i gives i, and each node the sum of its children.
// Once with tasks, which are waited for, and once with actors, which send their sums to their parents.
#include "workloads.hpp"

#include <array>

namespace bench {
namespace {

constexpr std::uint64_t children = 10;

us::Task<> task_node(us::System& system, std::int64_t first, std::uint64_t leaves, std::int64_t& sum) {
  if (leaves == 1) {
    sum = first;
    co_return;
  }
  const std::uint64_t each = leaves / children;
  std::array<std::int64_t, children> sums{};
  us::TaskGroup group(system);
  for (std::uint64_t i = 0; i < children; ++i) {
    group.spawn(task_node(system, first + static_cast<std::int64_t>(i * each), each, sums[i]));
  }
  co_await group.join();
  for (const std::int64_t part : sums) sum += part;
}

us::Task<std::int64_t> task_tree(us::System& system, std::uint64_t leaves) {
  std::int64_t sum = 0;
  co_await task_node(system, 0, leaves, sum);
  co_return sum;
}

struct Sum {
  std::int64_t value;
};

us::Task<> actor_node(us::Mailbox<Sum>& inbox, std::int64_t first, std::uint64_t leaves, us::Address<Sum> parent) {
  std::int64_t sum = 0;
  if (leaves == 1) {
    sum = first;
  } else {
    const std::uint64_t each = leaves / children;
    const us::Address<Sum> self = inbox.address();
    for (std::uint64_t i = 0; i < children; ++i) {
      static_cast<void>(
          us::spawn_child("node", actor_node, {}, first + static_cast<std::int64_t>(i * each), each, self));
    }
    for (std::uint64_t i = 0; i < children; ++i) {
      const std::optional<Sum> part = co_await inbox.receive();
      if (!part) co_return;
      sum += part->value;
    }
  }
  static_cast<void>(co_await parent.tell<Sum>(sum));
}

/// The root's parent.
us::Task<> actor_tree(us::Mailbox<Sum>& inbox, std::uint64_t leaves, us::Address<CollectorMessage> result) {
  const us::Address<Sum> root = us::spawn_child("root", actor_node, {}, std::int64_t{0}, leaves, inbox.address());
  const std::optional<Sum> sum = co_await inbox.receive();
  if (sum) static_cast<void>(co_await result.tell<Done>(sum->value));
}

}  // namespace

Outcome run_skynet_tasks(const Options& options) {
  us::System system({.workers = options.workers});
  const Stopwatch watch;
  const us::Result<std::int64_t> sum = us::wait(system, task_tree(system, options.count));
  return outcome_of(options.count, watch, sum, sum_below(options.count));
}

Outcome run_skynet_actors(const Options& options) {
  us::System system({.workers = options.workers});
  const us::Address<CollectorMessage> result = system.spawn("result", collector, {}, std::uint64_t{1});
  const Stopwatch watch;
  system.spawn("tree", actor_tree, {}, options.count, result);
  const us::Result<std::int64_t> sum = us::wait(system, result.ask<Total>());
  return outcome_of(options.count, watch, sum, sum_below(options.count));
}

}  // namespace bench
