// Many actors that wait: what one of them costs in memory, what all of them cost in processor time, and what a message
// costs when many are there. Each has been asked once, so that every one of them has begun to run.
#include "workloads.hpp"

#include <fstream>

#include <sys/resource.h>
#include <unistd.h>

namespace bench {
namespace {

using Actors = std::vector<us::Address<Add>>;

us::Task<> counter(us::Mailbox<Add>& inbox) {
  std::int64_t total = 0;
  while (auto add = co_await inbox.receive()) {
    total += add->value;
    add->reply(total);
  }
}

/// The sum of the answers to one ask of 1 to each of `actors`.
us::Task<std::int64_t> ask_each(const Actors& actors) {
  std::int64_t sum = 0;
  for (const us::Address<Add>& actor : actors) {
    const us::Result<std::int64_t> answer = co_await actor.ask<Add>(1);
    sum += value_or_wrong(answer);
  }
  co_return sum;
}

/// Asks 1 of actors of which each next one is far from the last.
us::Task<std::int64_t> ask_spread(const Actors& actors, std::uint64_t count) {
  std::int64_t answered = 0;
  std::uint64_t place = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    const us::Result<std::int64_t> answer = co_await actors[place].ask<Add>(1);
    if (answer) ++answered;
    place = (place + 7919) % actors.size();
  }
  co_return answered;
}

Actors spawn_all(us::System& system, std::uint64_t count) {
  Actors actors;
  actors.reserve(count);
  for (std::uint64_t i = 0; i < count; ++i) actors.push_back(system.spawn("idle", counter));
  return actors;
}

/// A system that ends with the process: with so many actors in it, its own end is a workload by itself (run_shutdown).
us::System& lasting_system(const Options& options) { return *new us::System({.workers = options.workers}); }

std::uint64_t resident_bytes() {
  std::uint64_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages >> pages;
  return pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

double processor_seconds() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

}  // namespace

Outcome run_idle_memory(const Options& options) {
  us::System& system = lasting_system(options);
  const std::uint64_t before = resident_bytes();
  const Stopwatch watch;
  const Actors actors = spawn_all(system, options.size);
  const us::Result<std::int64_t> sum = us::wait(system, ask_each(actors));
  Outcome outcome = outcome_of(options.size, watch, sum, static_cast<std::int64_t>(options.size));
  const auto bytes = static_cast<double>(resident_bytes() - before) / static_cast<double>(options.size);
  outcome.figures = {{"bytes_per_actor", bytes}};
  return outcome;
}

Outcome run_idle_cpu(const Options& options) {
  us::System& system = lasting_system(options);
  const Actors actors = spawn_all(system, options.size);
  const us::Result<std::int64_t> sum = us::wait(system, ask_each(actors));
  const Stopwatch watch;
  const double before = processor_seconds();
  ::usleep(static_cast<useconds_t>(options.count) * 1000);
  const double used = processor_seconds() - before;
  Outcome outcome = outcome_of(options.count, watch, sum, static_cast<std::int64_t>(options.size));
  outcome.figures = {{"cpu_ms", used * 1000}};
  return outcome;
}

Outcome run_growth(const Options& options) {
  us::System& system = lasting_system(options);
  const Actors actors = spawn_all(system, options.size);
  const us::Result<std::int64_t> begun = us::wait(system, ask_each(actors));
  const Stopwatch watch;
  const us::Result<std::int64_t> answered = us::wait(system, ask_spread(actors, options.count));
  Outcome outcome = outcome_of(options.count, watch, answered, static_cast<std::int64_t>(options.count + options.size));
  outcome.check += value_or_wrong(begun);
  return outcome;
}

Outcome run_shutdown(const Options& options) {
  us::System system({.workers = options.workers});
  const Actors actors = spawn_all(system, options.size);
  const us::Result<std::int64_t> sum = us::wait(system, ask_each(actors));
  const Stopwatch watch;
  system.shutdown(std::chrono::minutes(10));
  return outcome_of(options.size, watch, sum, static_cast<std::int64_t>(options.size));
}

}  // namespace bench
