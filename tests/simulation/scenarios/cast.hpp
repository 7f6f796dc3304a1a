// The cast of the scenarios with supervised actors: what a message does to the actor that handles it, and what is known
// of all actors over all their lives, to be checked.
#pragma once

#include "support/counted.hpp"
#include "understudy/actor/system.hpp"
#include "understudy/journal/journal.hpp"
#include "understudy/simulation/simulated_storage.hpp"
#include "understudy/simulation/simulated_system.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include <fmt/format.h>

namespace simulation {

namespace us = understudy;

using us::test::Census;
using us::test::Counted;

enum class Fate : std::uint8_t { none, crash, hang, hold };

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
  int behind = 0;           // Of these, incarnations that hold their threads, or have been replaced when they did.
  int children = 0;         // Incarnations of its children that live,
  int children_behind = 0;  // and those of them that are behind.
  std::uint64_t births = 0;
  std::uint32_t incarnation = 0;
  std::map<std::uint64_t, std::uint64_t> latest;  // By sender: the number handled last.
};

/// Who a replaced incarnation says it is.
inline constexpr std::uint64_t stale_sender = ~std::uint64_t{0};

struct World {
  explicit World(std::uint64_t seed) : random(seed) {}
  void fail(std::string what) {
    if (failure.empty() && !what.empty()) failure = std::move(what);
  }
  Script draw_script() {
    Script script{.steps = random.below(5)};
    if (!random.chance(failing)) return script;
    script.fails_at = random.below(script.steps + 1);
    script.failures = 1 + random.below(4);
    script.fate = random.chance(60) ? Fate::crash : Fate::hang;
    if (holding) script.fate = random.chance(60) ? Fate::hold : script.fate;
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
    if (job.sender == stale_sender) fail("a replaced incarnation was heard");
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
  bool holding = false;       // Actors hold their threads, too;
  bool leaks = false;         // and one gets past its fence: the canary of that.
  us::SimulatedSystem* simulation = nullptr;
  std::unique_ptr<us::Journal> journal;
  std::uint64_t written = 0;   // Records that live incarnations have committed.
  std::uint64_t holds = 0;     // Times that a thread was held,
  std::uint64_t replaced = 0;  // and that whoever held it had been replaced when it came back.
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
    ++own.births;
    if (++own.lives > 1 + own.behind) world_.fail(fmt::format("actor {} has two lives at a time", place_));
    if (own.children > own.children_behind) {
      world_.fail(fmt::format("actor {} begins while {} of its children live", place_, own.children));
    }
    // A child is another actor each time that its parent spawns it.
    const std::uint32_t incarnation = us::this_actor().incarnation;
    if (!is_child() && incarnation <= own.incarnation) {
      world_.fail(fmt::format("actor {} was incarnation {} before", place_, incarnation));
    }
    own.incarnation = incarnation;
    if (is_child()) ++world_.places[parent_].children;
    births_of_parent_ = world_.places[parent_].births;
  }
  Life(const Life&) = delete;
  Life& operator=(const Life&) = delete;
  ~Life() {
    set_behind(false);
    --world_.places[place_].lives;
    if (is_child()) --world_.places[parent_].children;
  }

  /// It holds its thread, and may be replaced at any moment.
  void hold() { set_behind(true); }
  /// It has come back, and has not been replaced.
  void go_on() {
    set_behind(false);
    const Place& own = world_.places[place_];
    if (own.lives > 1 + own.behind) world_.fail(fmt::format("actor {} came back beside its successor", place_));
    if (is_child() && births_of_parent_ != world_.places[parent_].births) {
      world_.fail(fmt::format("actor {} came back under its parent's successor", place_));
    }
  }

 private:
  [[nodiscard]] bool is_child() const { return parent_ != place_; }
  void set_behind(bool behind) {
    const int change = static_cast<int>(behind) - static_cast<int>(std::exchange(behind_, behind));
    world_.places[place_].behind += change;
    if (is_child()) world_.places[parent_].children_behind += change;
  }

  World& world_;
  std::size_t place_;
  std::size_t parent_;
  std::uint64_t births_of_parent_ = 0;
  bool behind_ = false;
};

/// An ask, counted however it ends.
inline us::Task<> ask(std::shared_ptr<World> world, us::Address<Job> to, std::uint64_t sender, us::Duration limit) {
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
  if (answer && sender == stale_sender) world->fail("a replaced incarnation got an answer");
  if (answer && *answer != number) world->fail("an asker got somebody else's answer");
}

}  // namespace simulation
