// G9: an acknowledged write survives what its durability says, and nobody sees a value that a crash can still take
// back. The attack: writers count upwards, readers note the highest value they saw, and the power (or the process) is
// taken away in the middle of any write or flush. What comes back must be at least what anybody was told.
#include "support/quiet.hpp"
#include "understudy/runtime/sleep.hpp"
#include "understudy/runtime/task_group.hpp"
#include "understudy/runtime/wait.hpp"
#include "understudy/simulation/simulated_storage.hpp"
#include "understudy/simulation/simulated_system.hpp"
#include "understudy/store/store.hpp"
#include "understudy/supervision/supervisor.hpp"

#include <array>
#include <cstdint>
#include <string>

#include <gtest/gtest.h>

namespace understudy::test {
namespace {

constexpr std::size_t key_count = 3;

/// The highest value of each key that somebody was told: by an acknowledgement, or by a read.
struct Told {
  std::array<std::uint64_t, key_count> value{};
  bool over = false;  // The power is gone: whatever is answered from here on was never heard.
  void hear(std::size_t key, std::uint64_t seen) {
    if (!over && seen > value.at(key)) value.at(key) = seen;
  }
};

std::string name(std::size_t key) { return "counter-" + std::to_string(key); }

Task<> count_up(store::Store& store, Told& told, std::size_t key, std::uint64_t from) {
  for (std::uint64_t value = from + 1;; ++value) {
    const Result<void> done = co_await store.set(name(key), std::to_string(value));
    if (!done) co_return;
    told.hear(key, value);
  }
}

Task<> read_on(store::Store& store, Told& told, std::size_t key) {
  for (;;) {
    co_await sleep(std::chrono::microseconds(50));
    const Result<std::optional<Bytes>> value = co_await store.get(name(key));
    if (!value) co_return;
    if (*value) told.hear(key, std::stoull(**value));
  }
}

Result<std::unique_ptr<store::Store>> open_store(System& system, SimulatedDisk& disk, Durability durability) {
  store::StoreOptions options;
  options.durability = durability;
  options.flush_interval = std::chrono::milliseconds(20);
  options.segment_bytes_max = 600;
  options.snapshot_after_bytes = 900;
  options.open_storage = [&disk] { return Result<std::shared_ptr<Storage>>(disk.attach()); };
  return store::Store::open(system, std::move(options));
}

void attack(std::uint64_t seed, Durability durability, bool lose_power) {
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  SeededRandom random(seed);
  SimulatedDisk disk(seed);
  Told told;
  for (int life = 0; life < 3; ++life) {
    SimulatedSystem simulation(random.next());
    const Supervisor supervisor(simulation.system());
    auto store = open_store(simulation.system(), disk, durability);
    ASSERT_TRUE(store.has_value()) << store.error().message();
    for (std::size_t key = 0; key < key_count; ++key) {
      const std::optional<Bytes> value = wait(simulation.system(), (*store)->get(name(key))).value();
      ASSERT_GE(value ? std::stoull(*value) : 0, told.value.at(key)) << name(key) << " in life " << life;
    }
    told.over = false;
    TaskGroup group(simulation.system());
    for (std::size_t key = 0; key < key_count; ++key) {
      group.spawn(count_up(**store, told, key, told.value.at(key)));
      group.spawn(read_on(**store, told, key));
    }
    const std::uint64_t losses = disk.power_losses();
    if (lose_power) disk.lose_power_at(1 + random.below(50));
    simulation.run_until([&] { return disk.power_losses() != losses; },
                         std::chrono::milliseconds(1 + random.below(40)));
    told.over = true;
    disk.lose_power_at(0);
    if (lose_power && disk.power_losses() == losses) disk.crash();
    if (!lose_power) disk.kill();
    group.cancel();
  }
}

TEST(AcknowledgedSurvives, AlwaysSurvivesPowerLoss) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) attack(seed, Durability::always, true);
}

TEST(AcknowledgedSurvives, IntervalSurvivesTheEndOfTheProcess) {
  for (std::uint64_t seed = 1; seed <= 150; ++seed) attack(seed, Durability::interval, false);
}

}  // namespace
}  // namespace understudy::test
