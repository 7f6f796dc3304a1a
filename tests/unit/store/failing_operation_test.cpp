// Every operation of a store on its disk fails, one in each run, in every way in which it can: an error before and
// after it is done, half of a write, no space, the power before, in the middle and after. Whatever fails: what was
// acknowledged is there, nothing that was erased comes back, nothing is there that was not written; and the store goes
// on, or its error names the disk.
#include "support/quiet.hpp"
#include "understudy/runtime/task_group.hpp"
#include "understudy/simulation/simulated_storage.hpp"
#include "understudy/simulation/simulated_system.hpp"
#include "understudy/store/store.hpp"
#include "understudy/supervision/supervisor.hpp"

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace understudy::store {
namespace {

using Value = std::optional<Bytes>;

/// One life of the process.
struct Life {
  Life(SimulatedDisk& on, std::uint64_t seed) : simulation(seed), supervisor(simulation.system()), disk(on) {
    losses = disk.power_losses();
    StoreOptions options;
    options.segment_bytes_max = 500;
    options.reserved_bytes = 200;
    options.snapshot_after_bytes = 0;
    options.open_storage = [&on] { return Result<std::shared_ptr<Storage>>(on.attach()); };
    store = Store::open(simulation.system(), std::move(options));
  }
  Life(const Life&) = delete;
  Life& operator=(const Life&) = delete;
  ~Life() {
    group.cancel();
    if (store) store->reset();
    simulation.system().shutdown();
  }

  [[nodiscard]] bool has_power() const { return disk.power_losses() == losses; }

  /// What the task gives; none: the power failed first.
  template <typename T>
  std::optional<Result<T>> finish(Task<Result<T>> task) {
    auto given = std::make_shared<std::optional<Result<T>>>();
    group.spawn([](Task<Result<T>> awaited, std::shared_ptr<std::optional<Result<T>>> slot) -> Task<> {
      *slot = co_await std::move(awaited);
    }(std::move(task), given));
    const bool ended =
        simulation.run_until([&] { return given->has_value() || !has_power(); }, std::chrono::seconds(60));
    EXPECT_TRUE(ended) << "it was never answered";
    if (!has_power()) return std::nullopt;
    return *given ? *given : failure(ErrorCode::timeout);
  }

  SimulatedSystem simulation;
  Supervisor supervisor;
  SimulatedDisk& disk;
  std::uint64_t losses = 0;
  Result<std::unique_ptr<Store>> store = failure(ErrorCode::cancelled);
  TaskGroup group{simulation.system()};
};

/// The same operations every time, and what each key may hold.
class Script {
 public:
  explicit Script(std::uint64_t seed) : disk(seed), seed_(seed) {}

  void all() {
    open();
    for (int i = 0; i < 8; ++i) set("key" + std::to_string(i % 3));
    pair();
    erase("key1");
    snapshot();
    set("key0");
    erase("key0");
    for (int i = 0; i < 5; ++i) set("key" + std::to_string(2 + i % 2));
    reopen();
    pair();
    for (int i = 0; i < 3; ++i) set("key" + std::to_string(i));
    erase("key2");
    snapshot();
    set("key4");
    reopen();
    // From here on nothing fails.
    to_fail = disk.history().size();
    disk.fail_operation(0, DiskFailure::error);
    const int before = errors_;
    set("the last");
    erase("key4");
    reopen();
    EXPECT_EQ(errors_, before) << "it does not work again";
    EXPECT_LE(errors_, 2) << "one failure, and more errors than it explains";
    life_.reset();
  }

  SimulatedDisk disk;
  /// Operations that may be told to fail.
  std::size_t to_fail = 0;

 private:
  void open() {
    for (int tries = 0; tries < 3; ++tries) {
      life_ = std::make_unique<Life>(disk, seed_ + 1000 * ++lives_);
      if (life_->store) return;
      const Error& error = life_->store.error();
      EXPECT_TRUE(error == ErrorCode::storage_failed || error == ErrorCode::storage_full) << error.message();
      expect_clear(error);
      ++errors_;
      life_.reset();
    }
    FAIL() << "it does not open again";
  }
  void reopen() {
    life_.reset();
    open();
    check_all();
  }
  Store& store() { return **life_->store; }

  static void expect_clear(const Error& error) {
    EXPECT_NE(error.message().find("simulated/"), std::string_view::npos) << error.message();
  }

  static void expect_known(const Error& error) {
    if (error == ErrorCode::actor_crashed) return;
    EXPECT_TRUE(error == ErrorCode::storage_failed || error == ErrorCode::storage_full) << error.message();
    expect_clear(error);
  }

  /// Whether it happened; none: nobody knows.
  template <typename T>
  std::optional<T> outcome(std::optional<Result<T>> result) {
    if (!result) {
      open();
      return std::nullopt;
    }
    if (*result) return **result;
    const Error& error = result->error();
    expect_known(error);
    ++errors_;
    // A disk that is full is looked at again after a while.
    if (error == ErrorCode::storage_full) life_->simulation.run_for(std::chrono::seconds(2));
    return std::nullopt;
  }
  bool done(std::optional<Result<void>> result) {
    if (!result) {
      open();
      return false;
    }
    if (*result) return true;
    std::optional<Result<bool>> same = Result<bool>(std::unexpected(result->error()));
    static_cast<void>(outcome(std::move(same)));
    return false;
  }

  void become(const std::string& key, Value value, bool acknowledged) {
    if (acknowledged) may_hold_[key].clear();
    if (!acknowledged && !may_hold_.contains(key)) may_hold_[key].insert(Value());
    may_hold_[key].insert(std::move(value));
    if (!acknowledged) check(key);
  }
  void set(const std::string& key) {
    const Bytes value = std::to_string(++written_) + Bytes(40, 'v');
    become(key, value, done(life_->finish(store().set(key, value))));
  }
  void erase(const std::string& key) {
    const std::optional<bool> erased = outcome(life_->finish(store().erase(key)));
    if (erased) {
      EXPECT_TRUE(may_hold_[key].contains(Value()) || *erased) << key << " was there";
    }
    become(key, Value(), erased.has_value());
  }
  /// Two keys that are only ever written together.
  void pair() {
    const Bytes value = std::to_string(++written_);
    Operation write = [value](Transaction& map) {
      map.set("left", value);
      map.set("right", value);
    };
    const bool acknowledged = done(life_->finish(store().operate(std::move(write))));
    become("left", value, acknowledged);
    become("right", value, acknowledged);
  }
  /// One that fails leaves all as it was.
  void snapshot() {
    const auto taken = life_->finish(store().take_snapshot());
    if (!taken) return open();
    if (*taken) return;
    expect_known(taken->error());
    ++errors_;
  }

  void check(const std::string& key) {
    const std::optional<Value> held = outcome(life_->finish(store().get(key)));
    if (!held) return;
    EXPECT_TRUE(may_hold_[key].contains(*held)) << key << " holds " << held->value_or("nothing");
    // What somebody has seen, no crash takes back.
    may_hold_[key] = {*held};
  }
  void check_all() {
    for (const auto& [key, values] : std::map(may_hold_)) check(key);
    if (may_hold_["left"].size() == 1 && may_hold_["right"].size() == 1) {
      EXPECT_EQ(may_hold_["left"], may_hold_["right"]) << "half of a batch";
    }
  }

  std::uint64_t seed_;
  std::uint64_t lives_ = 0;
  std::unique_ptr<Life> life_;
  std::map<std::string, std::set<Value>> may_hold_;
  int written_ = 0;
  int errors_ = 0;
};

constexpr DiskFailure failures[] = {DiskFailure::error,      DiskFailure::error_after,  DiskFailure::short_write,
                                    DiskFailure::no_space,   DiskFailure::power_before, DiskFailure::power_torn,
                                    DiskFailure::power_after};

/// With another seed the disk loses something else.
int seeds_of(DiskOperation operation, DiskFailure how) {
  const bool loses = how >= DiskFailure::power_before || operation == DiskOperation::flush;
  return loses ? 4 : 1;
}

TEST(FailingOperation, EachOfARunInEveryWay) {
  int runs = 0;
  std::map<DiskOperation, int> operations;
  for (int seed = 1; seed <= 4; ++seed) {
    Script undisturbed(seed);
    undisturbed.all();
    ASSERT_FALSE(HasFailure());
    const std::vector<DiskOperation> history = undisturbed.disk.history();
    ASSERT_GT(undisturbed.to_fail, 110U);
    for (std::size_t nth = 1; nth <= undisturbed.to_fail; ++nth) {
      const DiskOperation operation = history[nth - 1];
      ++operations[operation];
      for (const DiskFailure how : failures) {
        if (!can_fail(operation, how) || seed > seeds_of(operation, how)) continue;
        SCOPED_TRACE(testing::Message() << "seed " << seed << ", operation " << nth << " of sort "
                                        << static_cast<int>(operation) << ", failure " << static_cast<int>(how));
        Script run(seed);
        run.disk.fail_operation(nth, how);
        run.all();
        ASSERT_GE(run.disk.history().size(), nth);
        ASSERT_EQ(run.disk.history()[nth - 1], operation) << "the run was another one before it failed";
        ++runs;
        if (HasFailure()) return;
      }
    }
  }
  EXPECT_GE(operations.size(), 9U) << "some sort of operation never happens in these runs";
  EXPECT_GT(runs, 1000);
}

}  // namespace
}  // namespace understudy::store
