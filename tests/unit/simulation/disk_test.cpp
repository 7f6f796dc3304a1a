#include "simulation/disk.hpp"

#include <array>
#include <map>
#include <string>

#include <gtest/gtest.h>

namespace understudy {
namespace {

std::unique_ptr<StorageFile> create(SimulatedDisk& disk, const std::string& name) {
  return disk.attach()->create(name).value();
}

std::string content_of(StorageFile& file) {
  std::string content(static_cast<std::size_t>(file.size().value()), '\0');
  EXPECT_EQ(file.read_at(0, content), content.size());
  return content;
}

TEST(SimulatedDisk, DoesWhatItIsToldWhileNothingFails) {
  SimulatedDisk disk(1);
  const auto storage = disk.attach();
  auto file = storage->create("b").value();
  ASSERT_TRUE(file->append("hello"));
  ASSERT_TRUE(file->append(" world"));
  EXPECT_EQ(content_of(*file), "hello world");
  std::array<char, 20> part{};
  EXPECT_EQ(file->read_at(6, part), 5U);
  EXPECT_EQ(file->read_at(99, part), 0U);
  ASSERT_TRUE(file->truncate(5));
  EXPECT_FALSE(file->truncate(6));
  EXPECT_EQ(content_of(*storage->open("b").value()), "hello");
  ASSERT_TRUE(storage->create("a"));
  EXPECT_FALSE(storage->create("a"));
  EXPECT_EQ(storage->list(), (std::vector<std::string>{"a", "b"}));
  ASSERT_TRUE(storage->rename("a", "c"));
  ASSERT_TRUE(storage->remove("b"));
  EXPECT_EQ(storage->list(), std::vector<std::string>{"c"});
  EXPECT_FALSE(storage->open("a"));
}

TEST(SimulatedDisk, NeverTouchesWhatWasFlushed) {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    SimulatedDisk disk(seed);
    auto file = create(disk, "f");
    const std::string flushed(700, 'f');
    ASSERT_TRUE(file->append(flushed));
    ASSERT_TRUE(file->flush());
    ASSERT_TRUE(file->append(std::string(2000, 'u')));
    disk.crash();
    const Bytes left = disk.files().at("f");
    ASSERT_GE(left.size(), flushed.size());
    ASSERT_LE(left.size(), flushed.size() + 2000);
    ASSERT_EQ(left.substr(0, flushed.size()), flushed);
  }
}

// A disk that is too kind finds no bugs: each kind of loss must happen, and often.
TEST(SimulatedDisk, LosesWhatWasNotFlushedInEveryWayThereIs) {
  std::map<std::string, int> ways;
  const std::string unflushed(4096, 'u');
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    SimulatedDisk disk(seed);
    auto file = create(disk, "f");
    ASSERT_TRUE(file->append(unflushed));
    disk.crash();
    const Bytes left = disk.files().at("f");
    if (left.empty()) {
      ++ways["gone"];
    } else if (left == unflushed) {
      ++ways["whole"];
    } else if (left == unflushed.substr(0, left.size())) {
      ++ways["cut"];
    } else {
      bool later_kept = false;
      bool zeroed = false;
      bool garbage = false;
      for (std::size_t at = 0; at + 512 <= left.size(); at += 512) {
        const std::string sector = left.substr(at, 512);
        const bool kept = sector == std::string(512, 'u');
        later_kept = later_kept || (kept && (zeroed || garbage));
        zeroed = zeroed || sector == std::string(512, '\0');
        garbage = garbage || (!kept && sector != std::string(512, '\0'));
      }
      ways["zeroed"] += zeroed ? 1 : 0;
      ways["garbage"] += garbage ? 1 : 0;
      ways["later kept, earlier not"] += later_kept ? 1 : 0;
    }
  }
  for (const char* way : {"gone", "cut", "zeroed", "garbage", "later kept, earlier not"}) {
    EXPECT_GT(ways[way], 100) << way;
  }
}

TEST(SimulatedDisk, ACutThatWasNotFlushedHappensOrNot) {
  int happened = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    SimulatedDisk disk(seed);
    disk.place("f", "0123456789");
    ASSERT_TRUE(disk.attach()->open("f").value()->truncate(4));
    disk.crash();
    const Bytes left = disk.files().at("f");
    EXPECT_TRUE(left == "0123" || left == "0123456789") << left;
    happened += left == "0123" ? 1 : 0;
  }
  EXPECT_GT(happened, 20);
  EXPECT_LT(happened, 80);
}

TEST(SimulatedDisk, DirectoryChangesThatFailedToFlushHappenInOrderOrNot) {
  std::map<std::size_t, int> counts;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SimulatedDisk disk(seed);
    disk.set_faults({.directory_flush_fails_percent = 100});
    const auto storage = disk.attach();
    EXPECT_FALSE(storage->create("a"));
    EXPECT_FALSE(storage->create("b"));
    EXPECT_FALSE(storage->rename("b", "c"));
    EXPECT_EQ(storage->list(), (std::vector<std::string>{"a", "c"})) << "seen all the same";
    disk.crash();
    const auto files = disk.files();
    ++counts[files.size()];
    EXPECT_TRUE(files.empty() || files.contains("a"));
    EXPECT_FALSE(files.contains("b") && files.contains("c")) << "a rename has no middle";
  }
  EXPECT_GT(counts[0], 20);
  EXPECT_GT(counts[1], 20);
  EXPECT_GT(counts[2], 20);
}

TEST(SimulatedDisk, AnEndedProcessLosesItsHandlesAndNothingElse) {
  SimulatedDisk disk(1);
  const auto storage = disk.attach();
  auto file = storage->create("f").value();
  auto lock = storage->lock().value();
  ASSERT_TRUE(file->append("written"));
  disk.kill();
  EXPECT_EQ(disk.files().at("f"), "written");
  std::array<char, 4> into{};
  EXPECT_EQ(file->append("x").error(), ErrorCode::storage_failed);
  EXPECT_EQ(file->flush().error(), ErrorCode::storage_failed);
  EXPECT_EQ(file->read_at(0, into).error(), ErrorCode::storage_failed);
  EXPECT_EQ(file->size().error(), ErrorCode::storage_failed);
  EXPECT_EQ(storage->list().error(), ErrorCode::storage_failed);
  EXPECT_EQ(storage->create("g").error(), ErrorCode::storage_failed);
  EXPECT_EQ(storage->lock().error(), ErrorCode::storage_failed);
  const auto next = disk.attach();
  auto next_lock = next->lock();
  ASSERT_TRUE(next_lock);
  lock.reset();
  EXPECT_EQ(next->lock().error(), ErrorCode::directory_locked) << "a dead process's handle releases nothing";
}

TEST(SimulatedDisk, AFailedFlushShowsForAWhileWhatItLost) {
  int lost = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    SimulatedDisk disk(seed);
    auto file = create(disk, "f");
    ASSERT_TRUE(file->append(std::string(100, 'a')));
    ASSERT_TRUE(file->flush());
    const std::string both = std::string(100, 'a') + std::string(2000, 'b');
    ASSERT_TRUE(file->append(std::string(2000, 'b')));
    disk.set_faults({.flush_fails_percent = 100});
    EXPECT_FALSE(file->flush());
    disk.set_faults({});
    EXPECT_EQ(content_of(*file), both);
    EXPECT_TRUE(file->flush()) << "reports nothing any more";
    ASSERT_TRUE(file->forget_cache());
    const std::string left = content_of(*file);
    EXPECT_EQ(left.size(), both.size());
    EXPECT_EQ(left.substr(0, 100), both.substr(0, 100));
    lost += left != both ? 1 : 0;
  }
  EXPECT_GT(lost, 30);
}

TEST(SimulatedDisk, AFullDiskTakesWhatThereIsRoomFor) {
  SimulatedDisk disk(1);
  disk.set_faults({.capacity_bytes = 10});
  auto file = create(disk, "f");
  ASSERT_TRUE(file->append("12345678"));
  const auto written = file->append("9abc");
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().message(), "cannot write to simulated/f: No space left on device");
  EXPECT_EQ(content_of(*file), "123456789a");
}

TEST(SimulatedDisk, PowerFailsAtTheChangeItWasToldTo) {
  SimulatedDisk disk(1);
  auto file = create(disk, "f");
  disk.lose_power_at(3);
  ASSERT_TRUE(file->append("a"));
  ASSERT_TRUE(file->flush());
  EXPECT_EQ(disk.power_losses(), 0U);
  const auto third = file->append("b");
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().message(), "cannot write to simulated/f: the power failed");
  EXPECT_EQ(disk.power_losses(), 1U);
  EXPECT_FALSE(file->append("c"));
  EXPECT_TRUE(disk.attach()->open("f"));
}

TEST(SimulatedDisk, FlipsTheBitItWasToldTo) {
  SimulatedDisk disk(1);
  disk.place("f", "abc");
  disk.flip_bit("f", 1, 0);
  EXPECT_EQ(disk.files().at("f"), "acc");
  disk.crash();
  EXPECT_EQ(disk.files().at("f"), "acc");
}

TEST(SimulatedDisk, OneSeedGivesTheSameLosses) {
  const auto run = [](std::uint64_t seed) {
    SimulatedDisk disk(seed);
    disk.set_faults({.append_fails_percent = 20, .flush_fails_percent = 20});
    auto file = create(disk, "f");
    for (int index = 0; index < 50; ++index) {
      static_cast<void>(file->append(std::string(100, static_cast<char>(index))));
      static_cast<void>(file->flush());
    }
    disk.crash();
    return disk.files();
  };
  EXPECT_EQ(run(7), run(7));
  EXPECT_NE(run(7), run(8));
}

}  // namespace
}  // namespace understudy
