// How long single asks take while the workers are busy. The workers' budget (max-throughput) is set in main.cpp:
// without one, an actor that sends to itself never lets another run.
#include "workload.hpp"

#include <algorithm>
#include <atomic>
#include <memory>

namespace bench {
namespace {

constexpr std::uint32_t spin_rounds = 2'000;

using Nanoseconds = std::shared_ptr<std::vector<std::int64_t>>;
using Flag = std::shared_ptr<std::atomic<bool>>;

std::int64_t now_ns() { return std::chrono::steady_clock::now().time_since_epoch().count(); }

void ask_next(caf::event_based_actor* self, const caf::actor& target, std::uint64_t left, const Nanoseconds& samples,
              const caf::actor& asker) {
  if (left == 0) {
    self->send(asker, done_atom::value, static_cast<std::int64_t>(samples->size()));
    self->quit();
    return;
  }
  const std::int64_t begin = now_ns();
  self->request(target, caf::infinite, add_atom::value, std::int64_t{1}).await([=](std::int64_t) {
    samples->push_back(now_ns() - begin);
    ask_next(self, target, left - 1, samples, asker);
  });
}

caf::behavior measure(caf::event_based_actor* self, caf::actor target, std::uint64_t count, Nanoseconds samples,
                      caf::actor asker) {
  return {[=](go_atom) { ask_next(self, target, count, samples, asker); }};
}

caf::behavior busy(caf::event_based_actor* self, Flag end) {
  return {[self, end](go_atom, std::uint64_t seed) {
    if (end->load(std::memory_order_relaxed)) {
      self->quit();
      return;
    }
    Numbers numbers(seed);
    std::uint64_t value = 0;
    for (std::uint32_t i = 0; i < spin_rounds; ++i) value += numbers.next();
    self->send(self, go_atom::value, value);
  }};
}

}  // namespace

Outcome run_latency_load(caf::actor_system& system, const Options& options) {
  const Nanoseconds samples = std::make_shared<std::vector<std::int64_t>>();
  samples->reserve(options.count);
  const Flag end = std::make_shared<std::atomic<bool>>(false);
  caf::scoped_actor self{system};
  const caf::actor target = system.spawn(counter);
  for (std::uint64_t i = 0; i < options.size; ++i) caf::anon_send(system.spawn(busy, end), go_atom::value, i);
  const Stopwatch watch;
  caf::anon_send(system.spawn(measure, target, options.count, samples, caf::actor{self}), go_atom::value);
  const std::int64_t measured = await_done(self);
  Outcome outcome = outcome_of(options.count, watch, measured, static_cast<std::int64_t>(options.count));
  end->store(true, std::memory_order_relaxed);
  end_all({target});
  std::sort(samples->begin(), samples->end());
  const auto percentile = [&samples](double share) {
    return static_cast<double>((*samples)[static_cast<std::size_t>(static_cast<double>(samples->size() - 1) * share)]) /
           1000;
  };
  outcome.figures = {{"p50_us", percentile(0.5)}, {"p99_us", percentile(0.99)}, {"p999_us", percentile(0.999)}};
  return outcome;
}

}  // namespace bench
