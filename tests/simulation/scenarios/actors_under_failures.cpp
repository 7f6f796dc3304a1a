#include "simulation/scenarios/actors_under_failures.hpp"

#include "simulation/scenarios/cast.hpp"
#include "simulation/scenarios/late_returns.hpp"
#include "understudy/runtime/blocking.hpp"
#include "understudy/runtime/sleep.hpp"
#include "understudy/runtime/task_group.hpp"
#include "understudy/runtime/wait.hpp"
#include "understudy/supervision/supervisor.hpp"

#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace simulation {
namespace {

void tell(World& world, const us::Address<Job>& to, std::uint64_t sender) {
  const std::uint64_t number = ++world.next_number;
  const us::Result<void> told = to.try_tell(Job{
      .sender = sender, .number = number, .script = world.draw_script(), .token = Counted(world.tokens), .reply = {}});
  if (told) world.told.insert({sender, number});
}

us::Task<> actor(Inbox& inbox, std::shared_ptr<World> world, std::size_t place, std::size_t parent, int depth,
                 bool rejects);

us::Address<Job> spawn_child_of(std::size_t parent, std::size_t place, const std::shared_ptr<World>& world, int depth) {
  const us::SpawnOptions options = world->draw_options();
  const bool rejects = options.when_full == us::WhenFull::reject;
  return us::spawn_child("child", actor, options, world, place, parent, depth, rejects);
}

us::Task<> actor(Inbox& inbox, std::shared_ptr<World> world, std::size_t place, std::size_t parent, int depth,
                 bool rejects) {
  Life life(*world, place, parent);
  if (world->holding && world->random.chance(3) && !hold_thread(*world, life)) co_return;
  std::vector<us::Address<Job>> children;
  const std::uint64_t wanted = depth > 0 ? world->random.below(3) : 0;
  for (std::uint64_t i = 0; i < wanted; ++i) {
    children.push_back(spawn_child_of(place, place * 3 + 1 + i, world, depth - 1));
  }
  while (auto job = co_await inbox.receive()) {
    if (rejects && inbox.depth() > inbox.capacity() + 1) world->fail("a mailbox holds more than it may");
    if (std::exchange(world->forgets, false)) continue;
    const std::uint64_t times = world->deliver(place, *job);
    for (std::uint64_t step = 0; step <= job->script.steps; ++step) {
      if (job->script.fate != Fate::none && step == job->script.fails_at && times <= job->script.failures) {
        if (job->script.fate == Fate::crash) throw std::runtime_error("on purpose");
        if (job->script.fate == Fate::hang) co_await us::sleep(std::chrono::hours(24));
        if (std::exchange(world->leaks, false)) start_leak(world, inbox.address());
        if (!hold_thread(*world, life)) {
          co_await try_everything(world, inbox, *job, children);
          co_return;
        }
      }
      switch (world->random.below(5)) {
        case 0:
          co_await us::sleep(us::Duration(world->random.below(200'000)));
          break;
        case 1:
          co_await us::yield();
          break;
        case 2:
          if (!children.empty()) {
            co_await ask(world, children[world->random.below(children.size())], place, us::Duration{0});
          }
          break;
        case 3:
          if (!children.empty()) tell(*world, children[world->random.below(children.size())], place);
          break;
        default: {
          const auto call = [] {};
          co_await us::blocking(call);
          break;
        }
      }
    }
    job->reply(job->number);
    if (world->holding && world->random.chance(5) && !hold_thread(*world, life)) {
      co_await try_everything(world, inbox, *job, children);
      co_return;
    }
  }
}

us::Task<> client(std::shared_ptr<World> world, const std::vector<us::Address<Job>>* roots, std::uint64_t sender) {
  for (std::uint64_t left = 1 + world->random.below(12); left > 0; --left) {
    const us::Address<Job>& to = (*roots)[world->random.below(roots->size())];
    switch (world->random.below(4)) {
      case 0:
        tell(*world, to, sender);
        break;
      case 1:
        co_await ask(world, to, sender, us::Duration(1 + world->random.below(3'000'000)));
        break;
      default:
        co_await ask(world, to, sender, us::Duration{0});
        break;
    }
    if (world->random.chance(10)) static_cast<void>(to.reset());
    if (world->random.chance(30)) co_await us::sleep(us::Duration(world->random.below(2'000'000)));
  }
}

us::Task<> wait_for_clients(us::TaskGroup& clients, bool& ended) {
  co_await clients.join();
  ended = true;
}

/// After shutdown, while the system is still there.
std::string verdict_on_tells(const World& world, const us::DeadLetters& dead) {
  std::uint64_t unhandled = 0;
  for (const auto& told : world.told) unhandled += world.deliveries.contains(told) ? 0U : 1U;
  const std::uint64_t left = dead.of(us::DeadLetterCause::left_in_mailbox);
  if (unhandled > left) {
    return fmt::format("{} tells were accepted and not handled, {} were left in mailboxes", unhandled, left);
  }
  std::uint64_t by_cause = 0;
  for (const std::uint64_t count : dead.by_cause) by_cause += count;
  if (by_cause != dead.count) return "the dead letters do not add up";
  for (const auto& [place, each] : world.places) {
    if (each.lives != each.behind || each.children != each.children_behind) {
      return fmt::format("actor {} lives on after the shutdown", place);
    }
  }
  return "";
}

/// When all that held their threads have come back, too.
std::string verdict(const World& world) {
  if (world.asked != world.answered + world.failed + world.destroyed) return "an ask has not ended, or twice";
  for (const auto& [place, each] : world.places) {
    if (each.lives != 0 || each.children != 0) return fmt::format("actor {} lives on", place);
  }
  if (world.tokens.living() != 0) return fmt::format("{} objects are left over", world.tokens.living());
  return "";
}

/// How the clients' time ends: they are done, or a supervisor that may leave no more threads behind has given up.
void wait_for_the_end(World& world, us::System& system, us::TaskGroup& clients) {
  if (!world.holding) {
    if (!us::wait(system, clients.join())) world.fail("the clients have not come to an end");
    return;
  }
  bool ended = false;
  us::TaskGroup waiting(system);
  waiting.spawn(wait_for_clients(clients, ended));
  if (!world.simulation->run_until([&] { return ended || system.shutdown_requested(); })) {
    world.fail("the clients have not come to an end");
  }
}

void shut_down(World& world, us::System& system) {
  const us::Duration limit = std::chrono::milliseconds(world.random.below(200));
  const us::Duration before = world.simulation->now();
  system.shutdown(limit);
  if (world.simulation->now() - before > limit + std::chrono::seconds(1)) world.fail("the shutdown took too long");
}

us::SupervisionOptions draw_supervision(World& world) {
  us::SeededRandom& random = world.random;
  us::SupervisionOptions options{.heartbeat = std::chrono::milliseconds(10),
                                 .cutoff = std::chrono::milliseconds(10 + random.below(30)),
                                 .intensity = {.restarts = static_cast<std::uint32_t>(3 + random.below(100))},
                                 .backoff = {.next = us::Duration(random.below(50'000))}};
  if (world.holding) {
    options.abandoned_threads_max = random.chance(20) ? static_cast<std::uint32_t>(random.below(3)) : 10'000;
  }
  return options;
}

void run(const std::shared_ptr<World>& world, std::uint64_t seed, Outcome& outcome) {
  us::SeededRandom& random = world->random;
  us::SimulatedSystem simulation(seed);
  world->simulation = &simulation;
  us::System& system = simulation.system();
  const us::Supervisor supervisor(system, draw_supervision(*world));
  std::vector<us::Address<Job>> roots;
  const std::uint64_t root_count = 1 + random.below(3);
  for (std::uint64_t i = 0; i < root_count; ++i) {
    const std::size_t place = 1'000'000 * (i + 1);
    const us::SpawnOptions options = world->draw_options();
    const bool rejects = options.when_full == us::WhenFull::reject;
    roots.push_back(system.spawn("root", actor, options, world, place, place, 2, rejects));
  }
  us::TaskGroup clients(system);
  const std::uint64_t client_count = 1 + random.below(6);
  for (std::uint64_t i = 0; i < client_count; ++i) clients.spawn(client(world, &roots, i));
  wait_for_the_end(*world, system, clients);
  shut_down(*world, system);
  outcome.events = simulation.steps();
  outcome.trace_hash = simulation.trace_hash();
  outcome.incidents = supervisor.incident_count();
  outcome.threads_taken = system.abandoned().threads_ever;
  world->fail(verdict_on_tells(*world, system.dead_letters()));
}

Outcome run_world(const std::shared_ptr<World>& world, std::uint64_t seed) {
  Outcome outcome;
  std::optional<us::SimulatedDisk> disk;
  if (world->holding) open_journal(*world, disk.emplace(seed));
  run(world, seed, outcome);
  if (world->replaced != outcome.threads_taken) {
    world->fail(fmt::format("{} threads were taken, and {} have come back", outcome.threads_taken, world->replaced));
  }
  world->fail(verdict(*world));
  if (disk && !journal_is_right(*world, *disk)) world->fail("the journal is not what live incarnations have written");
  outcome.failure = world->failure;
  outcome.answered = world->answered;
  outcome.errors = world->failed;
  outcome.cancelled = world->destroyed;
  return outcome;
}

}  // namespace

Outcome run_actors_under_failures(std::uint64_t seed, bool canary) {
  const auto world = std::make_shared<World>(seed ^ 0xFA11'0BAD'5EEDU);
  world->failing = static_cast<std::uint32_t>(world->random.below(50));
  world->forgets = canary;
  return run_world(world, seed);
}

Outcome run_actors_that_hold_threads(std::uint64_t seed, bool canary) {
  const auto world = std::make_shared<World>(seed ^ 0xB10C'CED5'EEDU);
  world->failing = static_cast<std::uint32_t>(10 + world->random.below(50));
  world->holding = true;
  world->leaks = canary;
  return run_world(world, seed);
}

}  // namespace simulation
