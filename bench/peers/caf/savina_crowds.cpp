// Savina's chameneos, big and concurrent dictionary.
#include "workload.hpp"

namespace bench {
namespace {

using caf::actor;
using caf::behavior;
using caf::stateful_actor;
using arrive_atom = caf::atom_constant<caf::atom("arrive")>;
using meet_atom = caf::atom_constant<caf::atom("meet")>;
using change_atom = caf::atom_constant<caf::atom("change")>;
using fade_atom = caf::atom_constant<caf::atom("fade")>;
using ping_atom = caf::atom_constant<caf::atom("ping")>;
using pong_atom = caf::atom_constant<caf::atom("pong")>;
using read_atom = caf::atom_constant<caf::atom("read")>;
using write_atom = caf::atom_constant<caf::atom("write")>;
using Place = std::uint32_t;
using Colour = std::uint32_t;

struct World {
  actor mall;
  std::vector<actor> creatures;
  actor result;
};

Colour complement(Colour a, Colour b) { return a == b ? a : 3 - a - b; }

struct Mall {
  std::uint64_t meetings = 0;
  std::int64_t waiting = -1;
};

behavior mall(stateful_actor<Mall>* self, std::uint64_t meetings, const World* world) {
  self->state.meetings = meetings;
  return {[=](arrive_atom, Place creature, Colour colour) {
    Mall& state = self->state;
    if (state.meetings == 0) {
      self->send(world->creatures[creature], fade_atom::value);
    } else if (state.waiting < 0) {
      state.waiting = creature;
    } else {
      --state.meetings;
      const actor& partner = world->creatures[static_cast<std::size_t>(state.waiting)];
      state.waiting = -1;
      self->send(partner, meet_atom::value, creature, colour);
    }
  }};
}

struct Creature {
  Colour colour = 0;
  std::int64_t meetings = 0;
};

behavior creature(stateful_actor<Creature>* self, Place own, const World* world) {
  self->state.colour = own % 3;
  return {[=](meet_atom, Place partner, Colour colour) {
            Creature& state = self->state;
            state.colour = complement(state.colour, colour);
            self->send(world->creatures[partner], change_atom::value, state.colour);
            ++state.meetings;
            self->send(world->mall, arrive_atom::value, own, state.colour);
          },
          [=](change_atom, Colour colour) {
            self->state.colour = colour;
            ++self->state.meetings;
            self->send(world->mall, arrive_atom::value, own, colour);
          },
          [=](fade_atom) {
            self->send(world->result, done_atom::value, self->state.meetings);
            self->quit();
          }};
}

struct Crowd {
  std::vector<actor> members;
  actor result;
};
struct Member {
  Numbers numbers;
  std::uint64_t sent = 0;
};

behavior member(stateful_actor<Member>* self, Place own, std::uint64_t pings, const Crowd* crowd) {
  self->state.numbers = Numbers(own);
  return {[=](ping_atom, Place from) { self->send(crowd->members[from], pong_atom::value); },
          [=](pong_atom) {
            Member& state = self->state;
            if (state.sent == pings) {
              self->send(crowd->result, done_atom::value, static_cast<std::int64_t>(pings));
              return;
            }
            ++state.sent;
            self->send(crowd->members[state.numbers.next() % crowd->members.size()], ping_atom::value, own);
          }};
}

constexpr std::uint64_t keys = 524'288;
constexpr std::uint64_t write_percentage = 10;

struct Dictionary {
  std::vector<std::int64_t> values;
};

behavior dictionary(stateful_actor<Dictionary>* self) {
  for (std::uint64_t key = 0; key < keys; ++key) self->state.values.push_back(static_cast<std::int64_t>(key));
  return {[self](read_atom, std::uint64_t key) { return self->state.values[key]; },
          [self](write_atom, std::uint64_t key, std::int64_t value) { return self->state.values[key] = value; }};
}

struct Worker {
  Numbers numbers;
  std::uint64_t asked = 0;
  std::int64_t answered = 0;
};

void ask_next(stateful_actor<Worker>* self, const actor& target, std::uint64_t requests, const actor& result) {
  Worker& state = self->state;
  if (state.asked == requests) {
    self->send(result, done_atom::value, state.answered);
    self->quit();
    return;
  }
  const auto value = static_cast<std::int64_t>(state.asked++);
  const bool write = state.numbers.next() % 100 < write_percentage;
  const std::uint64_t key = state.numbers.next() % keys;
  const auto next = [=](std::int64_t answer) {
    if (!write || answer == value) ++self->state.answered;
    ask_next(self, target, requests, result);
  };
  if (write) {
    self->request(target, caf::infinite, write_atom::value, key, value).await(next);
  } else {
    self->request(target, caf::infinite, read_atom::value, key).await(next);
  }
}

behavior worker(stateful_actor<Worker>* self, std::uint64_t place, actor target, std::uint64_t requests, actor result) {
  self->state.numbers = Numbers(place);
  return {[=](go_atom) { ask_next(self, target, requests, result); }};
}

}  // namespace

Outcome run_chameneos(caf::actor_system& system, const Options& options) {
  caf::scoped_actor self{system};
  World world;
  world.result = system.spawn(collector, options.size, actor{self});
  world.mall = system.spawn(mall, options.count, &world);
  for (Place i = 0; i < options.size; ++i) world.creatures.push_back(system.spawn(creature, i, &world));
  const Stopwatch watch;
  for (Place i = 0; i < options.size; ++i) caf::anon_send(world.mall, arrive_atom::value, i, Colour{i % 3});
  const std::int64_t met = await_done(self);
  Outcome outcome = outcome_of(options.count, watch, met, static_cast<std::int64_t>(options.count * 2));
  end(self, {world.mall});
  return outcome;
}

Outcome run_big(caf::actor_system& system, const Options& options) {
  caf::scoped_actor self{system};
  Crowd crowd;
  crowd.result = system.spawn(collector, options.size, actor{self});
  for (Place i = 0; i < options.size; ++i) {
    crowd.members.push_back(system.spawn(member, i, options.count, &crowd));
  }
  const Stopwatch watch;
  for (const actor& each : crowd.members) caf::anon_send(each, pong_atom::value);
  const std::int64_t pings = await_done(self);
  const std::uint64_t all = options.count * options.size;
  Outcome outcome = outcome_of(all, watch, pings, static_cast<std::int64_t>(all));
  end(self, crowd.members);
  return outcome;
}

Outcome run_dictionary(caf::actor_system& system, const Options& options) {
  caf::scoped_actor self{system};
  const actor target = system.spawn(dictionary);
  const actor result = system.spawn(collector, options.size, actor{self});
  const Stopwatch watch;
  for (std::uint64_t i = 0; i < options.size; ++i) {
    caf::anon_send(system.spawn(worker, i, target, options.count, result), go_atom::value);
  }
  const std::int64_t sum = await_done(self);
  const std::uint64_t all = options.count * options.size;
  Outcome outcome = outcome_of(all, watch, sum, static_cast<std::int64_t>(all));
  end_all({target});
  return outcome;
}

}  // namespace bench
