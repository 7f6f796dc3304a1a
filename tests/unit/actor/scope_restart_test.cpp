// Attacks: the tasks of an actor's scope end before its next life begins, however the last one ended.
#include "support/counted.hpp"
#include "support/runtimes.hpp"
#include "understudy/runtime/scope.hpp"
#include "understudy/supervision/supervisor.hpp"

#include <atomic>
#include <stdexcept>

#include <gtest/gtest.h>

namespace understudy::test {
namespace {

struct Go {
  bool crash;
};

Task<> linger(const Counted& of_the_actor, Census census) {
  const Counted life(census);
  const Counted copy(of_the_actor);
  for (;;) co_await sleep(Duration(1000));
}

Task<> crash_later(bool crash, Duration delay) {
  co_await sleep(delay);
  if (crash) throw std::runtime_error("as it was told");
}

Task<> parent(Mailbox<Go>& inbox, Census census, std::uint64_t seed, std::atomic<int>& lives) {
  EXPECT_EQ(census.living(), 0) << "of the life before";
  ++lives;
  SeededRandom random(seed + static_cast<std::uint64_t>(lives.load()));
  const Counted mine(census);
  while (auto go = co_await inbox.receive()) {
    auto body = [&](Scope& scope) -> Task<> {
      for (int i = 0; i < 4; ++i) scope.spawn(linger(mine, census));
      scope.spawn(crash_later(go->crash, Duration(random.below(10'000))));
      co_await sleep(Duration(random.below(20'000)));
      scope.cancel();
    };
    co_await scope(std::move(body));
  }
}

TEST(ScopeRestart, TasksEndBeforeTheNextLife) {
  on_every_runtime(
      [](System& system) {
        const Supervisor supervisor(system, {.intensity = {.restarts = 1'000'000, .within = std::chrono::seconds(1)},
                                             .backoff = {.first = Duration{0}, .next = Duration{0}},
                                             .on_incident = {}});
        const Census census;
        std::atomic<int> lives = 0;
        SeededRandom random(system.random_number());
        const auto actor = system.spawn("parent", parent, {}, census, random.next(), std::ref(lives));
        int resets = 0;
        for (int round = 0; round < 20; ++round) {
          ASSERT_TRUE(wait(system, actor.tell(Go{random.chance(40)})));
          pass_time(system, Duration(random.below(40'000)));
          if (random.chance(50) && actor.reset()) ++resets;
        }
        actor.stop();
        ASSERT_TRUE(eventually(system, [&] { return actor.stopped(); }));
        EXPECT_GT(lives.load(), resets);
        EXPECT_EQ(census.living(), 0);
      },
      200);
}

}  // namespace
}  // namespace understudy::test
