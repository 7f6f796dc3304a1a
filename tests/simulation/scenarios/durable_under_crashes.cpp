#include "simulation/scenarios/durable_under_crashes.hpp"

#include "simulation/scenarios/disk_troubles.hpp"
#include "simulation/scenarios/life.hpp"
#include "understudy/durable/durable_actor.hpp"
#include "understudy/runtime/sleep.hpp"
#include "understudy/runtime/task_group.hpp"
#include "understudy/runtime/wait.hpp"
#include "understudy/simulation/simulated_storage.hpp"
#include "understudy/simulation/simulated_system.hpp"
#include "understudy/supervision/supervisor.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <fmt/format.h>

namespace us = understudy;

namespace simulation {
namespace {

using std::chrono::microseconds;

// --- the state, in two releases
// --------------------------------------------------------------------------------------

/// A line of a ledger. Release 2 has remarks; lines of release 1 read "old" there.
template <std::uint32_t Release>
struct Noted {
  static constexpr us::RecordKind kind{1};
  static constexpr std::uint32_t version = Release;
  std::uint64_t client = 0;
  std::uint64_t number = 0;
  std::uint8_t part = 0;
  std::string remark = "old";
  void fields(auto& field) {
    field(client, number, part);
    if (field.version() >= 2) field(remark);
  }
  bool operator==(const Noted&) const = default;
};
/// The end of the second part of an operation, as an event of another kind; only release 2 writes it.
struct Closed {
  static constexpr us::RecordKind kind{2};
  std::uint64_t number = 0;
  void fields(auto& field) { field(number); }
};

using Line = Noted<2>;
using Lines = std::vector<Line>;

template <std::uint32_t Release>
struct Ledger {
  static constexpr std::uint32_t version = Release;
  using Event = std::variant<Noted<Release>, Closed>;
  std::vector<Noted<Release>> lines;
  std::uint64_t closed = 0;
  void apply(const Noted<Release>& event) { lines.push_back(event); }
  void apply(const Closed& /*event*/) { ++closed; }
  void fields(auto& field) {
    field(lines);
    if (field.version() >= 2) field(closed);
  }
};

// --- the actor
// -------------------------------------------------------------------------------------------------------

/// Notes two lines, as one operation; in the middle it may crash.
struct Note {
  std::uint64_t client;
  std::uint64_t number;
  bool crash;
  us::Reply<void> reply;
};
struct ReadAll {
  us::Reply<Lines> reply;
};
using Message = std::variant<Note, ReadAll>;

template <std::uint32_t Release>
Lines lines_of(const Ledger<Release>& ledger) {
  Lines lines;
  for (const Noted<Release>& line : ledger.lines) lines.push_back({line.client, line.number, line.part, line.remark});
  return lines;
}

template <std::uint32_t Release>
us::Task<> ledger_actor(us::Mailbox<Message>& inbox, us::Durable<Ledger<Release>>& ledger) {
  while (auto message = co_await inbox.receive()) {
    if (auto* note = std::get_if<Note>(&*message)) {
      const std::string remark = Release == 1 ? "old" : fmt::format("{} of {}", note->number, note->client);
      for (std::uint8_t part = 0; part < 2; ++part) {
        ledger.record(Noted<Release>{note->client, note->number, part, remark});
        if (note->crash && part == 0) throw std::runtime_error("a crash on purpose");
      }
      if (Release == 2) ledger.record(Closed{note->number});
      co_await ledger.reply_when_safe(note->reply);
    } else {
      co_await ledger.reply_when_safe(std::get<ReadAll>(*message).reply, lines_of(*ledger));
    }
  }
}

// --- the world
// -------------------------------------------------------------------------------------------------------

struct World {
  explicit World(std::uint64_t seed) : random(seed), disk(seed), troubles(draw_troubles(random)) {}
  void fail(std::string what) {
    if (outcome.failure.empty()) outcome.failure = std::move(what);
  }

  us::SeededRandom random;
  us::SimulatedDisk disk;
  Limits limits;
  std::vector<Trouble> troubles;
  us::Durability durability = us::Durability::always;
  std::uint64_t power = 0;  // Counts ends of the process: what was begun in an earlier life is not observed any more.
  std::map<std::uint64_t, std::uint64_t> sent;              // By client: the last number.
  std::set<std::pair<std::uint64_t, std::uint64_t>> known;  // Acknowledged.
  Lines seen;                                               // The longest that anybody was told.
  Outcome outcome;
};

/// What anybody is told: whole operations in the order of each client, all that was known before, and what was seen
/// before in front.
void check(World& world, const Lines& told, const std::set<std::pair<std::uint64_t, std::uint64_t>>& known) {
  if (told.size() % 2 != 0) return world.fail("half an operation was told");
  std::map<std::uint64_t, std::uint64_t> latest;
  std::set<std::pair<std::uint64_t, std::uint64_t>> found;
  for (std::size_t i = 0; i < told.size(); i += 2) {
    const Line& first = told[i];
    const Line& second = told[i + 1];
    const std::string name = fmt::format("operation {} of client {}", first.number, first.client);
    if (first.part != 0 || second.part != 1 || first.client != second.client || first.number != second.number) {
      return world.fail(name + " is not whole");
    }
    if (first.remark != second.remark ||
        (first.remark != "old" && first.remark != fmt::format("{} of {}", first.number, first.client))) {
      return world.fail(name + " reads " + first.remark);
    }
    if (first.number <= latest[first.client]) return world.fail(name + " comes twice, or out of order");
    if (first.number > world.sent[first.client]) return world.fail(name + " was never sent");
    latest[first.client] = first.number;
    found.emplace(first.client, first.number);
  }
  for (const auto& [client, number] : known) {
    if (!found.contains({client, number})) {
      return world.fail(fmt::format("operation {} of client {} was acknowledged, and is lost", number, client));
    }
  }
  const std::size_t common = std::min(world.seen.size(), told.size());
  if (!std::equal(told.begin(), told.begin() + static_cast<std::ptrdiff_t>(common), world.seen.begin())) {
    return world.fail("what was seen has changed");
  }
}

us::Task<> client(World& world, us::Address<Message> ledger, std::uint64_t number, std::uint64_t operations) {
  const std::uint64_t power = world.power;
  for (std::uint64_t i = 0; i < operations; ++i) {
    co_await us::sleep(microseconds(world.random.below(3000)));
    if (world.power != power) co_return;
    us::ErrorCode code{};
    bool done = false;
    if (world.random.chance(70)) {
      const std::uint64_t mine = ++world.sent[number];
      const us::Result<void> noted = co_await ledger.ask<Note>(number, mine, world.random.chance(5));
      if (world.power != power) co_return;
      done = noted.has_value();
      if (noted) {
        world.known.emplace(number, mine);
      } else {
        code = noted.error().code();
      }
    } else {
      const auto known = world.known;
      const us::Result<Lines> told = co_await ledger.ask<ReadAll>();
      if (world.power != power) co_return;
      done = told.has_value();
      if (told) {
        check(world, *told, known);
        if (told->size() > world.seen.size()) world.seen = *told;
      } else {
        code = told.error().code();
      }
    }
    ++(done ? world.outcome.answered : world.outcome.errors);
    if (!done && code != us::ErrorCode::actor_crashed && code != us::ErrorCode::storage_failed &&
        code != us::ErrorCode::storage_full) {
      world.fail(fmt::format("client {} got {}", number, us::name_of(code)));
    }
    if (!world.outcome.failure.empty()) co_return;
  }
}

us::Task<> chaos(World& world, us::Address<Message> ledger, std::uint64_t blows) {
  for (std::uint64_t i = 0; i < blows; ++i) {
    co_await us::sleep(microseconds(world.random.below(20'000)));
    if (world.random.chance(33)) {
      static_cast<void>(ledger.reset());
      continue;
    }
    us::Task<> trouble = trouble_for_a_while(world, world.troubles);
    co_await std::move(trouble);
  }
}

us::Task<> everybody(us::System& system, World& world, us::Address<Message> ledger, bool& finished) {
  us::TaskGroup group(system);
  const std::uint64_t clients = std::min(1 + world.random.below(4), world.limits.clients);
  for (std::uint64_t i = 0; i < clients; ++i) {
    group.spawn(client(world, ledger, i, std::min(5 + world.random.below(25), world.limits.operations)));
  }
  group.spawn(chaos(world, ledger, std::min(world.random.below(5), world.limits.blows)));
  co_await group.join();
  finished = true;
}

us::DurableOptions draw_options(World& world) {
  us::DurableOptions options;
  options.durability = world.durability;
  options.journal.segment_bytes_max = 512 + world.random.below(4096);
  options.snapshot_after_bytes = world.random.chance(70) ? 1 + world.random.below(3000) : 0;
  options.writer_capacity = 1 + static_cast<std::uint32_t>(world.random.below(8));
  options.open_storage = [&world] { return us::Result<std::shared_ptr<us::Storage>>(world.disk.attach()); };
  return options;
}

/// One life of the process: from recovery to a clean end, a kill, or a power loss.
template <std::uint32_t Release>
void run_life(World& world, std::uint64_t seed) {
  us::SimulatedSystem simulation(seed);
  us::System& system = simulation.system();
  us::Supervisor supervisor(system, supervision_of_a_life());
  const auto ledger = system.spawn("ledger", us::durable(ledger_actor<Release>, draw_options(world)));
  const us::Result<Lines> found = us::wait(system, ledger.template ask<ReadAll>());
  if (!found) return world.fail(fmt::format("the ledger does not come back: {}", found.error().message()));
  check(world, *found, world.known);
  if (world.outcome.failure.empty() && found->size() < world.seen.size()) world.fail("what was seen is lost");
  if (!world.outcome.failure.empty()) return;
  world.seen = *found;

  bool finished = false;
  us::TaskGroup group(system);
  group.spawn(everybody(system, world, ledger, finished));
  live(world, simulation, finished);
  group.cancel();
  system.shutdown();
  note_life(world, simulation, supervisor);
}

}  // namespace

Outcome run_durable_under_crashes(std::uint64_t seed, bool canary, const Limits& limits) {
  World world(seed);
  world.limits = limits;
  if (canary) world.durability = us::Durability::none;
  const std::uint64_t lives = 2 + world.random.below(3);
  const std::uint64_t upgrade = world.random.below(lives + 1);
  for (std::uint64_t life = 0; life < std::min(lives, limits.lives) && world.outcome.failure.empty(); ++life) {
    const std::uint64_t drawn = world.random.next();
    if (life < upgrade) {
      run_life<1>(world, drawn);
    } else {
      run_life<2>(world, drawn);
    }
  }
  return world.outcome;
}

}  // namespace simulation
