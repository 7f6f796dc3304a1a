// `understudy demo stuck`: an actor that spins, one that blocks, one that crashes and two in a circle are found and
// replaced, while a thousand neighbours go on.
#include "tool/demo.hpp"
#include "understudy/base/logging.hpp"
#include "understudy/runtime/sleep.hpp"
#include "understudy/runtime/task_group.hpp"
#include "understudy/runtime/wait.hpp"
#include "understudy/supervision/supervisor.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

#include <fmt/format.h>

namespace understudy::tool {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds cutoff{500};
constexpr int neighbours = 1000;
constexpr double neighbour_limit_ms = 10;

/// What holds actors up, until the curtain falls.
class Curtain {
 public:
  void fall() {
    {
      const std::lock_guard lock(mutex_);
      fallen_ = true;
    }
    changed_.notify_all();
  }
  void block() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return fallen_.load(); });
  }
  void spin() const {
    while (!fallen_.load(std::memory_order_relaxed)) {
    }
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::atomic<bool> fallen_{false};
};

struct Play {
  bool fails;
  Reply<std::uint32_t> reply;  // The incarnation that answers.
};
struct Question {
  Reply<std::uint32_t> reply;
};

Task<> spinner(Mailbox<Play>& inbox, std::shared_ptr<Curtain> curtain) {
  while (auto play = co_await inbox.receive()) {
    if (play->fails) curtain->spin();
    play->reply(this_actor().incarnation);
  }
}
Task<> blocker(Mailbox<Play>& inbox, std::shared_ptr<Curtain> curtain) {
  while (auto play = co_await inbox.receive()) {
    if (play->fails) curtain->block();
    play->reply(this_actor().incarnation);
  }
}
Task<> crasher(Mailbox<Play>& inbox, std::shared_ptr<Curtain> /*curtain*/) {
  while (auto play = co_await inbox.receive()) {
    if (play->fails) throw std::runtime_error("forgot the lines");
    play->reply(this_actor().incarnation);
  }
}
Task<> echo(Mailbox<Question>& inbox, Address<Play> of) {
  while (auto question = co_await inbox.receive()) {
    const Result<std::uint32_t> answer = co_await of.ask<Play>(false);
    if (answer) {
      question->reply(*answer);
    } else {
      question->reply.fail(answer.error());
    }
  }
}
/// Asks its echo, which asks it.
Task<> narcissus(Mailbox<Play>& inbox, std::shared_ptr<Curtain> /*curtain*/) {
  const Address<Question> reflection = spawn_child("echo", echo, {}, inbox.address());
  while (auto play = co_await inbox.receive()) {
    if (play->fails) {
      const Result<std::uint32_t> answer = co_await reflection.ask<Question>();
      if (!answer) throw std::runtime_error(std::string(answer.error().message()));
    }
    play->reply(this_actor().incarnation);
  }
}

Task<> neighbour(Mailbox<Question>& inbox) {
  while (auto question = co_await inbox.receive()) question->reply(1U);
}

using Milliseconds = std::vector<double>;
double passed_ms(const Clock& clock, TimePoint since) {
  return std::chrono::duration<double, std::milli>(clock.now() - since).count();
}

/// Asks a neighbour every half millisecond. What comes late counts from when it should have been asked, so that a
/// hold-up counts for all asks that it delays.
Task<> ask_neighbours(const Clock& clock, const std::vector<Address<Question>>& all, const std::atomic<bool>& end,
                      Milliseconds& samples) {
  TimePoint due = clock.now();
  for (std::size_t i = 0; !end.load(std::memory_order_relaxed); i = (i + 1) % all.size()) {
    due += std::chrono::microseconds(500);
    const Duration early = due - clock.now();
    if (early > Duration{0}) co_await sleep(early);
    const Result<std::uint32_t> answer = co_await all[i].ask<Question>();
    if (answer) samples.push_back(passed_ms(clock, due));
  }
}

/// One that fails, and how long it is until somebody else answers.
struct Part {
  std::string name;
  Address<Play> actor;
  double out_ms = 0;
  Result<std::uint32_t> in_hand = failure(ErrorCode::timeout);
  Result<std::uint32_t> behind = failure(ErrorCode::timeout);
};
Task<> fail(Part& part) { part.in_hand = co_await part.actor.ask<Play>(true); }
Task<> wait_behind(const Clock& clock, TimePoint begin, Part& part) {
  part.behind = co_await part.actor.ask<Play>(false).within(std::chrono::seconds(10));
  part.out_ms = passed_ms(clock, begin);
}

bool show(const Part& part) {
  const ErrorCode in_hand = part.in_hand ? ErrorCode::timeout : part.in_hand.error().code();
  const bool held = in_hand == ErrorCode::actor_crashed && part.behind.value_or(0) == 2 &&
                    part.out_ms < static_cast<double>(cutoff.count()) + 100;
  fmt::print("  {:9}  in hand: {:13}  behind it: answered by incarnation {} after {:6.1f} ms{}\n", part.name,
             name_of(in_hand), part.behind.value_or(0), part.out_ms, held ? "" : "   DID NOT HOLD");
  return held;
}

}  // namespace

int run_demo_stuck() {
  System system({.workers = 4});  // Two of them will be held, and neighbours need one.
  const Clock& clock = system.clock();
  const TimePoint start = clock.now();
  std::mutex printing;
  set_log_level(LogLevel::error);
  SupervisionOptions options;
  options.cutoff = cutoff;
  std::atomic<std::size_t> told = 0;
  options.on_incident = [&](const Incident& incident) {
    const std::lock_guard lock(printing);
    ++told;
    fmt::print("{:6.0f} ms  {}\n", passed_ms(clock, start), describe(incident));
  };
  const Supervisor supervisor(system, options);
  const auto curtain = std::make_shared<Curtain>();
  std::vector<Address<Question>> all;
  all.reserve(neighbours);
  for (int i = 0; i < neighbours; ++i) all.push_back(system.spawn("neighbour", neighbour));
  std::array<Part, 4> parts{{{"spinning", system.spawn("spinner", spinner, {}, curtain)},
                             {"blocked", system.spawn("blocker", blocker, {}, curtain)},
                             {"circle", system.spawn("narcissus", narcissus, {}, curtain)},
                             {"crashing", system.spawn("crasher", crasher, {}, curtain)}}};
  fmt::print("four workers, {} neighbours, cutoff {} ms; now four actors fail, each in its way\n", neighbours,
             cutoff.count());
  Milliseconds samples;
  std::atomic<bool> end = false;
  TaskGroup tasks(system);
  tasks.spawn(ask_neighbours(clock, all, end, samples));
  TaskGroup play(system);
  for (Part& part : parts) {
    const TimePoint begin = clock.now();
    play.spawn(fail(part));
    static_cast<void>(wait(system, [](Address<Play> actor) -> Task<> {
      while (actor.depth() == 0 && actor.incarnation() == 0) co_await yield();
    }(part.actor)));
    play.spawn(wait_behind(clock, begin, part));
  }
  static_cast<void>(wait(system, play.join()));
  end = true;
  static_cast<void>(wait(system, tasks.join()));
  // A stack takes a moment to be described.
  static_cast<void>(wait(system, [](std::atomic<std::size_t>& seen) -> Task<> {
    for (int i = 0; i < 2000 && seen.load() < 4; ++i) co_await sleep(milliseconds(1));
  }(told)));
  const std::uint32_t left = system.abandoned().threads_now;
  curtain->fall();
  bool held = true;
  {
    const std::lock_guard lock(printing);
    for (const Part& part : parts) held = show(part) && held;
  }
  std::ranges::sort(samples);
  const double p99 = samples.empty() ? 1e9 : samples[samples.size() * 99 / 100];
  fmt::print("  neighbours: {} asks meanwhile, 99 of 100 within {:.2f} ms; threads left behind: {}\n", samples.size(),
             p99, left);
  held = held && p99 < neighbour_limit_ms;
  fmt::print("{}\n", held ? "all of it held" : "NOT all of it held");
  return held ? 0 : 1;
}

}  // namespace understudy::tool
