// Data directories that were written by the program of each format version and are kept in tests/golden: today's
// program opens every one, finds every key with its value, and goes on from there.
//
// tests/golden/version-N/NAME/ holds the files as they were, and data.json, what the store held. To make those of a new
// version, with the program that writes it:
//   UNDERSTUDY_MAKE_GOLDEN=1 build/release/bin/store_tests --gtest_filter=Golden.*
// They are made once. What is there is never written again: it is what users have.
#include "support/quiet.hpp"
#include "tool/data_json.hpp"
#include "understudy/journal/scan.hpp"
#include "understudy/runtime/wait.hpp"
#include "understudy/simulation/simulated_storage.hpp"
#include "understudy/simulation/simulated_system.hpp"
#include "understudy/store/store.hpp"
#include "understudy/supervision/supervisor.hpp"

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace understudy::store {
namespace {

using Keys = std::map<Bytes, DataEntry>;
using Files = std::map<std::string, Bytes>;
namespace fs = std::filesystem;

const fs::path golden = UNDERSTUDY_GOLDEN_DIRECTORY;
const std::string contents = "data.json";

struct Life {
  explicit Life(SimulatedDisk& disk) : supervisor(simulation.system()) {
    StoreOptions options;
    options.segment_bytes_max = 600;
    options.reserved_bytes = 200;
    options.snapshot_after_bytes = 0;
    options.open_storage = [&disk] { return Result<std::shared_ptr<Storage>>(disk.attach()); };
    store = Store::open(simulation.system(), std::move(options));
  }
  void set(Bytes key, Bytes value) {
    EXPECT_TRUE(wait(simulation.system(), (*store)->set(std::move(key), std::move(value))));
  }
  void operate(Operation operation) { EXPECT_TRUE(wait(simulation.system(), (*store)->operate(std::move(operation)))); }
  Keys all() {
    Keys keys;
    operate([&keys](Transaction& map) {
      map.for_each([&](const KeyView& each) {
        keys.emplace(each.key, DataEntry{Bytes(each.key), Bytes(each.value), each.expires_at});
      });
    });
    return keys;
  }

  SimulatedSystem simulation{1};
  Supervisor supervisor;
  Result<std::unique_ptr<Store>> store = failure(ErrorCode::cancelled);
};

std::vector<DataEntry> entries_of(const Keys& keys) {
  std::vector<DataEntry> entries;
  for (const auto& [key, entry] : keys) entries.push_back(entry);
  return entries;
}

Bytes read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file.is_open()) << path;
  return Bytes(std::istreambuf_iterator<char>(file), {});
}

Files read_directory(const fs::path& directory) {
  Files files;
  for (const auto& entry : fs::directory_iterator(directory)) {
    files[entry.path().filename().string()] = read_file(entry.path());
  }
  return files;
}

/// Every directory that is kept: of each version, each.
std::vector<fs::path> golden_directories() {
  std::vector<fs::path> all;
  for (const auto& version : fs::directory_iterator(golden)) {
    for (const auto& directory : fs::directory_iterator(version.path())) all.push_back(directory.path());
  }
  return all;
}

/// The format version that today's program writes: after the magic of a segment, docs/journal-format.md.
unsigned version_written() {
  SimulatedDisk disk(1);
  Life life(disk);
  life.set("key", "value");
  return static_cast<unsigned char>(disk.files().at("journal-0000000001.log").at(8));
}

/// No damage, or at most what an unfinished write has left at the end.
class Found final : public JournalScan {
 public:
  Result<void> on_record(const ScannedFile& /*file*/, std::uint64_t /*offset*/, const Record& /*record*/) override {
    ++records;
    return {};
  }
  void on_damage(const ScannedDamage& damage) override { damages.push_back(damage); }
  void on_file(const ScannedFile& /*file*/) override {}

  std::size_t records = 0;
  std::vector<ScannedDamage> damages;
};

void expect_opens(const Files& files, const fs::path& directory) {
  SCOPED_TRACE(directory.string());
  const bool torn = directory.filename() == "torn";
  const auto entries = parse_data_json(files.at(contents));
  ASSERT_TRUE(entries) << entries.error().message();
  Keys expected;
  for (const DataEntry& entry : *entries) expected.emplace(entry.key, entry);
  ASSERT_GT(expected.size(), 4U);
  SimulatedDisk disk(1);
  for (const auto& [name, content] : files) {
    if (name != contents) disk.place(name, content);
  }
  Found found;
  ASSERT_TRUE(scan_journal(*disk.attach(), found));
  EXPECT_EQ(found.damages.size(), torn ? 1U : 0U);
  EXPECT_GT(found.records, 4U);
  {
    Life life(disk);
    ASSERT_TRUE(life.store) << life.store.error().message();
    EXPECT_EQ((*life.store)->load_report().torn_tail.empty(), !torn) << (*life.store)->load_report().torn_tail;
    EXPECT_EQ(life.all(), expected);
    life.set("written by the program of today", "beside what is old");
    const Bytes key = "written by the program of today";
    expected[key] = {.key = key, .value = "beside what is old"};
  }
  Life again(disk);
  ASSERT_TRUE(again.store) << again.store.error().message();
  EXPECT_EQ(again.all(), expected);
}

TEST(Golden, EveryVersionsDirectoriesOpenWithEveryKey) {
  const std::vector<fs::path> directories = golden_directories();
  ASSERT_GE(directories.size(), 5U);
  for (const fs::path& directory : directories) expect_opens(read_directory(directory), directory);
}

TEST(Golden, TheVersionThatIsWrittenTodayIsAmongThem) {
  const fs::path directory = golden / ("version-" + std::to_string(version_written()));
  EXPECT_TRUE(fs::exists(directory / "closed"))
      << directory << " is missing; the head of this file says how it is made";
  EXPECT_TRUE(fs::exists(directory / "torn")) << directory;
  EXPECT_TRUE(fs::exists(directory / "killed")) << directory;
}

// --- making them --------------------------------------------------------------------------------------------------

Bytes noise(std::size_t size) {
  SeededRandom random(7);
  Bytes bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random.next() & 0xFFU);
  return bytes;
}

constexpr WallTime in_2100(std::chrono::milliseconds(4'102'444'800'000));

/// Keys and values of every sort.
void set_some(Life& life) {
  life.set("plain", "value");
  life.set("", "of the empty key");
  life.set("an empty value", "");
  life.set(Bytes("\0binary\xFF", 8), noise(150));
  life.set("compressible", Bytes(400, 'c'));
  life.set("unicode \xC3\xA4", "\xE2\x82\xAC");
  life.set("overwritten", "first");
  life.set("erased", "soon");
  life.operate([](Transaction& map) {
    map.set("dies", "in 2100", in_2100);
    map.set("will die", "in 2100 too");
    map.expire_at("will die", in_2100);
    map.set("lives", "after all", in_2100);
    map.expire_at("lives", std::nullopt);
  });
}

/// A snapshot, segments behind it, two lives, each with a clean end.
Keys make_closed(SimulatedDisk& disk) {
  {
    Life life(disk);
    set_some(life);
    EXPECT_TRUE(wait(life.simulation.system(), (*life.store)->take_snapshot()));
    life.set("overwritten", "second");
    EXPECT_TRUE(wait(life.simulation.system(), (*life.store)->erase("erased")));
    for (int i = 0; i < 8; ++i) life.set("behind the snapshot " + std::to_string(i), Bytes(90, 'b'));
  }
  Life life(disk);
  life.operate([](Transaction& map) {
    map.set("one batch", "of three records");
    map.set("the same", "batch");
    map.erase("plain");
  });
  return life.all();
}

/// Segments alone; the process was killed with nothing left to write, and room behind what was written.
Keys make_killed(SimulatedDisk& disk) {
  Life life(disk);
  set_some(life);
  Keys keys = life.all();
  disk.kill();
  return keys;
}

/// Segments alone; the process was killed in the middle of a write.
Keys make_torn(SimulatedDisk& disk) {
  Keys keys;
  {
    Life life(disk);
    life.set("cleared", "away");
    life.operate([](Transaction& map) { map.clear(); });
    set_some(life);
    EXPECT_TRUE(wait(life.simulation.system(), (*life.store)->erase("erased")));
    keys = life.all();
    life.set("unfinished", "write");
    disk.kill();
  }
  const auto last = *disk.files().rbegin();
  // Somewhere in the last batch: a header, a record's header, its key and value. Behind it is the room for more.
  Bytes content = last.second;
  const std::size_t cut = content.find("unfinished") + 4;
  content.replace(cut, Bytes::npos, content.size() - cut, '\0');
  disk.place(last.first, content);
  return keys;
}

void keep(const fs::path& directory, const SimulatedDisk& disk, const Keys& keys) {
  if (fs::exists(directory)) return;
  fs::create_directories(directory);
  std::ofstream(directory / contents, std::ios::binary) << write_data_json(entries_of(keys));
  for (const auto& [name, content] : disk.files()) {
    std::ofstream(directory / name, std::ios::binary)
        .write(content.data(), static_cast<std::streamsize>(content.size()));
  }
}

TEST(Golden, AreMadeWhenAskedFor) {
  SimulatedDisk closed(1);
  const Keys in_closed = make_closed(closed);
  SimulatedDisk torn(2);
  const Keys in_torn = make_torn(torn);
  SimulatedDisk killed(3);
  const Keys in_killed = make_killed(killed);
  // What would be made opens as what is kept does.
  const auto with_contents = [](const SimulatedDisk& disk, const Keys& keys) {
    Files files = disk.files();
    files[contents] = write_data_json(entries_of(keys));
    return files;
  };
  expect_opens(with_contents(closed, in_closed), "made/closed");
  expect_opens(with_contents(torn, in_torn), "made/torn");
  expect_opens(with_contents(killed, in_killed), "made/killed");
  if (std::getenv("UNDERSTUDY_MAKE_GOLDEN") == nullptr) return;
  const fs::path directory = golden / ("version-" + std::to_string(version_written()));
  keep(directory / "closed", closed, in_closed);
  keep(directory / "torn", torn, in_torn);
  keep(directory / "killed", killed, in_killed);
}

}  // namespace
}  // namespace understudy::store
