// What is left of unflushed changes, in place and out of order, sector by sector.
#include "simulation/disk_file.hpp"

#include <map>
#include <set>
#include <string>

#include <gtest/gtest.h>

namespace understudy::simulation {
namespace {

constexpr std::size_t sectors = 4;

/// Four sectors of 'o', flushed.
DiskFile old_file() { return DiskFile(Bytes(sectors * sector_bytes, 'o')); }

/// What a sector holds, in a word.
std::string sort_of(BytesView sector) {
  for (const char each : {'o', 'a', 'b', '\0'}) {
    if (sector == Bytes(sector.size(), each)) return each == '\0' ? "zeroed" : std::string(1, each);
  }
  return "garbage";
}

TEST(DiskFile, AFlushSavesWhatReadsShow) {
  DiskFile file = old_file();
  file.write(100, "in place");
  file.write(file.cached().size() + 10, "beyond a hole");
  file.resize(50);
  file.resize(3000);
  file.write(2990, "at the end, and more");
  const Bytes seen = file.cached();
  ASSERT_EQ(seen.size(), 3010U);
  EXPECT_EQ(seen.substr(0, 50), Bytes(50, 'o'));
  EXPECT_EQ(seen.substr(50, 2940), Bytes(2940, '\0'));
  EXPECT_EQ(file.saved(), old_file().saved());
  file.drop_cache();
  EXPECT_EQ(file.cached(), seen) << "what is not flushed stays in memory";
  file.flush();
  EXPECT_EQ(file.saved(), seen);
}

// Overwritten twice, without a flush: each sector has the old content, the first, the second, zeros or garbage; and a
// later sector may have the new one where an earlier one has the old.
TEST(DiskFile, OverwritesInPlaceReachTheDiskInAnyOrderOrNot) {
  std::map<std::string, int> sorts;
  int later_before_earlier = 0;
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    SeededRandom random(seed);
    DiskFaultCounts counts;
    DiskFile file = old_file();
    file.write(0, Bytes(sectors * sector_bytes, 'a'));
    file.write(0, Bytes(sectors * sector_bytes, 'b'));
    file.lose_power(random, counts);
    ASSERT_EQ(file.cached().size(), sectors * sector_bytes) << "nothing has changed its length";
    ASSERT_EQ(file.cached(), file.saved());
    bool old_seen = false;
    for (std::size_t at = 0; at < sectors * sector_bytes; at += sector_bytes) {
      const std::string sort = sort_of(BytesView(file.saved()).substr(at, sector_bytes));
      ++sorts[sort];
      if (old_seen && sort == "b") ++later_before_earlier;
      old_seen = old_seen || sort == "o";
    }
  }
  for (const char* sort : {"o", "a", "b", "zeroed", "garbage"}) EXPECT_GT(sorts[sort], 100) << sort;
  EXPECT_GT(later_before_earlier, 100);
}

TEST(DiskFile, BytesBesideThoseThatWereWrittenSurviveInTheirSector) {
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    SeededRandom random(seed);
    DiskFaultCounts counts;
    DiskFile file = old_file();
    file.write(700, Bytes(100, 'a'));
    file.lose_power(random, counts);
    ASSERT_EQ(file.saved().substr(0, 700), Bytes(700, 'o')) << seed;
    ASSERT_EQ(file.saved().substr(800), Bytes(sectors * sector_bytes - 800, 'o')) << seed;
  }
}

TEST(DiskFile, ALengthThatWasNotFlushedIsAnyThatItHadOnTheWay) {
  std::set<std::size_t> lengths;
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    SeededRandom random(seed);
    DiskFaultCounts counts;
    DiskFile file(Bytes(10, 'o'));
    file.resize(4);
    file.write(4, "abc");
    file.resize(5000);
    file.lose_power(random, counts);
    lengths.insert(file.saved().size());
  }
  EXPECT_EQ(lengths, (std::set<std::size_t>{4, 5, 6, 7, 10, 5000}));
}

TEST(DiskFile, OneSeedGivesTheSame) {
  const auto left = [](std::uint64_t seed) {
    SeededRandom random(seed);
    DiskFaultCounts counts;
    DiskFile file = old_file();
    file.write(300, Bytes(900, 'a'));
    file.lose_power(random, counts);
    return file.saved();
  };
  for (std::uint64_t seed = 0; seed < 20; ++seed) EXPECT_EQ(left(seed), left(seed));
}

TEST(DiskFile, RotAndDamageShowOnceTheCacheIsDropped) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    SeededRandom random(seed);
    DiskFile file = old_file();
    ASSERT_TRUE(file.rot(random));
    EXPECT_EQ(file.cached(), old_file().cached());
    EXPECT_NE(file.saved(), file.cached());
    ASSERT_EQ(file.damages().size(), 1U);
    const DiskDamage& damage = file.damages().front();
    EXPECT_EQ(file.saved().substr(0, damage.offset), Bytes(damage.offset, 'o'));
    const std::size_t end = damage.offset + damage.bytes;
    EXPECT_EQ(file.saved().substr(end), Bytes(sectors * sector_bytes - end, 'o'));
    file.drop_cache();
    EXPECT_EQ(file.cached(), file.saved());
  }
}

}  // namespace
}  // namespace understudy::simulation
