#include "simulation/scenarios/actors_under_failures.hpp"

#include "support/counted.hpp"
#include "understudy/actor/system.hpp"
#include "understudy/runtime/blocking.hpp"
#include "understudy/runtime/sleep.hpp"
#include "understudy/runtime/task_group.hpp"
#include "understudy/runtime/wait.hpp"
#include "understudy/simulation/simulated_system.hpp"
#include "understudy/supervision/supervisor.hpp"

#include <map>
#include <memory>
#include <set>
#include <stdexcept>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace us = understudy;

namespace simulation {
namespace {

using us::test::Census;
using us::test::Counted;

enum class Fate : std::uint8_t { none, crash, hang };

/// How an actor handles a message: so many steps, and before one of them, the first few times, it fails.
struct Script {
  std::uint64_t steps = 0;
  std::uint64_t fails_at = 0;
  std::uint64_t failures = 0;
  Fate fate = Fate::none;
};

struct Job {
  std::uint64_t sender;
  std::uint64_t number;
  Script script;
  Counted token;
  us::Reply<std::uint64_t> reply;
  [[nodiscard]] Job again() const { return {sender, number, script, token, {}}; }
};
using Inbox = us::Mailbox<Job>;

/// One actor of the tree, over all its lives.
struct Place {
  int lives = 0;
  int children = 0;  // Incarnations of its children that live.
  std::uint32_t incarnation = 0;
  std::map<std::uint64_t, std::uint64_t> latest;  // By sender: the number handled last.
};

struct World {
  explicit World(std::uint64_t seed) : random(seed) {}
  void fail(std::string what) {
    if (failure.empty()) failure = std::move(what);
  }
  Script draw_script() {
    Script script{.steps = random.below(5)};
    if (!random.chance(failing)) return script;
    script.fails_at = random.below(script.steps + 1);
    script.failures = 1 + random.below(4);
    script.fate = random.chance(60) ? Fate::crash : Fate::hang;
    return script;
  }
  us::SpawnOptions draw_options() {
    constexpr us::Restart restarts[] = {us::Restart::permanent, us::Restart::transient, us::Restart::transient,
                                        us::Restart::temporary, us::Restart::with_parent};
    constexpr us::Strategy strategies[] = {us::Strategy::one_for_one, us::Strategy::one_for_all,
                                           us::Strategy::rest_for_one};
    us::SpawnOptions options;
    options.capacity = 1 + static_cast<std::uint32_t>(random.below(6));
    options.when_full = random.chance(70) ? us::WhenFull::wait : us::WhenFull::reject;
    options.restart = restarts[random.below(5)];
    options.children = strategies[random.below(3)];
    options.redeliver = static_cast<std::uint8_t>(random.below(4));
    return options;
  }
  /// How often this message has been delivered now.
  std::uint64_t deliver(std::size_t place, const Job& job) {
    std::uint64_t& latest = places[place].latest[job.sender];
    const std::uint64_t times = ++deliveries[{job.sender, job.number}];
    if (job.number < latest || (job.number == latest && times == 1)) {
      fail(fmt::format("message {} of sender {} came after {}", job.number, job.sender, latest));
    }
    if (times > 1 && job.number != latest) fail("a message was delivered again behind others");
    latest = job.number;
    return times;
  }

  us::SeededRandom random;
  std::uint32_t failing = 0;  // In per cent.
  bool forgets = false;       // The canary.
  std::map<std::size_t, Place> places;
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::uint64_t> deliveries;
  std::set<std::pair<std::uint64_t, std::uint64_t>> told;  // Accepted tells.
  std::uint64_t next_number = 0;
  std::uint64_t asked = 0;
  std::uint64_t answered = 0;
  std::uint64_t failed = 0;
  std::uint64_t destroyed = 0;
  Census tokens;
  std::string failure;
};

/// In the frame of an incarnation, from its first statement to its end.
class Life {
 public:
  Life(World& world, std::size_t place, std::size_t parent) : world_(world), place_(place), parent_(parent) {
    Place& own = world_.places[place_];
    if (++own.lives > 1) world_.fail(fmt::format("actor {} has two lives at a time", place_));
    if (own.children != 0)
      world_.fail(fmt::format("actor {} begins while {} of its children live", place_, own.children));
    // A child is another actor each time that its parent spawns it.
    const std::uint32_t incarnation = us::this_actor().incarnation;
    if (parent_ == place_ && incarnation <= own.incarnation) {
      world_.fail(fmt::format("actor {} was incarnation {} before", place_, incarnation));
    }
    own.incarnation = incarnation;
    if (parent_ != place_) ++world_.places[parent_].children;
  }
  Life(const Life&) = delete;
  Life& operator=(const Life&) = delete;
  ~Life() {
    --world_.places[place_].lives;
    if (parent_ != place_) --world_.places[parent_].children;
  }

 private:
  World& world_;
  std::size_t place_;
  std::size_t parent_;
};

/// An ask, counted however it ends.
us::Task<> ask(std::shared_ptr<World> world, us::Address<Job> to, std::uint64_t sender, us::Duration limit) {
  struct Ended {
    explicit Ended(World& counted) : world(counted) { ++world.asked; }
    Ended(const Ended&) = delete;
    Ended& operator=(const Ended&) = delete;
    ~Ended() { ++(told ? (good ? world.answered : world.failed) : world.destroyed); }
    World& world;
    bool told = false;
    bool good = false;
  } ended(*world);
  const std::uint64_t number = ++world->next_number;
  us::Result<std::uint64_t> answer = us::failure(us::ErrorCode::timeout);
  if (limit > us::Duration{0}) {
    answer = co_await to.ask<Job>(sender, number, world->draw_script(), Counted(world->tokens)).within(limit);
  } else {
    answer = co_await to.ask<Job>(sender, number, world->draw_script(), Counted(world->tokens));
  }
  ended.told = true;
  ended.good = answer.has_value();
  if (answer && *answer != number) world->fail("an asker got somebody else's answer");
}

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
  const Life life(*world, place, parent);
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
        co_await us::sleep(std::chrono::hours(24));
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

std::string verdict(const World& world, std::uint64_t left_in_mailboxes) {
  if (!world.failure.empty()) return world.failure;
  if (world.asked != world.answered + world.failed + world.destroyed) return "an ask has not ended, or twice";
  for (const auto& [place, each] : world.places) {
    if (each.lives != 0 || each.children != 0) return fmt::format("actor {} lives on", place);
  }
  std::uint64_t unhandled = 0;
  for (const auto& told : world.told) unhandled += world.deliveries.contains(told) ? 0U : 1U;
  if (unhandled > left_in_mailboxes) {
    return fmt::format("{} tells were accepted and not handled, {} were left in mailboxes", unhandled,
                       left_in_mailboxes);
  }
  if (world.tokens.living() != 0) return fmt::format("{} objects are left over", world.tokens.living());
  return "";
}

}  // namespace

Outcome run_actors_under_failures(std::uint64_t seed, bool canary) {
  const auto world = std::make_shared<World>(seed ^ 0xFA11'0BAD'5EEDU);
  us::SeededRandom& random = world->random;
  world->failing = static_cast<std::uint32_t>(random.below(50));
  world->forgets = canary;
  Outcome outcome;
  {
    us::SimulatedSystem simulation(seed);
    us::System& system = simulation.system();
    const us::Supervisor supervisor(system,
                                    {.heartbeat = std::chrono::milliseconds(10),
                                     .cutoff = std::chrono::milliseconds(10 + random.below(30)),
                                     .intensity = {.restarts = static_cast<std::uint32_t>(3 + random.below(100))},
                                     .backoff = {.next = us::Duration(random.below(50'000))}});
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
    if (!us::wait(system, clients.join())) world->fail("the clients have not come to an end");
    system.shutdown(std::chrono::milliseconds(random.below(200)));
    outcome.events = simulation.steps();
    outcome.trace_hash = simulation.trace_hash();
    outcome.incidents = supervisor.incident_count();
    outcome.failure = verdict(*world, system.dead_letters().of(us::DeadLetterCause::left_in_mailbox));
  }
  outcome.answered = world->answered;
  outcome.errors = world->failed;
  outcome.cancelled = world->destroyed;
  if (outcome.failure.empty() && world->tokens.living() != 0) outcome.failure = "objects are left over";
  return outcome;
}

}  // namespace simulation
