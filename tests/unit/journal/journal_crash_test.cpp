// Crashes at any point, by seed and exhaustively: what was flushed is there, what is there is a beginning of what was
// written, batches are there as a whole, and a crash is never mistaken for rot.
#include "journal_fixture.hpp"

#include <algorithm>
#include <string>

#include <gtest/gtest.h>

namespace understudy::journal_test {
namespace {

/// What the journal must hold: everything that was tried, how much of it must be there, and where batches end.
struct Model {
  Payloads tried;
  std::size_t kept = 0;  // flushed for sure
  std::vector<std::size_t> batch_ends{0};

  /// Checks what a start found, and takes it as the new truth.
  void check(const Opened& opened, const std::string& where) {
    ASSERT_TRUE(opened.good()) << where << ": " << opened.message();
    EXPECT_TRUE(is_prefix(opened.entries, tried)) << where;
    const std::size_t found = opened.entries.size();
    EXPECT_GE(found, kept) << where << ": what was flushed is gone";
    EXPECT_TRUE(std::ranges::find(batch_ends, found) != batch_ends.end()) << where << ": part of a batch";
    tried.resize(std::min(found, tried.size()));
    std::erase_if(batch_ends, [found](std::size_t end) { return end > found; });
    kept = found;  // what start-up has shown is durable
  }

  /// One batch, perhaps flushed. Whether the journal goes on.
  bool write_some(Journal& journal, Random& random) {
    const std::uint64_t count = 1 + random.below(4);
    for (std::uint64_t index = 0; index < count; ++index) {
      const std::uint64_t size = random.chance(10) ? random.below(3000) : random.below(40);
      tried.push_back(std::to_string(tried.size()) + std::string(size, static_cast<char>(random.next() & 0xFFU)));
      if (!journal.add(RecordKind{1}, tried.back())) return false;
    }
    batch_ends.push_back(tried.size());
    if (!journal.commit()) return false;
    if (random.chance(60) && !journal.reserve_ahead()) return false;
    if (random.chance(50)) return true;
    if (!journal.flush()) return false;
    kept = tried.size();
    return true;
  }
};

void run_lives(std::uint64_t seed, const DiskFaults& faults) {
  SeededRandom random(seed);
  SimulatedDisk disk(seed ^ 0xD15CU);
  Model model;
  for (int life = 0; life < 6; ++life) {
    const std::string where = "seed " + std::to_string(seed) + ", life " + std::to_string(life);
    disk.set_faults({});
    disk.lose_power_at(0);
    auto opened = open_journal(disk, 2000);
    model.check(opened, where);
    if (testing::Test::HasFailure()) return;
    disk.set_faults(faults);
    if (random.chance(50)) disk.lose_power_at(1 + random.below(20));
    const std::uint64_t batches = random.below(15);
    bool goes_on = true;
    for (std::uint64_t index = 0; goes_on && index < batches; ++index) goes_on = model.write_some(*opened, random);
    if (goes_on && random.chance(20) && opened->close()) model.kept = model.tried.size();
    // However this life ends, the end of its process, or power loss: a failed write may be followed by either.
    if (random.chance(50)) {
      disk.crash();
    } else if (random.chance(50)) {
      disk.kill();
    }
  }
}

TEST(JournalCrash, FlushedRecordsSurvivePowerLossUnder2000Seeds) {
  for (std::uint64_t seed = 0; seed < 2000 && !HasFailure(); ++seed) run_lives(seed, {});
}

TEST(JournalCrash, FlushedRecordsSurviveFailingDisksUnder2000Seeds) {
  for (std::uint64_t seed = 0; seed < 2000 && !HasFailure(); ++seed) {
    run_lives(seed, {.append_fails_percent = 5, .flush_fails_percent = 5, .directory_flush_fails_percent = 10});
  }
}

TEST(JournalCrash, CommittedRecordsSurviveTheEndOfTheProcess) {
  for (std::uint64_t seed = 0; seed < 200 && !HasFailure(); ++seed) {
    SeededRandom random(seed);
    SimulatedDisk disk(seed);
    Model model;
    for (int life = 0; life < 4; ++life) {
      auto opened = open_journal(disk, 2000);
      model.check(opened, "seed " + std::to_string(seed));
      for (int index = 0; index < 8; ++index) ASSERT_TRUE(model.write_some(*opened, random));
      model.kept = model.tried.size();  // each batch is committed, flushed or not
      disk.kill();
    }
  }
}

/// The same few lives every time: write, tear, recover, write.
bool run_short_lives(SimulatedDisk& disk, Model& model, const std::string& where) {
  SeededRandom random(99);
  for (int life = 0; life < 3; ++life) {
    const std::uint64_t losses = disk.power_losses();
    auto opened = open_journal(disk, 700);
    if (!opened.good() &&
        disk.power_losses() > losses) {  // the power failed while it opened: what it saw doesn't count
      opened = open_journal(disk, 700);
    }
    model.check(opened, where);
    if (testing::Test::HasFailure()) return false;
    for (int index = 0; index < 5; ++index) {
      if (!model.write_some(*opened, random)) break;
    }
    disk.crash();
  }
  return true;
}

// Not drawn but counted: the power fails at each change that the disk makes in those lives, in recovery too.
TEST(JournalCrash, PowerLossAtEveryChangeOfARun) {
  std::uint64_t changes = 0;
  {
    SimulatedDisk disk(0);
    Model model;
    ASSERT_TRUE(run_short_lives(disk, model, "undisturbed"));
    changes = disk.counters().changes();
  }
  ASSERT_GT(changes, 30U);
  for (std::uint64_t nth = 1; nth <= changes; ++nth) {
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      SimulatedDisk disk(seed);
      Model model;
      disk.lose_power_at(nth);
      const std::string where = "change " + std::to_string(nth) + ", seed " + std::to_string(seed);
      ASSERT_TRUE(run_short_lives(disk, model, where));
    }
  }
}

TEST(JournalCrash, PowerLossDuringRecoveryAtEveryChange) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    for (std::uint64_t nth = 1; nth <= 4; ++nth) {
      SimulatedDisk disk(seed);
      Model model;
      SeededRandom random(seed);
      {
        auto opened = open_journal(disk);
        for (int index = 0; index < 6; ++index) ASSERT_TRUE(model.write_some(*opened, random));
      }
      disk.crash();
      disk.lose_power_at(nth);
      static_cast<void>(open_journal(disk));
      disk.lose_power_at(0);
      disk.crash();
      model.check(open_journal(disk), "seed " + std::to_string(seed) + ", change " + std::to_string(nth));
      ASSERT_FALSE(HasFailure());
    }
  }
}

}  // namespace
}  // namespace understudy::journal_test
