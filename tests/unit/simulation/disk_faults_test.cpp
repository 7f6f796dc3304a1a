// Faults that a simulated disk injects when told to: by percentages, and at one operation.
#include "simulation/disk.hpp"
#include "understudy/runtime/blocking.hpp"
#include "understudy/runtime/wait.hpp"
#include "understudy/simulation/simulated_storage.hpp"
#include "understudy/simulation/simulated_system.hpp"

#include <array>
#include <memory>
#include <string>

#include <gtest/gtest.h>

namespace understudy {
namespace {

using namespace std::chrono_literals;

std::string content_of(StorageFile& file) {
  std::string content(static_cast<std::size_t>(file.size().value()), '\0');
  EXPECT_EQ(file.read_at(0, content), content.size());
  return content;
}

/// A flushed file of 2000 bytes.
std::unique_ptr<StorageFile> make_file(SimulatedDisk& disk, const std::string& name, char fill) {
  auto file = disk.attach()->create(name).value();
  EXPECT_TRUE(file->append(std::string(2000, fill)));
  EXPECT_TRUE(file->flush());
  return file;
}

TEST(DiskFaults, AShortWriteLeavesAPartAndNotAll) {
  SimulatedDisk disk(1);
  auto file = make_file(disk, "f", 'o');
  disk.set_faults({.short_write_percent = 100});
  for (int i = 0; i < 50; ++i) {
    const std::uint64_t before = file->size().value();
    EXPECT_EQ(file->append("0123456789").error(), ErrorCode::storage_failed);
    const std::uint64_t written = file->size().value() - before;
    EXPECT_GT(written, 0U);
    EXPECT_LT(written, 10U);
  }
  EXPECT_EQ(disk.fault_counts().short_writes, 50U);
}

TEST(DiskFaults, DirectoryChangesListsAndReadsFail) {
  SimulatedDisk disk(1);
  auto file = make_file(disk, "f", 'o');
  const auto storage = disk.attach();
  disk.set_faults({.directory_change_fails_percent = 100, .read_fails_percent = 100, .list_fails_percent = 100});
  EXPECT_EQ(storage->create("g").error().message(), "cannot create simulated/g: Input/output error");
  EXPECT_FALSE(storage->rename("f", "g"));
  EXPECT_FALSE(storage->remove("f"));
  EXPECT_FALSE(storage->list());
  std::array<char, 10> into{};
  EXPECT_FALSE(file->read_at(0, into));
  EXPECT_EQ(disk.fault_counts().failed_directory_changes, 3U);
  EXPECT_EQ(disk.fault_counts().failed_reads, 2U);
  disk.set_faults({});
  EXPECT_EQ(storage->list(), std::vector<std::string>{"f"}) << "nothing was done";
}

TEST(DiskFaults, ARenameWhoseFlushFailedMayBeLost) {
  int lost = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    SimulatedDisk disk(seed);
    make_file(disk, "f", 'o');
    disk.set_faults({.directory_flush_fails_percent = 100});
    EXPECT_FALSE(disk.attach()->rename("f", "g"));
    disk.crash();
    ASSERT_EQ(disk.files().size(), 1U);
    lost += disk.files().contains("f") ? 1 : 0;
  }
  EXPECT_GT(lost, 20);
  EXPECT_LT(lost, 80);
}

TEST(DiskFaults, AMisdirectedSectorIsNotWhereItShouldBe) {
  int onto_others = 0;
  int nowhere = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SimulatedDisk disk(seed);
    auto other = make_file(disk, "other", 'x');
    auto file = make_file(disk, "f", 'o');
    disk.set_faults({.misdirected_percent = 100});
    ASSERT_TRUE(file->append(std::string(5000, 'n')));
    const std::string wanted = content_of(*file);
    ASSERT_TRUE(file->flush()) << "nobody is told";
    EXPECT_EQ(content_of(*file), wanted) << "the cache shows it";
    ASSERT_TRUE(file->forget_cache());
    ASSERT_TRUE(other->forget_cache());
    EXPECT_NE(content_of(*file), wanted);
    const auto damage = disk.damage();
    ASSERT_FALSE(damage.empty());
    for (const DiskDamage& each : damage) onto_others += each.file == "other" ? 1 : 0;
    nowhere += damage.size() == 1 ? 1 : 0;
    if (content_of(*other) != std::string(2000, 'x')) {
      EXPECT_NE(content_of(*other).find('n'), std::string::npos) << "it has what should be elsewhere";
    }
  }
  EXPECT_GT(onto_others, 20);
  EXPECT_GT(nowhere, 20);
}

TEST(DiskFaults, RotIsInOldDataAndSaysWhere) {
  SimulatedDisk disk(1);
  auto file = make_file(disk, "f", 'o');
  auto other = make_file(disk, "other", 'x');
  disk.set_faults({.rot_percent = 100});
  ASSERT_TRUE(other->append("more"));
  ASSERT_TRUE(other->flush());
  const auto damage = disk.damage();
  ASSERT_EQ(damage.size(), 1U);
  EXPECT_EQ(damage.front().kind, DiskDamage::Kind::rot);
  EXPECT_EQ(disk.fault_counts().rotten, 1U);
  disk.crash();
  const Bytes rotten = disk.files().at(damage.front().file);
  const char fill = damage.front().file == "f" ? 'o' : 'x';
  EXPECT_NE(rotten.substr(damage.front().offset, damage.front().bytes), Bytes(damage.front().bytes, fill));
}

TEST(DiskFaults, ACacheMayBeDroppedByItself) {
  SimulatedDisk disk(3);
  auto file = make_file(disk, "f", 'o');
  ASSERT_TRUE(file->append(std::string(3000, 'n')));
  disk.set_faults({.flush_fails_percent = 100});
  ASSERT_FALSE(file->flush());
  const std::string seen = content_of(*file);
  EXPECT_EQ(seen.substr(2000), std::string(3000, 'n'));
  disk.set_faults({.cache_dropped_percent = 100});
  EXPECT_NE(content_of(*file), seen) << "what the failed flush has lost is gone";
}

TEST(DiskFaults, OneOperationFailsAsItWasTold) {
  struct Case {
    DiskFailure how;
    std::string left;
    std::string message;
  };
  for (const Case& each : {Case{DiskFailure::error, "", "Input/output error"},
                           Case{DiskFailure::error_after, "0123456789", "Input/output error"},
                           Case{DiskFailure::short_write, "01234", "Input/output error"},
                           Case{DiskFailure::no_space, "01234", "No space left on device"}}) {
    SimulatedDisk disk(1);
    const auto storage = disk.attach();
    disk.fail_operation(2, each.how);
    auto file = storage->create("f").value();
    const auto written = file->append("0123456789");
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().message(), "cannot write to simulated/f: " + each.message);
    EXPECT_EQ(content_of(*file), each.left);
    EXPECT_TRUE(file->append("and then no more fails"));
    EXPECT_EQ(disk.history()[1], DiskOperation::write);
  }
}

TEST(DiskFaults, ThePowerFailsBeforeOrAfterAnOperation) {
  SimulatedDisk disk(1);
  auto file = disk.attach()->create("f").value();
  ASSERT_TRUE(file->append("0123456789"));
  disk.fail_operation(1, DiskFailure::power_after);
  EXPECT_EQ(file->flush().error().message(), "cannot flush simulated/f: the power failed");
  EXPECT_EQ(disk.files().at("f"), "0123456789") << "it was saved";
  EXPECT_EQ(disk.power_losses(), 1U);
  disk.fail_operation(1, DiskFailure::power_before);
  EXPECT_FALSE(disk.attach()->remove("f"));
  EXPECT_TRUE(disk.files().contains("f"));
  disk.fail_operation(1, DiskFailure::power_after);
  EXPECT_FALSE(disk.attach()->remove("f"));
  EXPECT_FALSE(disk.files().contains("f"));
  EXPECT_EQ(disk.power_losses(), 3U);
}

TEST(DiskFaults, WritesInPlaceReachTheDiskWithAFlush) {
  SimulatedDisk disk(1);
  const auto file = disk.attach()->create("f").value();
  disk.set_faults({.capacity_bytes = 4096});
  ASSERT_TRUE(file->append(Bytes(4096, '\0')));
  EXPECT_EQ(file->append("x").error(), ErrorCode::storage_full);
  ASSERT_TRUE(file->write_at(1000, "in place")) << "that needs no room";
  EXPECT_EQ(file->write_at(4090, "past the end").error(), ErrorCode::storage_full);
  EXPECT_EQ(file->write_at(5000, "behind the end").error(), ErrorCode::invalid_argument);
  ASSERT_TRUE(file->flush());
  disk.crash();
  const Bytes left = disk.files().at("f");
  EXPECT_EQ(left.size(), 4096U);
  EXPECT_EQ(left.substr(1000, 8), "in place");
  EXPECT_EQ(left.substr(4090), "past t");
}

// --- time ------------------------------------------------------------------------------------------------------------

/// Appends on the blocking pool; when it had come back.
Task<Duration> append(SimulatedSystem& simulation, std::shared_ptr<StorageFile> file) {
  auto call = [file] { static_cast<void>(file->append("x")); };
  co_await blocking(std::move(call));
  co_return simulation.now();
}

TEST(DiskFaults, ASlowOperationTakesVirtualTime) {
  SimulatedDisk disk(1);
  SimulatedSystem simulation(1);
  std::shared_ptr<StorageFile> file = make_file(disk, "f", 'o');
  disk.set_faults({.slow_percent = 100, .slow_time_max = 10s});
  EXPECT_GT(wait(simulation.system(), append(simulation, file)).value(), 100ms);
  EXPECT_LT(simulation.now(), 11s);
  EXPECT_EQ(disk.fault_counts().slow, 1U);
  EXPECT_EQ(file->size(), 2001U);
}

TEST(DiskFaults, AStuckOperationHoldsItsThreadUntilItIsReleased) {
  SimulatedDisk disk(1);
  SimulatedSystem simulation(1);
  std::shared_ptr<StorageFile> file = make_file(disk, "f", 'o');
  disk.set_faults({.stuck_percent = 100});
  bool done = false;
  simulation.system().start([](SimulatedSystem& of, std::shared_ptr<StorageFile> to, bool& ended) -> Task<> {
    static_cast<void>(co_await append(of, std::move(to)));
    ended = true;
  }(simulation, file, done));
  EXPECT_FALSE(simulation.run_until([&] { return done; }, 1h));
  EXPECT_EQ(simulation.threads_held(), 1U);
  EXPECT_EQ(file->size(), 2000U);
  disk.set_faults({});
  disk.release_stuck();
  EXPECT_TRUE(simulation.run_until([&] { return done; }, 1s));
  EXPECT_EQ(file->size(), 2001U);
  EXPECT_EQ(simulation.threads_held(), 0U);
}

TEST(DiskFaults, WhatIsStuckWhenThePowerFailsChangesNothing) {
  SimulatedDisk disk(1);
  SimulatedSystem simulation(1);
  std::shared_ptr<StorageFile> file = make_file(disk, "f", 'o');
  disk.set_faults({.stuck_percent = 100, .stuck_time = 10s});
  bool done = false;
  simulation.system().start([](SimulatedSystem& of, std::shared_ptr<StorageFile> to, bool& ended) -> Task<> {
    static_cast<void>(co_await append(of, std::move(to)));
    ended = true;
  }(simulation, file, done));
  EXPECT_FALSE(simulation.run_until([&] { return done; }, 1s));
  disk.crash();
  EXPECT_TRUE(simulation.run_until([&] { return done; }, 1s));
  EXPECT_EQ(disk.files().at("f").size(), 2000U);
}

TEST(DiskFaults, WhatIsStuckWhenTheSimulationEndsComesBack) {
  SimulatedDisk disk(1);
  auto ended = std::make_shared<bool>(false);
  {
    SimulatedSystem simulation(1);
    std::shared_ptr<StorageFile> file = make_file(disk, "f", 'o');
    disk.set_faults({.stuck_percent = 100});
    simulation.system().start([](std::shared_ptr<StorageFile> to, std::shared_ptr<bool> came_back) -> Task<> {
      auto call = [to, came_back] {
        static_cast<void>(to->append("x"));
        *came_back = true;
      };
      co_await blocking(std::move(call));
    }(file, ended));
    simulation.run_for(1s);
    EXPECT_EQ(simulation.threads_held(), 1U);
  }
  EXPECT_TRUE(*ended);
}

}  // namespace
}  // namespace understudy
