#include "simulation/scenarios/store_under_crashes.hpp"

#include "simulation/checkers/store_model.hpp"
#include "simulation/scenarios/disk_troubles.hpp"
#include "simulation/scenarios/life.hpp"
#include "understudy/runtime/sleep.hpp"
#include "understudy/runtime/task_group.hpp"
#include "understudy/runtime/wait.hpp"
#include "understudy/simulation/simulated_storage.hpp"
#include "understudy/simulation/simulated_system.hpp"
#include "understudy/store/store.hpp"
#include "understudy/supervision/supervisor.hpp"

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <vector>

#include <fmt/format.h>

namespace us = understudy;

namespace simulation {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

std::string key_name(std::size_t key) { return fmt::format("key-{}", key); }
std::uint32_t value_of(std::optional<us::BytesView> value) { return value ? std::stoul(std::string(*value)) : 0; }

/// All that the scenario's coroutines share. One seed, one object.
struct World {
  explicit World(std::uint64_t seed)
      : random(seed), disk(seed), troubles(draw_troubles(random)), rots(random.chance(10)) {
    if (rots) troubles.clear();
  }

  us::SeededRandom random;
  us::SimulatedDisk disk;
  Limits limits;
  std::vector<Trouble> troubles;
  bool rots;  // Flushed data gets lost or spoilt, and nobody is told: whoever reads it must find out.
  StoreModel model;
  std::uint32_t next_value = 1;
  std::vector<std::size_t> written{model_keys};  // For each value: the key that it was meant for; none: all.
  std::uint64_t power = 0;  // Counts power losses: what was begun in an earlier life is not observed any more.
  Outcome outcome;
  us::Durability durability = us::Durability::always;

  void fail(std::string what) {
    if (outcome.failure.empty())
      outcome.failure = std::move(what) + "\nthe store may be in one of:\n" + model.describe();
  }
};

Operation draw_operation(World& world) {
  const std::uint64_t draw = world.random.below(10);
  Operation operation;
  operation.key = world.random.below(model_keys);
  operation.kind = draw < 4   ? Operation::Kind::set
                   : draw < 7 ? Operation::Kind::get
                   : draw < 8 ? Operation::Kind::erase
                   : draw < 9 ? Operation::Kind::set_all
                              : Operation::Kind::get_all;
  if (operation.kind == Operation::Kind::set || operation.kind == Operation::Kind::set_all) {
    operation.value = world.next_value++;
    world.written.push_back(operation.kind == Operation::Kind::set ? operation.key : model_keys);
  }
  return operation;
}

/// Runs an operation over the store's public interface: through the router, or directly. Fills `answer`.
constexpr std::size_t open_max = 3;

us::Task<us::Result<void>> perform(us::store::Store& store, Operation operation, bool directly, Answer& answer) {
  const std::string key = key_name(operation.key);
  const us::Address<us::store::KeyValueMessage> key_value = store.key_value();
  switch (operation.kind) {
    case Operation::Kind::set: {
      if (directly) co_return co_await key_value.ask<us::store::Set>(key, std::to_string(operation.value));
      co_return co_await store.set(key, std::to_string(operation.value));
    }
    case Operation::Kind::get: {
      us::Result<std::optional<us::Bytes>> got;
      if (directly) {
        got = co_await key_value.ask<us::store::Get>(key);
      } else {
        got = co_await store.get(key);
      }
      if (!got) co_return std::unexpected(got.error());
      answer.seen[operation.key] = value_of(*got);
      co_return us::Result<void>{};
    }
    case Operation::Kind::erase: {
      const us::Result<bool> erased = co_await store.erase(key);
      if (!erased) co_return std::unexpected(erased.error());
      answer.was_there = *erased;
      co_return us::Result<void>{};
    }
    case Operation::Kind::set_all:
    case Operation::Kind::get_all:
      break;
  }
  // Owned by the operation too: it may run when this coroutine is gone.
  auto seen = std::make_shared<State>();
  auto operate = [operation, seen](us::store::Transaction& transaction) {
    for (std::size_t i = 0; i < model_keys; ++i) {
      if (operation.kind == Operation::Kind::set_all) {
        transaction.set(key_name(i), std::to_string(operation.value));
      } else {
        (*seen)[i] = value_of(transaction.get(key_name(i)));
      }
    }
  };
  us::store::Operation function = std::move(operate);
  us::Result<void> done = co_await store.operate(std::move(function));
  answer.seen = *seen;
  co_return done;
}

us::Task<> client(World& world, us::store::Store& store, std::uint64_t power, std::uint64_t operations) {
  for (std::uint64_t i = 0; i < operations; ++i) {
    co_await us::sleep(microseconds(world.random.below(3000)));
    if (world.power != power) co_return;
    Operation operation = draw_operation(world);
    // While nothing succeeds, writes of which nobody knows whether they happened add up, and all that can have become
    // of them is checked: then read, until something does.
    if (world.model.left_open() >= open_max) operation.kind = Operation::Kind::get;
    const std::size_t number = world.model.begin(operation);
    Answer answer;
    const us::Result<void> done = co_await perform(store, operation, world.random.chance(40), answer);
    if (world.power != power) co_return;
    if (done) {
      ++world.outcome.answered;
      if (!world.model.end(number, answer)) {
        world.fail(fmt::format("operation {} (kind {}, key {}, value {}) was answered with {} (was there: {})", number,
                               static_cast<int>(operation.kind), operation.key, operation.value,
                               fmt::join(answer.seen, " "), answer.was_there));
        co_return;
      }
      continue;
    }
    ++world.outcome.errors;
    const us::ErrorCode code = done.error().code();
    if (code == us::ErrorCode::mailbox_full || code == us::ErrorCode::storage_full) {
      world.model.refuse(number);
    } else if (code == us::ErrorCode::actor_crashed || code == us::ErrorCode::storage_failed) {
      world.model.leave_open(number);
    } else if (code == us::ErrorCode::actor_stopped && !world.disk.damage().empty()) {
      world.outcome.damage_reported = 1;  // An incarnation has come across it at its start.
      co_return;
    } else {
      world.fail(fmt::format("operation {} ended with {}: {}", number, us::name_of(code), done.error().message()));
      co_return;
    }
  }
}

/// Crashes, resets, and passing faults of the disk, at random moments.
us::Task<> chaos(World& world, us::store::Store& store, std::uint64_t blows) {
  const us::Address<us::store::RoutingMessage> router = store.router();
  for (std::uint64_t i = 0; i < blows; ++i) {
    co_await us::sleep(microseconds(world.random.below(20'000)));
    if (world.rots && world.random.chance(50)) {
      world.disk.set_faults({.misdirected_percent = 10, .rot_percent = 10});
      co_await us::sleep(milliseconds(1 + world.random.below(5)));
      world.disk.set_faults({});
    }
    switch (world.random.below(5)) {
      case 0:
        static_cast<void>(co_await router.ask<us::store::Reset>(us::store::ActorType::key_value));
        break;
      case 1:
        static_cast<void>(co_await router.ask<us::store::Reset>(us::store::ActorType::writer));
        break;
      case 2: {
        us::store::Operation crash = [](us::store::Transaction&) { throw std::runtime_error("a crash on purpose"); };
        static_cast<void>(co_await store.operate(std::move(crash)));
        break;
      }
      default: {
        us::Task<> trouble = trouble_for_a_while(world, world.troubles);
        co_await std::move(trouble);
        break;
      }
    }
  }
}

us::Task<> everybody(us::System& system, World& world, us::store::Store& store, std::uint64_t power, bool& finished) {
  us::TaskGroup group(system);
  const std::uint64_t clients = std::min(1 + world.random.below(4), world.limits.clients);
  for (std::uint64_t i = 0; i < clients; ++i) {
    group.spawn(client(world, store, power, std::min(5 + world.random.below(25), world.limits.operations)));
  }
  group.spawn(chaos(world, store, std::min(world.random.below(6), world.limits.blows)));
  co_await group.join();
  finished = true;
}

/// The disk has lost or spoilt what was flushed, and the store has opened. That can be right: nothing needs those bytes
/// any more, or all that is gone stood at the journal's end, where it looks as if it had never been written. But what
/// it serves has been written, and to that key.
void check_after_damage(World& world, us::System& system, us::store::Store& store) {
  ++world.outcome.damage_survived;
  for (std::size_t key = 0; key < model_keys; ++key) {
    const auto got = us::wait(system, store.get(key_name(key)));
    if (!got) return world.fail(fmt::format("it opened, and does not serve: {}", got.error().message()));
    const std::uint32_t value = value_of(*got);
    if (value == 0) continue;
    const bool known =
        value < world.written.size() && (world.written[value] == key || world.written[value] == model_keys);
    if (!known) return world.fail(fmt::format("key {} has value {}, which it was never given", key, value));
  }
}

/// In the middle of trouble too, which may be why it fails; then once more without.
us::Result<std::unique_ptr<us::store::Store>> open_store(World& world, us::System& system,
                                                         const us::store::StoreOptions& options) {
  const bool in_trouble = !world.troubles.empty() && world.random.chance(20);
  if (in_trouble) {
    world.disk.set_faults(faults_of(world, world.troubles[world.random.below(world.troubles.size())]));
  }
  auto opened = us::store::Store::open(system, options);
  world.disk.set_faults({});
  const bool by_trouble =
      !opened && (opened.error() == us::ErrorCode::storage_failed || opened.error() == us::ErrorCode::storage_full);
  if (!in_trouble || !by_trouble) return opened;
  return us::store::Store::open(system, options);
}

/// One life of the process: from opening the store to a clean end, a kill, or a power loss.
void run_life(World& world, std::uint64_t seed) {
  us::SimulatedSystem simulation(seed);
  us::System& system = simulation.system();
  us::Supervisor supervisor(system, supervision_of_a_life());
  us::store::StoreOptions options;
  options.durability = world.durability;
  options.segment_bytes_max = 512 + world.random.below(4096);  // Small, so that segments change in every run.
  options.snapshot_after_bytes = world.random.chance(70) ? 1 + world.random.below(3000) : 0;
  options.open_storage = [&world] { return us::Result<std::shared_ptr<us::Storage>>(world.disk.attach()); };
  auto opened = open_store(world, system, options);
  if (!opened) {
    if (opened.error() == us::ErrorCode::data_damaged && !world.disk.damage().empty()) {
      world.outcome.damage_reported = 1;  // Nothing was changed, and nothing wrong is served: that is all there is.
    } else {
      world.fail(fmt::format("the store does not open: {}", opened.error().message()));
    }
    return;
  }
  us::store::Store& store = **opened;
  if (!store.load_report().torn_tail.empty()) {
    ++world.outcome.torn_tails;
  }
  if (!world.disk.damage().empty()) return check_after_damage(world, system, store);

  bool finished = false;
  us::TaskGroup group(system);
  group.spawn(everybody(system, world, store, world.power, finished));
  live(world, simulation, finished);
  group.cancel();
  world.outcome.snapshots += store.statistics().snapshots;
  opened->reset();
  system.shutdown();
  world.model.crash();
  note_life(world, simulation, supervisor);
}

}  // namespace

Outcome run_store_under_crashes(std::uint64_t seed, us::Durability durability, const Limits& limits) {
  World world(seed);
  world.durability = durability;
  world.limits = limits;
  const std::uint64_t lives = std::min(2 + world.random.below(3), limits.lives);
  const auto goes_on = [&world] {
    return world.outcome.failure.empty() && world.outcome.damage_reported + world.outcome.damage_survived == 0;
  };
  for (std::uint64_t life = 0; life < lives && goes_on(); ++life) {
    run_life(world, world.random.next());
  }
  return world.outcome;
}

}  // namespace simulation
