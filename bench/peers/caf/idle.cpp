// Many actors that wait: memory and processor time of them, and the time of a message while they are there.
#include "workload.hpp"

#include <fstream>
#include <memory>

#include <sys/resource.h>
#include <unistd.h>

namespace bench {
namespace {

using Actors = std::shared_ptr<std::vector<caf::actor>>;

struct Asking {
  std::uint64_t asked = 0;
  std::size_t place = 0;
  std::int64_t answered = 0;
};

/// Asks `count` times 1, of actors that are `stride` apart.
void ask_next(caf::stateful_actor<Asking>* self, const Actors& actors, std::uint64_t count, std::size_t stride,
              const caf::actor& asker) {
  if (self->state.asked == count) {
    self->send(asker, done_atom::value, self->state.answered);
    self->quit();
    return;
  }
  ++self->state.asked;
  const caf::actor& target = (*actors)[self->state.place];
  self->state.place = (self->state.place + stride) % actors->size();
  self->request(target, caf::infinite, add_atom::value, std::int64_t{1}).await([=](std::int64_t) {
    ++self->state.answered;
    ask_next(self, actors, count, stride, asker);
  });
}

caf::behavior ask_spread(caf::stateful_actor<Asking>* self, Actors actors, std::uint64_t count, std::size_t stride,
                         caf::actor asker) {
  return {[=](go_atom) { ask_next(self, actors, count, stride, asker); }};
}

std::int64_t ask(caf::actor_system& system, const Actors& actors, std::uint64_t count, std::size_t stride) {
  caf::scoped_actor self{system};
  caf::anon_send(system.spawn(ask_spread, actors, count, stride, caf::actor{self}), go_atom::value);
  return await_done(self);
}

Actors spawn_all(caf::actor_system& system, std::uint64_t count) {
  Actors actors = std::make_shared<std::vector<caf::actor>>();
  actors->reserve(count);
  for (std::uint64_t i = 0; i < count; ++i) actors->push_back(system.spawn(counter));
  return actors;
}

double resident_bytes() {
  double pages = 0;
  std::ifstream("/proc/self/statm") >> pages >> pages;
  return pages * static_cast<double>(::sysconf(_SC_PAGESIZE));
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

Outcome run_idle_memory(caf::actor_system& system, const Options& options) {
  const double before = resident_bytes();
  const Stopwatch watch;
  const Actors actors = spawn_all(system, options.size);
  const std::int64_t answered = ask(system, actors, options.size, 1);
  Outcome outcome = outcome_of(options.size, watch, answered, static_cast<std::int64_t>(options.size));
  outcome.figures = {{"bytes_per_actor", (resident_bytes() - before) / static_cast<double>(options.size)}};
  return outcome;
}

Outcome run_idle_cpu(caf::actor_system& system, const Options& options) {
  const Actors actors = spawn_all(system, options.size);
  const std::int64_t answered = ask(system, actors, options.size, 1);
  const Stopwatch watch;
  const double before = processor_seconds();
  ::usleep(static_cast<useconds_t>(options.count) * 1000);
  const double used = processor_seconds() - before;
  Outcome outcome = outcome_of(options.count, watch, answered, static_cast<std::int64_t>(options.size));
  outcome.figures = {{"cpu_ms", used * 1000}};
  return outcome;
}

Outcome run_growth(caf::actor_system& system, const Options& options) {
  const Actors actors = spawn_all(system, options.size);
  const std::int64_t begun = ask(system, actors, options.size, 1);
  const Stopwatch watch;
  const std::int64_t answered = ask(system, actors, options.count, 7919);
  return outcome_of(options.count, watch, begun + answered, static_cast<std::int64_t>(options.count + options.size));
}

}  // namespace bench
