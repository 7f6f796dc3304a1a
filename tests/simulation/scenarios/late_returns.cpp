#include "simulation/scenarios/late_returns.hpp"

#include "understudy/runtime/blocking.hpp"
#include "understudy/runtime/scope.hpp"
#include "understudy/runtime/sleep.hpp"
#include "understudy/runtime/task_group.hpp"

#include <stdexcept>

namespace simulation {
namespace {

constexpr us::RecordKind live{1};
constexpr us::RecordKind stale{2};

us::Result<void> ignore(const us::Record& /*record*/) { return {}; }

bool is_refused(const us::Result<void>& result) { return !result && result.error() == us::ErrorCode::cancelled; }

/// A live incarnation writes before it holds its thread, so that one that is replaced has something to spoil.
void write_down(World& world) {
  const us::Result<us::Lsn> added = world.journal->add(live, "begun");
  if (added && world.journal->commit()) {
    ++world.written;
  } else {
    world.fail("a live incarnation cannot write");
  }
}

void try_to_write(World& world) {
  const us::Lsn last = world.journal->last_lsn();
  const us::Result<us::Lsn> added = world.journal->add(stale, "late");
  if (added || added.error() != us::ErrorCode::cancelled) world.fail("a replaced incarnation added a record");
  if (!is_refused(world.journal->commit())) world.fail("a replaced incarnation committed");
  if (!is_refused(world.journal->flush())) world.fail("a replaced incarnation flushed");
  if (!is_refused(world.journal->close())) world.fail("a replaced incarnation closed the journal");
  if (world.journal->last_lsn() != last) world.fail("the journal has changed");
}

us::Task<> late_child(Inbox& /*inbox*/, std::shared_ptr<World> world) {
  world->fail("a child of a replaced incarnation runs");
  co_return;
}

us::Task<> late_errand(std::shared_ptr<World> world) {
  world->fail("a task of a replaced incarnation runs");
  co_return;
}

Job late_job(World& world) {
  return {.sender = stale_sender, .number = 0, .script = {}, .token = Counted(world.tokens), .reply = {}};
}

void try_to_tell(World& world, const us::Address<Job>& to) {
  if (!is_refused(to.try_tell(late_job(world)))) world.fail("a replaced incarnation's tell was not refused");
}

/// What the canary gets past the fence: a task that began before it.
us::Task<> leak(std::shared_ptr<World> world, us::Address<Job> to) {
  co_await us::sleep(std::chrono::milliseconds(100));
  static_cast<void>(to.try_tell(late_job(*world)));
}

/// What ends where it waits: the last thing that a replaced incarnation does.
us::Task<> wait_for_something(std::shared_ptr<World> world, Inbox& inbox, Job& job, us::Address<Job> to) {
  switch (world->random.below(10)) {
    case 0:
      co_await ask(world, to, stale_sender, us::Duration{0});
      co_await us::yield();  // An ask that would close a circle says so at once.
      break;
    case 1:
      co_await ask(world, to, stale_sender, us::Duration(1 + world->random.below(3'000'000)));
      co_await us::yield();
      break;
    case 2: {
      const us::Result<void> told =
          co_await to.tell<Job>(stale_sender, std::uint64_t{0}, Script{}, Counted(world->tokens), std::move(job.reply));
      if (!is_refused(told)) world->fail("a replaced incarnation's tell was not refused");
      co_await us::yield();  // The tell has said so at once.
      break;
    }
    case 3: {
      const auto body = [&](us::Scope& scope) -> us::Task<> {
        scope.spawn(late_errand(world));
        co_await us::yield();
      };
      co_await us::scope(body);
      break;
    }
    case 4: {
      World& own = *world;
      const auto call = [&own] { own.fail("a replaced incarnation's blocking call runs"); };
      co_await us::blocking(call);
      break;
    }
    case 5:
      static_cast<void>(co_await inbox.receive().within(us::Duration(1 + world->random.below(3'000'000))));
      break;
    case 6:
      co_await us::yield();
      break;
    case 7:
      static_cast<void>(co_await inbox.receive());
      break;
    default:
      co_await us::sleep(us::Duration(world->random.below(200'000)));
      break;
  }
}

}  // namespace

void open_journal(World& world, us::SimulatedDisk& disk) {
  world.journal = std::move(us::Journal::open(disk.attach(), {}, ignore)).value();
}

bool journal_is_right(World& world, us::SimulatedDisk& disk) {
  world.journal.reset();
  std::uint64_t records = 0;
  bool good = true;
  const auto opened = us::Journal::open(disk.attach(), {}, [&](const us::Record& record) -> us::Result<void> {
    ++records;
    good = good && record.kind == live;
    return {};
  });
  return opened && good && records == world.written;
}

bool hold_thread(World& world, Life& life) {
  us::SimulatedSystem& simulation = *world.simulation;
  ++world.holds;
  write_down(world);
  life.hold();
  bool goes_on = false;
  const std::uint64_t steps = simulation.steps() + world.random.below(400);
  switch (world.random.below(6)) {
    case 0:
    case 1:
      goes_on = simulation.hold_thread(us::Duration(1 + world.random.below(15'000'000)));
      break;
    case 2:
      goes_on = simulation.hold_thread(us::Duration(1 + world.random.below(60'000'000)));
      break;
    case 3:
      goes_on = simulation.hold_thread(us::Duration(1 + world.random.below(1'000'000'000)));
      break;
    case 4:
      goes_on = simulation.hold_thread_until([&simulation, steps] { return simulation.steps() >= steps; });
      break;
    default:
      goes_on = simulation.hold_thread(us::Duration::max());
      break;
  }
  if (goes_on) life.go_on();
  if (!goes_on) ++world.replaced;
  return goes_on;
}

void start_leak(const std::shared_ptr<World>& world, us::Address<Job> to) {
  world->simulation->system().start(leak(world, std::move(to)));
}

us::Task<> try_everything(std::shared_ptr<World> world, Inbox& inbox, Job& job, std::vector<us::Address<Job>> known) {
  us::SeededRandom& random = world->random;
  if (random.chance(10)) throw std::runtime_error("late");
  if (random.chance(10)) co_return;
  if (random.chance(20)) static_cast<void>(world->simulation->hold_thread(us::Duration(random.below(20'000'000))));
  known.push_back(inbox.address());
  if (random.chance(60) && job.reply(job.number)) world->fail("a replaced incarnation has answered");
  us::beat();
  if (inbox.try_receive()) world->fail("a replaced incarnation got a message");
  try_to_write(*world);
  for (const us::Address<Job>& to : known) try_to_tell(*world, to);
  const us::SpawnOptions options{.placement =
                                     random.chance(50) ? us::Placement::own_thread() : us::Placement::anywhere()};
  if (!us::spawn_child("late", late_child, options, world).stopped()) world->fail("a replaced incarnation has a child");
  co_await wait_for_something(world, inbox, job, known[random.below(known.size())]);
  world->fail("a replaced incarnation got past a wait");
}

}  // namespace simulation
