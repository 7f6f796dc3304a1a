// G10: damage is never made worse. The attack: every single bit of a small store's files is flipped, and every file is
// cut at every length. The store then either starts with exactly what was written (less an unfinished tail, which it
// reports), or refuses with an error that names the file, and leaves every byte as it was.
#include "support/quiet.hpp"
#include "understudy/runtime/wait.hpp"
#include "understudy/simulation/simulated_storage.hpp"
#include "understudy/simulation/simulated_system.hpp"
#include "understudy/store/store.hpp"

#include <cstdint>
#include <map>
#include <string>

#include <gtest/gtest.h>

namespace understudy::test {
namespace {

constexpr int writes = 12;
using Files = std::map<std::string, Bytes>;

Result<std::unique_ptr<store::Store>> open_store(System& system, SimulatedDisk& disk) {
  store::StoreOptions options;
  options.segment_bytes_max = 500;
  options.open_storage = [&disk] { return Result<std::shared_ptr<Storage>>(disk.attach()); };
  return store::Store::open(system, std::move(options));
}

/// The files of a store to which `writes` keys were written one after the other, and which was closed or cut off.
Files make_files(bool closed) {
  SimulatedDisk disk(1);
  SimulatedSystem simulation(1);
  auto store = open_store(simulation.system(), disk);
  for (int i = 0; i < writes; ++i) {
    EXPECT_TRUE(
        wait(simulation.system(), (*store)->set("key-" + std::to_string(i), "value-" + std::to_string(i))).has_value());
  }
  if (!closed) disk.crash();
  store->reset();
  Files files;
  for (const auto& [name, bytes] : disk.files()) files.emplace(name, bytes);
  return files;
}

/// Starts a store on `files`, of which something is damaged.
void check_start(const Files& files, bool tail_may_go) {
  SimulatedDisk disk(2);
  for (const auto& [name, bytes] : files) disk.place(name, bytes);
  SimulatedSystem simulation(2);
  auto store = open_store(simulation.system(), disk);
  if (!store) {
    ASSERT_EQ(store.error().code(), ErrorCode::data_damaged) << store.error().message();
    EXPECT_NE(store.error().message().find("journal-"), std::string_view::npos) << store.error().message();
    for (const auto& [name, bytes] : disk.files()) EXPECT_EQ(files.at(name), bytes) << name << " was changed";
    return;
  }
  bool gone = false;
  for (int i = 0; i < writes; ++i) {
    const std::optional<Bytes> value = wait(simulation.system(), (*store)->get("key-" + std::to_string(i))).value();
    if (!value) gone = true;
    if (!value) continue;
    EXPECT_FALSE(gone) << "write " << i << " is there, an earlier one is not";
    EXPECT_EQ(*value, "value-" + std::to_string(i));
  }
  if (gone) {
    EXPECT_TRUE(tail_may_go);
    EXPECT_NE((*store)->load_report().torn_tail, "") << "writes are gone, and nothing was reported";
  }
}

TEST(DamageNeverWorse, EveryFlippedBitIsFoundOrHarmless) {
  for (const bool closed : {true, false}) {
    const Files files = make_files(closed);
    ASSERT_GE(files.size(), 2U);
    for (const auto& [name, bytes] : files) {
      for (std::size_t offset = 0; offset < bytes.size(); ++offset) {
        SCOPED_TRACE(testing::Message() << name << " offset " << offset << (closed ? ", closed" : ", cut off"));
        Files damaged = files;
        damaged[name][offset] = static_cast<char>(bytes[offset] ^ (1 << (offset % 8)));
        // A clean close leaves a mark after the last record: then no damage can pass for an unfinished write.
        check_start(damaged, !closed);
      }
    }
  }
}

TEST(DamageNeverWorse, EveryCutIsFoundOrReported) {
  const Files files = make_files(false);
  for (const auto& [name, bytes] : files) {
    const bool last = name == files.rbegin()->first;
    for (std::size_t length = 0; length < bytes.size(); ++length) {
      SCOPED_TRACE(testing::Message() << name << " cut to " << length);
      Files damaged = files;
      damaged[name].resize(length);
      // Cut exactly between two writes the last file looks like one that never had more: see docs/journal-format.md.
      if (last) continue;
      check_start(damaged, false);
    }
  }
}

}  // namespace
}  // namespace understudy::test
