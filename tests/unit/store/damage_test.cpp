// Every bit of a small store's files is flipped, and every file is cut at every length, one at a time: segments behind
// a snapshot, the snapshot, and segments alone, after a clean end and after a cut. The store starts with what was
// written, less an unfinished tail that it reports, or refuses with an error that names file and offset, and changes
// nothing.
#include "support/quiet.hpp"
#include "understudy/runtime/wait.hpp"
#include "understudy/simulation/simulated_storage.hpp"
#include "understudy/simulation/simulated_system.hpp"
#include "understudy/store/store.hpp"

#include <map>
#include <string>

#include <gtest/gtest.h>

namespace understudy::store {
namespace {

using Files = std::map<std::string, Bytes>;
using Keys = std::map<Bytes, Bytes>;

Result<std::unique_ptr<Store>> open_store(System& system, SimulatedDisk& disk) {
  StoreOptions options;
  options.segment_bytes_max = 300;
  options.reserved_bytes = 100;
  options.snapshot_after_bytes = 0;
  options.open_storage = [&disk] { return Result<std::shared_ptr<Storage>>(disk.attach()); };
  return Store::open(system, std::move(options));
}

Keys all_keys(System& system, Store& store) {
  Keys keys;
  EXPECT_TRUE(wait(system, store.operate([&keys](Transaction& map) {
    map.for_each([&](const KeyView& each) { keys.emplace(each.key, each.value); });
  })));
  return keys;
}

/// The files of a store, and what it held: at its end, and before its last write.
struct Origin {
  Files files;
  Keys at_end;
  Keys before_last;
};

Origin make_origin(bool with_snapshot, bool closed) {
  SimulatedDisk disk(1);
  SimulatedSystem simulation(1);
  System& system = simulation.system();
  auto store = open_store(system, disk);
  EXPECT_TRUE(store);
  Origin origin;
  const auto set = [&](const Bytes& key, const Bytes& value) {
    EXPECT_TRUE(wait(system, (*store)->set(key, value)));
    origin.before_last = origin.at_end;
    origin.at_end[key] = value;
  };
  for (int i = 0; i < 3; ++i) set("k" + std::to_string(i), "old");
  if (with_snapshot) {
    EXPECT_TRUE(wait(system, (*store)->take_snapshot()));
  }
  for (int i = 0; i < 4; ++i) set("k" + std::to_string(i), "new " + std::to_string(i));
  if (!closed) disk.crash();
  store->reset();
  origin.files = disk.files();
  return origin;
}

/// Starts on damaged files. Whether it opened.
bool check_start(const Origin& origin, const Files& damaged) {
  SimulatedDisk disk(2);
  for (const auto& [name, content] : damaged) disk.place(name, content);
  SimulatedSystem simulation(2);
  auto store = open_store(simulation.system(), disk);
  if (!store) {
    EXPECT_EQ(store.error(), ErrorCode::data_damaged) << store.error().message();
    const std::string message(store.error().message());
    EXPECT_NE(message.find("simulated/"), std::string::npos) << message;
    EXPECT_NE(message.find(", offset "), std::string::npos) << message;
    EXPECT_EQ(disk.files(), damaged) << "a refusal changes nothing";
    return false;
  }
  const Keys keys = all_keys(simulation.system(), **store);
  if (keys == origin.at_end) return true;
  EXPECT_EQ(keys, origin.before_last);
  EXPECT_NE((*store)->load_report().torn_tail, "") << "a write is gone, and nothing was reported";
  return true;
}

struct Variant {
  bool with_snapshot;
  bool closed;
};
constexpr Variant variants[] = {{true, true}, {true, false}, {false, true}, {false, false}};

TEST(StoreDamage, EveryFlippedBitIsDetectedOrHarmless) {
  for (const Variant& variant : variants) {
    const Origin origin = make_origin(variant.with_snapshot, variant.closed);
    int opened_in_last_journal = 0;
    for (const auto& [name, content] : origin.files) {
      int opened = 0;
      for (std::size_t bit = 0; bit < content.size() * 8; ++bit) {
        SCOPED_TRACE(testing::Message() << name << ", byte " << bit / 8 << ", bit " << bit % 8 << ", snapshot "
                                        << variant.with_snapshot << ", closed " << variant.closed);
        Files damaged = origin.files;
        damaged[name][bit / 8] = static_cast<char>(content[bit / 8] ^ (1 << (bit % 8)));
        opened += check_start(origin, damaged) ? 1 : 0;
        if (HasFailure()) return;
      }
      if (name.starts_with("snapshot")) {
        EXPECT_EQ(opened, 0) << name;
      }
      if (name.starts_with("journal")) opened_in_last_journal = opened;
      EXPECT_LT(static_cast<std::size_t>(opened), content.size() * 8) << name << ": no bit of it is looked at";
    }
    EXPECT_GT(opened_in_last_journal, 0) << "the last batch has no mark behind it";
  }
}

TEST(StoreDamage, EveryCutIsDetectedOrTakenForAnUnfinishedWrite) {
  for (const Variant& variant : variants) {
    const Origin origin = make_origin(variant.with_snapshot, variant.closed);
    std::string last_segment;
    for (const auto& [name, content] : origin.files) {
      if (name.starts_with("journal")) last_segment = name;
    }
    for (const auto& [name, content] : origin.files) {
      for (std::size_t length = 0; length < content.size(); ++length) {
        SCOPED_TRACE(testing::Message() << name << " cut to " << length << ", snapshot " << variant.with_snapshot
                                        << ", closed " << variant.closed);
        Files damaged = origin.files;
        damaged[name].resize(length);
        if (name != last_segment) {
          EXPECT_FALSE(check_start(origin, damaged));
          if (HasFailure()) return;
          continue;
        }
        // What was cut off cannot be missed: it opens with a beginning of what was written, and never with anything
        // else.
        SimulatedDisk disk(2);
        for (const auto& [file, bytes] : damaged) disk.place(file, bytes);
        SimulatedSystem simulation(2);
        auto store = open_store(simulation.system(), disk);
        if (!store) {
          EXPECT_EQ(store.error(), ErrorCode::data_damaged) << store.error().message();
          continue;
        }
        bool newer_is_gone = false;
        const Keys keys = all_keys(simulation.system(), **store);
        for (int i = 0; i < 4; ++i) {
          const auto found = keys.find("k" + std::to_string(i));
          const Bytes value = found == keys.end() ? "" : found->second;
          const bool is_new = value == "new " + std::to_string(i);
          EXPECT_TRUE(is_new || value == (i < 3 ? "old" : "")) << value;
          EXPECT_FALSE(is_new && newer_is_gone) << "a later write is there, and an earlier one is not";
          newer_is_gone = newer_is_gone || !is_new;
        }
        if (HasFailure()) return;
      }
    }
  }
}

}  // namespace
}  // namespace understudy::store
