// Asks in a loop, tells in a stream, actors that live for one message, and the chapter's experiment.
#include "workload.hpp"

namespace bench {
namespace {

using caf::actor;
using caf::behavior;
using caf::event_based_actor;
using caf::infinite;
using caf::stateful_actor;

struct Asking {
  std::uint64_t asked = 0;
  std::int64_t last = 0;
};

void ask_next(stateful_actor<Asking>* self, const actor& target, std::uint64_t count, const actor& asker) {
  if (self->state.asked == count) {
    self->send(asker, done_atom::value, self->state.last);
    self->quit();
    return;
  }
  const auto value = static_cast<std::int64_t>(self->state.asked++);
  self->request(target, infinite, add_atom::value, value).await([=](std::int64_t total) {
    self->state.last = total;
    ask_next(self, target, count, asker);
  });
}

behavior ask_all(stateful_actor<Asking>* self, actor target, std::uint64_t count, actor asker) {
  return {[=](go_atom) { ask_next(self, target, count, asker); }};
}

behavior sink(stateful_actor<Total>* self) {
  return {[self](done_atom, std::int64_t value) { self->state.value += value; },
          [self](total_atom) { return self->state.value; }};
}

void send_all(event_based_actor* self, const actor& target, std::uint64_t count, const actor& result) {
  for (std::uint64_t i = 0; i < count; ++i) self->send(target, done_atom::value, static_cast<std::int64_t>(i));
  self->send(result, done_atom::value, std::int64_t{1});
}

behavior once(event_based_actor* self) {
  return {[self](add_atom, std::int64_t value) {
    self->quit();
    return value;
  }};
}

void spawn_next(stateful_actor<Asking>* self, std::uint64_t count, const actor& asker) {
  if (self->state.asked == count) {
    self->send(asker, done_atom::value, self->state.last);
    self->quit();
    return;
  }
  const auto value = static_cast<std::int64_t>(self->state.asked++);
  const actor child = self->spawn(once);
  self->request(child, infinite, add_atom::value, value).await([=](std::int64_t answer) {
    self->state.last += answer;
    spawn_next(self, count, asker);
  });
}

behavior spawn_all(stateful_actor<Asking>* self, std::uint64_t count, actor asker) {
  return {[=](go_atom) { spawn_next(self, count, asker); }};
}

void add_once(event_based_actor* self, const actor& target, std::int64_t value, const actor& result) {
  self->request(target, infinite, add_atom::value, value).await([=](std::int64_t) {
    self->send(result, done_atom::value, std::int64_t{1});
  });
}

}  // namespace

Outcome run_ask(caf::actor_system& system, const Options& options) {
  caf::scoped_actor self{system};
  const actor target = system.spawn(counter);
  const actor driver = system.spawn(ask_all, target, options.count, actor{self});
  const Stopwatch watch;
  caf::anon_send(driver, go_atom::value);
  const std::int64_t last = await_done(self);
  Outcome outcome = outcome_of(options.count, watch, last, sum_below(options.count));
  end_all({target});
  return outcome;
}

Outcome run_tell(caf::actor_system& system, const Options& options) {
  caf::scoped_actor self{system};
  const std::uint64_t each = options.count / options.size;
  const actor target = system.spawn(sink);
  const actor result = system.spawn(collector, options.size, actor{self});
  const Stopwatch watch;
  for (std::uint64_t i = 0; i < options.size; ++i) system.spawn(send_all, target, each, result);
  await_done(self);
  std::int64_t sum = -1;
  self->request(target, infinite, total_atom::value)
      .receive([&sum](std::int64_t value) { sum = value; }, [](const caf::error&) {});
  Outcome outcome =
      outcome_of(each * options.size, watch, sum, static_cast<std::int64_t>(options.size) * sum_below(each));
  end_all({target});
  return outcome;
}

Outcome run_spawn(caf::actor_system& system, const Options& options) {
  caf::scoped_actor self{system};
  const actor driver = system.spawn(spawn_all, options.count, actor{self});
  const Stopwatch watch;
  caf::anon_send(driver, go_atom::value);
  const std::int64_t sum = await_done(self);
  return outcome_of(options.count, watch, sum, sum_below(options.count));
}

/// `count` actors, all spawned at once, each making one request to one counter.
Outcome run_chapter(caf::actor_system& system, const Options& options) {
  caf::scoped_actor self{system};
  const actor target = system.spawn(counter);
  const actor result = system.spawn(collector, options.count, actor{self});
  const Stopwatch watch;
  for (std::uint64_t i = 0; i < options.count; ++i) {
    system.spawn(add_once, target, static_cast<std::int64_t>(i), result);
  }
  await_done(self);
  const double seconds = watch.seconds();
  std::int64_t total = -1;
  self->request(target, infinite, add_atom::value, std::int64_t{0})
      .receive([&total](std::int64_t value) { total = value; }, [](const caf::error&) {});
  Outcome outcome = outcome_of(options.count, watch, total, sum_below(options.count));
  outcome.seconds = seconds;
  end_all({target});
  return outcome;
}

}  // namespace bench
