// Attacks: actors of a simulation that hold their threads, and come back at every event there is: before they are found
// out, after the fence, in the middle of their successor's work, during shutdown, after their system. What they then
// try is refused, and nobody sees anything of it.
#include "support/counted.hpp"
#include "support/quiet.hpp"
#include "understudy/actor/detail/slot_pointer.hpp"
#include "understudy/journal/journal.hpp"
#include "understudy/runtime/blocking.hpp"
#include "understudy/runtime/scope.hpp"
#include "understudy/runtime/sleep.hpp"
#include "understudy/runtime/task_group.hpp"
#include "understudy/runtime/wait.hpp"
#include "understudy/simulation/simulated_storage.hpp"
#include "understudy/simulation/simulated_system.hpp"
#include "understudy/supervision/supervisor.hpp"

#include <algorithm>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace understudy::test {
namespace {

using std::chrono::milliseconds;

struct Note {
  int number;
  Reply<int> reply;
};
struct Do {
  bool hold;
  int number;
  Reply<std::uint32_t> reply;
};

/// What a holder tries first when it is back.
enum class Attempt : std::uint8_t {
  reply,
  fail,
  drop,
  try_tell,
  tell,
  ask,
  ask_within,
  pass_on,
  tell_itself,
  spawn_child,
  spawn,
  register_as,
  task,
  blocking,
  scope,
  receive_within,
  add,
  commit,
  flush,
  close,
  beat,
  sleep,
  yield,
  receive,
  try_receive,
  crash,
  leave,
  hold_again,
};
constexpr auto last_attempt = Attempt::hold_again;

constexpr Name<Note> late_name("late");
constexpr int stale = 1000;  // Numbers of what a holder sends.

struct Program {
  explicit Program(SimulatedSystem& simulated, Attempt what, std::uint64_t step)
      : simulation(simulated), attempt(what), comes_back_at(step) {}
  [[nodiscard]] System& system() const { return simulation.system(); }

  SimulatedSystem& simulation;
  Attempt attempt;
  std::uint64_t comes_back_at;
  SimulatedDisk disk{1};
  std::unique_ptr<Journal> journal;
  Lsn last_lsn = 0;  // Before it is held.
  Address<Note> witness;

  bool over = false;  // The system has ended.
  bool came_back = false;
  bool fenced = false;  // When it came back.
  bool went_on = false;
  bool ran_stale = false;  // A child or task that a replaced incarnation has made.
  std::string wrong;       // What was not as it should be.
  std::vector<int> noted;
  std::vector<int> handled;
  std::vector<std::uint32_t> lives;

  void expect(bool good, const char* what) {
    if (!good && wrong.empty()) wrong = what;
  }
  /// A result of a replaced incarnation is the error `cancelled`; of one that is not, it is good.
  template <typename T>
  void expect_refused(const Result<T>& result, const char* what) {
    expect(fenced ? !result && result.error() == ErrorCode::cancelled : result.has_value(), what);
  }
};
using Shared = std::shared_ptr<Program>;

Task<> witness(Mailbox<Note>& inbox, Shared program) {
  while (auto note = co_await inbox.receive()) {
    program->noted.push_back(note->number);
    note->reply(note->number);
  }
}

Task<> newcomer(Mailbox<Note>& inbox, Shared program, bool stale_one) {
  if (stale_one) program->ran_stale = true;
  while (auto note = co_await inbox.receive()) {
  }
}

Task<> errand(Shared program, bool stale_one) {
  if (stale_one) program->ran_stale = true;
  co_return;
}

/// What can be tried without waiting.
void try_at_once(Program& program, const Shared& shared, Mailbox<Do>& inbox, Do& job) {
  const bool fenced = program.fenced;
  switch (program.attempt) {
    case Attempt::reply:
      program.expect(job.reply(77U) == !fenced, "reply");
      break;
    case Attempt::fail:
      job.reply.fail(ErrorCode::reply_dropped);
      break;
    case Attempt::drop: {
      const Do dropped = std::move(job);
      break;
    }
    case Attempt::try_tell:
      program.expect_refused(program.witness.try_tell(Note{.number = stale, .reply = {}}), "try_tell");
      break;
    case Attempt::spawn_child:
      program.expect(spawn_child("child", newcomer, {}, shared, fenced).stopped() == fenced, "spawn_child");
      break;
    case Attempt::spawn:
      if (!program.over)
        program.expect(program.system().spawn("newcomer", newcomer, {}, shared, fenced).stopped() == fenced, "spawn");
      break;
    case Attempt::register_as:
      if (!program.over) {
        program.expect_refused(program.system().register_as(late_name, program.witness), "register_as");
        program.expect(program.system().find(late_name).has_value() != fenced, "find");
      }
      break;
    case Attempt::add:
      program.expect_refused(program.journal->add(RecordKind{1}, "late"), "add");
      break;
    case Attempt::commit:
      program.expect_refused(program.journal->commit(), "commit");
      break;
    case Attempt::flush:
      program.expect_refused(program.journal->flush(), "flush");
      break;
    case Attempt::close:
      program.expect_refused(program.journal->close(), "close");
      break;
    case Attempt::beat:
      beat();
      break;
    case Attempt::try_receive:
      if (fenced) program.expect(!inbox.try_receive(), "try_receive");
      break;
    case Attempt::crash:
      throw std::runtime_error("on purpose");
    case Attempt::hold_again:
      program.simulation.hold_thread(milliseconds(2));
      break;
    default:
      break;
  }
}

Task<> zealot(Mailbox<Do>& inbox, Shared program, Counted /*life*/) {
  program->lives.push_back(this_actor().incarnation);
  const Address<Do> self = inbox.address();
  while (auto job = co_await inbox.receive()) {
    program->handled.push_back(job->number);
    if (job->hold && !program->came_back) {
      Program& own = *program;
      own.expect(own.journal->add(RecordKind{1}, "done") && own.journal->commit(), "a live one writes");
      own.expect(own.journal->add(RecordKind{1}, "begun").has_value(), "a live one adds");
      own.last_lsn = own.journal->last_lsn();
      own.fenced = !own.simulation.hold_thread_until([&own] { return own.simulation.steps() >= own.comes_back_at; });
      own.came_back = true;
      own.expect(own.fenced == (own.over || own.system().abandoned().threads_ever != 0), "hold_thread");
      try_at_once(own, program, inbox, *job);
      if (own.attempt == Attempt::leave) co_return;
      if (own.attempt == Attempt::tell) static_cast<void>(co_await own.witness.tell<Note>(stale, Reply<int>{}));
      if (own.attempt == Attempt::ask) static_cast<void>(co_await own.witness.ask<Note>(stale));
      if (own.attempt == Attempt::ask_within) {
        static_cast<void>(co_await own.witness.ask<Note>(stale).within(milliseconds(1)));
      }
      if (own.attempt == Attempt::pass_on) {
        static_cast<void>(co_await self.tell<Do>(false, stale, std::move(job->reply)));
      }
      if (own.attempt == Attempt::tell_itself) {
        static_cast<void>(co_await self.tell<Do>(false, stale, Reply<std::uint32_t>{}));
      }
      if (own.attempt == Attempt::task && !own.over) {
        TaskGroup tasks(own.system());
        tasks.spawn(errand(program, own.fenced));
        static_cast<void>(co_await tasks.join());
      }
      if (own.attempt == Attempt::blocking) {
        // What a writer does, whose journal would not know the pool's thread for a replaced one's.
        const auto call = [&own] { own.ran_stale = own.ran_stale || own.fenced; };
        co_await blocking(call);
      }
      if (own.attempt == Attempt::scope) {
        const auto body = [&](Scope& scope) -> Task<> {
          scope.spawn(errand(program, own.fenced));
          co_return;
        };
        co_await scope(body);
      }
      if (own.attempt == Attempt::receive_within) static_cast<void>(co_await inbox.receive().within(milliseconds(1)));
      if (own.attempt == Attempt::sleep) co_await sleep(milliseconds(1));
      if (own.attempt == Attempt::yield) co_await yield();
      if (own.attempt == Attempt::receive) static_cast<void>(co_await inbox.receive());
      // What does not wait may be followed by anything; a replaced incarnation never gets past the next wait.
      if (own.fenced) co_await sleep(milliseconds(1));
      own.went_on = true;
    }
    job->reply(this_actor().incarnation);
  }
}

Task<> ask(Address<Do> to, bool hold, int number, std::vector<Result<std::uint32_t>>& answers) {
  answers.push_back(co_await to.ask<Do>(hold, number));
}

/// Runs the program; the holder comes back before event `step`. Gives the number of events.
std::uint64_t run(std::uint64_t seed, Attempt attempt, std::uint64_t step, Shared& program) {
  const Census census;
  std::vector<Result<std::uint32_t>> first;
  std::vector<Result<std::uint32_t>> others;
  std::uint64_t steps = 0;
  {
    SimulatedSystem simulation(seed);
    System& system = simulation.system();
    const Supervisor supervisor(system, {.heartbeat = milliseconds(10), .cutoff = milliseconds(10)});
    program = std::make_shared<Program>(simulation, attempt, step);
    program->journal =
        std::move(Journal::open(program->disk.attach(), {}, [](const Record&) { return Result<void>(); })).value();
    program->witness = system.spawn("witness", witness, {}, program);
    const auto actor = system.spawn("zealot", zealot, {}, program, Counted(census));
    TaskGroup askers(system);
    askers.spawn(ask(actor, true, 0, first));
    EXPECT_TRUE(simulation.run_until([&] { return !program->handled.empty(); }));
    for (int i = 1; i <= 3; ++i) askers.spawn(ask(actor, false, i, others));
    EXPECT_TRUE(wait(system, askers.join())) << "no asker waits for ever";
    simulation.run_for(milliseconds(5));
    const Duration before = simulation.now();
    system.shutdown(milliseconds(5));
    EXPECT_LE(simulation.now() - before, milliseconds(300)) << "shutdown is bounded";
    EXPECT_TRUE(actor.stopped());
    steps = simulation.steps();
    program->over = true;
  }
  EXPECT_EQ(census.living(), 0);
  EXPECT_EQ(detail::SlotPointer::orphans(), 0U);
  EXPECT_EQ(first.size(), 1U);
  EXPECT_EQ(others.size(), 3U);
  EXPECT_TRUE(program->came_back);
  EXPECT_EQ(program->wrong, "");
  EXPECT_FALSE(program->ran_stale);
  if (program->fenced) {
    EXPECT_TRUE(!first.at(0) && first.at(0).error() == ErrorCode::actor_crashed);
    EXPECT_FALSE(program->went_on);
    EXPECT_EQ(program->noted, std::vector<int>());
    EXPECT_EQ(program->lives, (std::vector<std::uint32_t>{1, 2}));
    EXPECT_EQ(program->journal->last_lsn(), program->last_lsn);
    EXPECT_EQ(program->journal->committed_lsn(), 1U);
    EXPECT_TRUE(program->journal->commit()) << "it is open for others";
    EXPECT_TRUE(program->journal->flush());
    EXPECT_EQ(program->journal->add(RecordKind{1}, "next"), program->last_lsn + 1);
    EXPECT_TRUE(program->journal->commit());
    std::ranges::sort(program->handled);
    EXPECT_EQ(program->handled, (std::vector<int>{0, 1, 2, 3})) << "each once, and nothing of the stale one's";
    for (const auto& answer : others) EXPECT_EQ(answer.value_or(0), 2U);
  } else {
    // Back just before its cutoff, it may be late for that all the same, where it waits next.
    EXPECT_TRUE(program->went_on || program->lives.size() == 2 || attempt == Attempt::leave);
  }
  program->journal.reset();
  return steps;
}

class ComesBackAnd : public testing::TestWithParam<int> {};

TEST_P(ComesBackAnd, TriesAtEveryEvent) {
  const auto attempt = static_cast<Attempt>(GetParam());
  constexpr std::uint64_t never = std::numeric_limits<std::uint64_t>::max();
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    std::uint64_t fenced = 0;
    Shared program;
    const std::uint64_t steps = run(seed, attempt, never, program);
    ASSERT_TRUE(program->fenced);
    for (std::uint64_t step = 0; step <= steps + 1; ++step) {
      SCOPED_TRACE("seed " + std::to_string(seed) + ", back at event " + std::to_string(step));
      run(seed, attempt, step, program);
      fenced += program->fenced ? 1 : 0;
      if (HasFailure()) return;
    }
    EXPECT_GT(fenced, 10U) << "it was replaced in many of the runs,";
    EXPECT_LT(fenced, steps) << "and in time in others";
  }
}
/// What the successor waits for is none of the replaced one's business, which has the same mailbox and context.
struct Neighbour {
  std::uint64_t comes_back_at = 0;
  bool began = false;
  bool fenced = false;
  int waits = 0;
  std::string wrong;
};

Task<> open_a_scope(Neighbour& neighbour) {
  const auto body = [&](Scope& scope) -> Task<> {
    const auto* const opened = detail::this_thread().current->make_extras().scopes;
    co_await sleep(milliseconds(1));
    if (detail::this_thread().current->make_extras().scopes != opened) neighbour.wrong = "another's scope is open here";
    EXPECT_EQ(scope.size(), 0U);
  };
  co_await scope(body);
}

Task<> wait_for_a_message(Mailbox<Note>& inbox, SimulatedSystem& simulation, Neighbour& neighbour) {
  const Duration before = simulation.now();
  auto note = co_await inbox.receive().within(milliseconds(1));
  const Duration waited = simulation.now() - before;
  if (note) neighbour.wrong = "a message came";
  if (waited < milliseconds(1) || waited > milliseconds(2)) neighbour.wrong = "a time-out came too early or too late";
}

Task<> neighbour_of_itself(Mailbox<Note>& inbox, SimulatedSystem& simulation, Neighbour& neighbour, bool scopes) {
  auto first = co_await inbox.receive();
  if (!std::exchange(neighbour.began, true)) {
    neighbour.fenced = !simulation.hold_thread_until([&] { return simulation.steps() >= neighbour.comes_back_at; });
    if (!neighbour.fenced) neighbour.waits = 8;
  }
  while (neighbour.waits < 8) {
    if (scopes) co_await open_a_scope(neighbour);
    if (!scopes) co_await wait_for_a_message(inbox, simulation, neighbour);
    ++neighbour.waits;
    if (neighbour.fenced && this_actor().incarnation == 1) neighbour.wrong = "it went on";
    beat();
  }
}

TEST(ComesBack, WithoutAHandInWhatItsSuccessorWaitsFor) {
  for (const bool scopes : {false, true}) {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
      std::uint64_t fenced = 0;
      bool came_back = true;
      for (std::uint64_t step = 0; came_back; ++step) {
        Neighbour neighbour{.comes_back_at = step, .wrong = {}};
        SimulatedSystem simulation(seed);
        System& system = simulation.system();
        const Supervisor supervisor(system, {.heartbeat = milliseconds(10), .cutoff = milliseconds(10)});
        const auto actor = system.spawn("neighbour", neighbour_of_itself, {.restart = Restart::transient},
                                        std::ref(simulation), std::ref(neighbour), scopes);
        ASSERT_TRUE(actor.try_tell(Note{.number = 1, .reply = {}}));
        ASSERT_TRUE(actor.try_tell(Note{.number = 2, .reply = {}}));
        const bool ended = simulation.run_until([&] { return neighbour.waits == 8; }, std::chrono::seconds(1));
        ASSERT_TRUE(ended) << "seed " << seed << ", back at event " << step;
        ASSERT_EQ(neighbour.wrong, "") << "seed " << seed << ", back at event " << step;
        fenced += neighbour.fenced ? 1 : 0;
        came_back = simulation.steps() >= step;
      }
      EXPECT_GT(fenced, 10U);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Attempts, ComesBackAnd, testing::Range(0, static_cast<int>(last_attempt) + 1));

}  // namespace
}  // namespace understudy::test
