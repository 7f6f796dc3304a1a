// Savina's bounded buffer and dining philosophers.
#include "workload.hpp"

#include <cmath>
#include <deque>

namespace bench {
namespace {

using caf::actor;
using caf::behavior;
using caf::stateful_actor;
using produce_atom = caf::atom_constant<caf::atom("produce")>;
using item_atom = caf::atom_constant<caf::atom("item")>;
using made_atom = caf::atom_constant<caf::atom("made")>;
using free_atom = caf::atom_constant<caf::atom("free")>;
using finished_atom = caf::atom_constant<caf::atom("finished")>;
using hungry_atom = caf::atom_constant<caf::atom("hungry")>;
using sated_atom = caf::atom_constant<caf::atom("sated")>;
using begin_atom = caf::atom_constant<caf::atom("begin")>;
using eat_atom = caf::atom_constant<caf::atom("eat")>;
using denied_atom = caf::atom_constant<caf::atom("denied")>;

constexpr std::uint64_t buffer_size = 50;
constexpr std::uint32_t cost = 25;

struct Market {
  actor manager;
  std::vector<actor> producers;
  std::vector<actor> consumers;
  actor result;
};

double process(double value) {
  Numbers numbers(cost);
  for (std::uint32_t i = 0; i < cost * 100; ++i) {
    value += std::log(static_cast<double>(numbers.next()) / 2'147'483'648.0 + 0.01);
  }
  return value;
}

struct Last {
  double value = 0;
  std::uint64_t made = 0;
};

behavior producer(stateful_actor<Last>* self, std::uint32_t own, std::uint64_t items, const Market* market) {
  return {[=](produce_atom) {
    Last& state = self->state;
    if (state.made == items) {
      self->send(market->manager, finished_atom::value);
      self->quit();
      return;
    }
    ++state.made;
    state.value = process(state.value);
    self->send(market->manager, made_atom::value, own, state.value);
  }};
}

behavior consumer(stateful_actor<Last>* self, std::uint32_t own, const Market* market) {
  return {[=](item_atom, double value) {
    self->state.value = process(self->state.value + value);
    self->send(market->manager, free_atom::value, own);
  }};
}

struct Books {
  std::deque<std::uint32_t> idle_consumers;
  std::deque<std::uint32_t> held_producers;
  std::deque<double> items;
  std::uint64_t finished = 0;
  std::int64_t handed_out = 0;
};

void settle(stateful_actor<Books>* self, const Market* market) {
  Books& books = self->state;
  const std::uint64_t parties = market->producers.size();
  const std::uint64_t room = buffer_size > parties ? buffer_size - parties : 1;
  if (!books.items.empty() && !books.idle_consumers.empty()) {
    self->send(market->consumers[books.idle_consumers.front()], item_atom::value, books.items.front());
    books.idle_consumers.pop_front();
    books.items.pop_front();
    ++books.handed_out;
  }
  if (books.items.size() < room && !books.held_producers.empty()) {
    self->send(market->producers[books.held_producers.front()], produce_atom::value);
    books.held_producers.pop_front();
  }
  if (books.finished == parties && books.idle_consumers.size() == parties) {
    self->send(market->result, done_atom::value, books.handed_out);
  }
}

behavior manager(stateful_actor<Books>* self, const Market* market) {
  for (std::uint32_t i = 0; i < market->producers.size(); ++i) self->state.idle_consumers.push_back(i);
  for (const actor& each : market->producers) self->send(each, produce_atom::value);
  return {[=](made_atom, std::uint32_t producer, double value) {
            self->state.items.push_back(value);
            self->state.held_producers.push_back(producer);
            settle(self, market);
          },
          [=](free_atom, std::uint32_t consumer) {
            self->state.idle_consumers.push_back(consumer);
            settle(self, market);
          },
          [=](finished_atom) {
            ++self->state.finished;
            settle(self, market);
          },
          [](begin_atom) {}};
}

struct Table {
  actor arbitrator;
  std::vector<actor> philosophers;
  actor result;
};
struct Forks {
  std::vector<bool> taken;
};

behavior arbitrator(stateful_actor<Forks>* self, std::uint64_t seats, const Table* table) {
  self->state.taken.resize(seats);
  return {
      [=](hungry_atom, std::uint32_t left) {
        std::vector<bool>& taken = self->state.taken;
        const std::uint64_t right = (left + 1) % seats;
        if (taken[left] || taken[right]) {
          self->send(table->philosophers[left], denied_atom::value);
        } else {
          taken[left] = taken[right] = true;
          self->send(table->philosophers[left], eat_atom::value);
        }
      },
      [=](sated_atom, std::uint32_t left) { self->state.taken[left] = self->state.taken[(left + 1) % seats] = false; }};
}

struct Eaten {
  std::uint64_t meals = 0;
};

behavior philosopher(stateful_actor<Eaten>* self, std::uint32_t own, std::uint64_t meals, const Table* table) {
  return {[=](begin_atom) { self->send(table->arbitrator, hungry_atom::value, own); },
          [=](denied_atom) { self->send(table->arbitrator, hungry_atom::value, own); },
          [=](eat_atom) {
            self->send(table->arbitrator, sated_atom::value, own);
            if (++self->state.meals < meals) {
              self->send(self, begin_atom::value);
              return;
            }
            self->send(table->result, done_atom::value, static_cast<std::int64_t>(meals));
            self->quit();
          }};
}

}  // namespace

Outcome run_bounded_buffer(caf::actor_system& system, const Options& options) {
  caf::scoped_actor self{system};
  Market market;
  market.result = system.spawn(collector, std::uint64_t{1}, actor{self});
  for (std::uint32_t i = 0; i < options.size; ++i) {
    market.producers.push_back(system.spawn(producer, i, options.count, &market));
    market.consumers.push_back(system.spawn(consumer, i, &market));
  }
  const Stopwatch watch;
  // Started by its first message, when `market.manager` is known to those that it will send to.
  market.manager = system.spawn<caf::lazy_init>(manager, &market);
  caf::anon_send(market.manager, begin_atom::value);
  const std::int64_t items = await_done(self);
  const std::uint64_t all = options.count * options.size;
  Outcome outcome = outcome_of(all, watch, items, static_cast<std::int64_t>(all));
  end(self, market.consumers);
  end(self, {market.manager});
  return outcome;
}

Outcome run_philosophers(caf::actor_system& system, const Options& options) {
  caf::scoped_actor self{system};
  Table table;
  table.result = system.spawn(collector, options.size, actor{self});
  table.arbitrator = system.spawn(arbitrator, options.size, &table);
  for (std::uint32_t i = 0; i < options.size; ++i) {
    table.philosophers.push_back(system.spawn(philosopher, i, options.count, &table));
  }
  const Stopwatch watch;
  for (const actor& each : table.philosophers) caf::anon_send(each, begin_atom::value);
  const std::int64_t meals = await_done(self);
  const std::uint64_t all = options.count * options.size;
  Outcome outcome = outcome_of(all, watch, meals, static_cast<std::int64_t>(all));
  end(self, {table.arbitrator});
  return outcome;
}

}  // namespace bench
