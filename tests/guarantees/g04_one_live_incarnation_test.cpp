// G4: at no moment do two incarnations of an actor live: the frame of the old one, and those of its children, have
// ended before the new one starts. Attacked by crashes, hangs and resets of a family, from many threads at once.
#include "support/runtimes.hpp"
#include "understudy/runtime/task_group.hpp"
#include "understudy/supervision/supervisor.hpp"

#include <array>
#include <atomic>
#include <memory>
#include <stdexcept>

#include <gtest/gtest.h>

namespace understudy::test {
namespace {

/// Who lives, by the place in the family: 0 the parent, 1 and 2 its children.
struct Census3 {
  std::array<std::atomic<int>, 3> living{};
  std::array<std::atomic<std::uint32_t>, 3> latest{};
  std::atomic<int> violations{0};
  std::atomic<int> lives{0};
};

/// An argument; its copy in the frame counts the incarnation that it belongs to.
class Life {
 public:
  explicit Life(std::shared_ptr<Census3> all) : census_(std::move(all)) {}
  Life(const Life& other) : census_(other.census_) {}
  Life& operator=(const Life&) = delete;
  ~Life() {
    if (place_ >= 0) --census_->living[static_cast<std::size_t>(place_)];
  }
  void begin(int place) {
    place_ = place;
    ++census_->lives;
    if (++census_->living[static_cast<std::size_t>(place)] != 1) ++census_->violations;
    if (place == 0) {
      if (census_->living[1] != 0 || census_->living[2] != 0) ++census_->violations;
      const std::uint32_t own = this_actor().incarnation;
      if (census_->latest[0].exchange(own) + 1 != own) ++census_->violations;
    }
  }

 private:
  std::shared_ptr<Census3> census_;
  int place_ = -1;
};

Task<> member(Mailbox<int>& inbox, Life life, int place, System& system) {
  life.begin(place);
  std::array<Address<int>, 2> children;
  if (place == 0) {
    children[0] = spawn_child("one", member, {.restart = Restart::with_parent}, life, 1, std::ref(system));
    children[1] = spawn_child("two", member, {}, life, 2, std::ref(system));
  }
  while (auto message = co_await inbox.receive()) {
    if (place == 0) static_cast<void>(children[system.random_number() % 2].try_tell(int(*message)));
    switch (system.random_number() % 30) {
      case 0:
        throw std::runtime_error("crash");
      case 1:
        co_await sleep(std::chrono::hours(1));
        break;
      case 2:
      case 3:
        co_await sleep(Duration(5000));
        break;
      default:
        break;
    }
  }
}

void attack(System& system, std::uint64_t seed, int blows) {
  SeededRandom random(seed);
  const auto census = std::make_shared<Census3>();
  {
    const Supervisor supervisor(system, {.heartbeat = std::chrono::milliseconds(10),
                                         .cutoff = std::chrono::milliseconds(10),
                                         .intensity = {.restarts = 1'000'000},
                                         .backoff = {.next = Duration(200), .longest = Duration(2000)}});
    const auto root = system.spawn("root", member, {}, Life(census), 0, std::ref(system));
    TaskGroup resetters(system);
    for (int i = 0; i < 3; ++i) {
      resetters.spawn([](Address<int> to, int count, std::uint64_t own_seed) -> Task<> {
        SeededRandom own(own_seed);
        for (int blow = 0; blow < count; ++blow) {
          static_cast<void>(to.try_tell(int(blow)));
          if (own.chance(20)) static_cast<void>(to.reset());
          co_await sleep(Duration(own.below(10'000)));
        }
      }(root, blows, random.next()));
    }
    ASSERT_TRUE(wait(system, resetters.join()));
    root.stop();
    ASSERT_TRUE(eventually(system, [&] { return root.stopped(); }));
  }
  EXPECT_EQ(census->violations.load(), 0);
  for (const auto& living : census->living) EXPECT_EQ(living.load(), 0);
  EXPECT_GT(census->lives.load(), 3);
}

TEST(G04OneLiveIncarnation, InSimulation) {
  for_each_seed(400, [](SimulatedSystem& simulation) { attack(simulation.system(), simulation.seed(), 40); });
}

TEST(G04OneLiveIncarnation, OnRealThreads) {
  on_real_threads([](System& outer) {
    for (std::uint64_t round = 1; round <= 3; ++round) {
      System system({.workers = outer.worker_count()});
      attack(system, round, 600);
    }
  });
}

}  // namespace
}  // namespace understudy::test
