// How long single asks take while others keep the workers busy, while the target's mailbox is full, and beside an actor
// that is flooded.
#include "workloads.hpp"

#include <algorithm>
#include <atomic>

namespace bench {
namespace {

constexpr std::uint32_t spin_rounds = 2'000;  // About two microseconds.

using Nanoseconds = std::vector<std::int64_t>;

std::int64_t now_ns() { return std::chrono::steady_clock::now().time_since_epoch().count(); }

us::Task<> counter(us::Mailbox<Add>& inbox) {
  std::int64_t total = 0;
  while (auto add = co_await inbox.receive()) {
    total += add->value;
    add->reply(total);
  }
}

/// With `let_others_run`, all that is ready has its turn before each ask.
us::Task<> measure(us::Address<Add> target, std::uint64_t count, bool let_others_run, Nanoseconds& samples) {
  for (std::uint64_t i = 0; i < count; ++i) {
    if (let_others_run) co_await us::yield();
    const std::int64_t begin = now_ns();
    const us::Result<std::int64_t> answer = co_await target.ask<Add>(1);
    if (answer) samples.push_back(now_ns() - begin);
  }
}

Outcome outcome_of_samples(std::uint64_t count, const Stopwatch& watch, Nanoseconds& samples) {
  std::ranges::sort(samples);
  const auto percentile = [&samples](double share) {
    if (samples.empty()) return 0.0;
    return static_cast<double>(samples[static_cast<std::size_t>(static_cast<double>(samples.size() - 1) * share)]) /
           1000;
  };
  Outcome outcome =
      outcome_of(count, watch, static_cast<std::int64_t>(samples.size()), static_cast<std::int64_t>(count));
  outcome.figures = {{"p50_us", percentile(0.5)}, {"p99_us", percentile(0.99)}, {"p999_us", percentile(0.999)}};
  return outcome;
}

struct Spin {
  std::uint64_t seed;
};

/// Works a little, and sends itself the next piece of work, until told to end.
us::Task<> busy(us::Mailbox<Spin>& inbox, const std::atomic<bool>* end) {
  const us::Address<Spin> self = inbox.address();
  while (auto spin = co_await inbox.receive()) {
    if (end->load(std::memory_order_relaxed)) break;
    Numbers numbers(spin->seed);
    std::uint64_t value = 0;
    for (std::uint32_t i = 0; i < spin_rounds; ++i) value += numbers.next();
    static_cast<void>(self.try_tell(Spin{value}));
  }
}

/// Tells `target` for as long as it may; waits whenever the mailbox is full.
us::Task<> flood(us::Address<Add> target, const std::atomic<bool>& end) {
  while (!end.load(std::memory_order_relaxed)) {
    Add add{.value = 0, .reply = {}};
    static_cast<void>(co_await target.tell(std::move(add)));
  }
}

/// Asks `target`, while `senders` flood `flooded`.
us::Task<> measure_flooded(us::System& system, us::Address<Add> flooded, us::Address<Add> target,
                           const Options& options, Nanoseconds& samples) {
  std::atomic<bool> end = false;
  us::TaskGroup group(system);
  for (std::uint64_t i = 0; i < options.size; ++i) group.spawn(flood(flooded, end));
  co_await measure(target, options.count, true, samples);
  end.store(true, std::memory_order_relaxed);
  co_await group.join();
}

}  // namespace

Outcome run_latency_load(const Options& options) {
  std::atomic<bool> end = false;
  Nanoseconds samples;
  samples.reserve(options.count);
  us::System system({.workers = options.workers});
  const us::Address<Add> target = system.spawn("counter", counter);
  for (std::uint64_t i = 0; i < options.size; ++i) {
    static_cast<void>(system.spawn("busy", busy, {}, &end).try_tell(Spin{i}));
  }
  const Stopwatch watch;
  static_cast<void>(us::wait(system, measure(target, options.count, false, samples)));
  end.store(true, std::memory_order_relaxed);
  return outcome_of_samples(options.count, watch, samples);
}

Outcome run_latency_full(const Options& options) {
  Nanoseconds samples;
  samples.reserve(options.count);
  us::System system({.workers = options.workers});
  const us::Address<Add> target = system.spawn("counter", counter, {.capacity = 100});
  const Stopwatch watch;
  static_cast<void>(us::wait(system, measure_flooded(system, target, target, options, samples)));
  return outcome_of_samples(options.count, watch, samples);
}

Outcome run_fairness(const Options& options) {
  Nanoseconds samples;
  samples.reserve(options.count);
  us::System system({.workers = options.workers});
  const us::Address<Add> flooded = system.spawn("flooded", counter, {.capacity = 100});
  const us::Address<Add> neighbour = system.spawn("neighbour", counter);
  const Stopwatch watch;
  static_cast<void>(us::wait(system, measure_flooded(system, flooded, neighbour, options, samples)));
  return outcome_of_samples(options.count, watch, samples);
}

}  // namespace bench
