// A storm of requests: askers with and without deadlines, destroyed at random moments, ask an actor that answers at
// once, late, from elsewhere, never, or crashes with the request in hand; and is reset now and then. What each request
// came to is tallied, so that tests can say: every ask ended, once, and no message was started twice.
#pragma once

#include "support/counted.hpp"
#include "understudy/actor/system.hpp"
#include "understudy/base/random.hpp"
#include "understudy/runtime/sleep.hpp"
#include "understudy/runtime/task_group.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace understudy::test {

/// What the actor does with a request.
enum class Treatment : std::uint8_t { answer, answer_late, forward, keep, drop, crash, caught, fail };
inline constexpr std::uint64_t treatments = 8;

struct Job {
  std::uint64_t number;
  Treatment treatment;
  Duration delay;
  Counted token;
  Reply<std::uint64_t> reply;
};

struct Tally {
  explicit Tally(std::size_t jobs) : started(jobs) {}

  Census tokens;
  std::vector<std::atomic<std::uint8_t>> started;  // By number: how often the actor has begun it.
  std::atomic<std::uint64_t> asked{0};
  std::atomic<std::uint64_t> answered{0};
  std::atomic<std::uint64_t> wrong{0};      // Answers to something else.
  std::atomic<std::uint64_t> destroyed{0};  // Askers that were destroyed while they waited.
  std::array<std::atomic<std::uint64_t>, error_code_count> failed{};

  [[nodiscard]] std::uint64_t failures() const {
    std::uint64_t sum = 0;
    for (const auto& count : failed) sum += count.load();
    return sum;
  }
  [[nodiscard]] std::uint64_t ended() const { return answered.load() + failures() + destroyed.load(); }
  [[nodiscard]] std::uint64_t of(ErrorCode code) const { return failed[static_cast<std::size_t>(code)].load(); }
  [[nodiscard]] bool started_twice() const {
    for (const auto& times : started) {
      if (times.load() > 1) return true;
    }
    return false;
  }
  void note(std::uint64_t number, const Result<std::uint64_t>& result) {
    if (!result) {
      ++failed[static_cast<std::size_t>(result.error().code())];
    } else if (*result == number) {
      ++answered;
    } else {
      ++wrong;
    }
  }
};

/// Answers what it is given after a while.
inline Task<> storm_deputy(Mailbox<Job>& inbox) {
  while (auto job = co_await inbox.receive()) {
    co_await sleep(job->delay);
    job->reply(job->number);
  }
}

inline void throw_through(Job job) {
  if (job.number != ~std::uint64_t{0}) throw std::runtime_error("through " + std::to_string(job.number));
}

inline Task<> storm_actor(Mailbox<Job>& inbox, std::shared_ptr<Tally> tally) {
  const Counted life(tally->tokens);
  const Address<Job> deputy = spawn_child("deputy", storm_deputy, {.capacity = 4});
  std::optional<Job> kept;
  while (auto job = co_await inbox.receive()) {
    ++tally->started[job->number];
    switch (job->treatment) {
      case Treatment::answer:
        job->reply(job->number);
        break;
      case Treatment::answer_late:
        co_await sleep(job->delay);
        job->reply(job->number);
        break;
      case Treatment::forward:
        static_cast<void>(co_await deputy.tell(std::move(*job)));
        break;
      case Treatment::keep:
        if (kept) kept->reply(kept->number);
        kept = std::move(job);
        break;
      case Treatment::drop:
        break;
      case Treatment::crash:
        throw std::runtime_error("job " + std::to_string(job->number));
      case Treatment::caught:
        try {
          throw_through(std::move(*job));
        } catch (const std::runtime_error&) {
        }
        break;
      case Treatment::fail:
        job->reply.fail(ErrorCode::storage_failed);
        break;
    }
  }
}

/// Makes `jobs` requests, one after the other, each drawn from `random`.
inline Task<> storm_asker(Address<Job> actor, std::shared_ptr<Tally> tally, std::uint64_t first, std::uint64_t jobs,
                          std::uint64_t seed, std::uint64_t delay_ns_max) {
  struct Guard {
    explicit Guard(Tally& all) : tally(all) { ++tally.asked; }
    Guard(const Guard&) = delete;
    Guard& operator=(const Guard&) = delete;
    ~Guard() {
      if (!ended) ++tally.destroyed;
    }
    Tally& tally;
    bool ended = false;
  };
  SeededRandom random(seed);
  const Counted life(tally->tokens);
  for (std::uint64_t number = first; number < first + jobs; ++number) {
    const auto treatment = static_cast<Treatment>(random.below(treatments));
    const Duration delay(random.below(delay_ns_max));
    Guard guard(*tally);
    if (random.chance(50)) {
      const Duration limit(random.below(2 * delay_ns_max));
      tally->note(number, co_await actor.ask<Job>(number, treatment, delay, Counted(tally->tokens)).within(limit));
    } else {
      tally->note(number, co_await actor.ask<Job>(number, treatment, delay, Counted(tally->tokens)));
    }
    guard.ended = true;
  }
}

struct StormOptions {
  std::uint64_t seed = 1;
  std::uint64_t askers = 6;
  std::uint64_t jobs_each = 8;
  std::uint64_t delay_ns_max = 20'000;  // The shorter, the closer the races of answers, deadlines and kills.
  std::uint64_t blows = 6;              // Groups of askers destroyed, and actors reset.
  std::uint32_t capacity = 3;
  WhenFull when_full = WhenFull::wait;
};

/// The askers against the actor, with blows in between; ends when every asker has ended.
inline Task<> storm(System& system, std::shared_ptr<Tally> tally, StormOptions options) {
  SeededRandom random(options.seed);
  const Address<Job> actor =
      system.spawn("storm", storm_actor, {.capacity = options.capacity, .when_full = options.when_full}, tally);
  std::vector<std::unique_ptr<TaskGroup>> groups;
  for (std::uint64_t i = 0; i < options.askers; ++i) {
    groups.push_back(std::make_unique<TaskGroup>(system));
    groups.back()->spawn(
        storm_asker(actor, tally, i * options.jobs_each, options.jobs_each, random.next(), options.delay_ns_max));
  }
  for (std::uint64_t i = 0; i < options.blows; ++i) {
    co_await sleep(Duration(random.below(4 * options.delay_ns_max)));
    if (random.chance(50)) {
      static_cast<void>(actor.reset());
    } else {
      groups[random.below(groups.size())]->cancel();
    }
  }
  co_await sleep(Duration(random.below(options.jobs_each * options.delay_ns_max)));
  actor.stop();
  for (const auto& group : groups) co_await group->join();
}

inline std::shared_ptr<Tally> make_tally(const StormOptions& options) {
  return std::make_shared<Tally>(options.askers * options.jobs_each);
}

}  // namespace understudy::test
