// Snapshots taken piece by piece while writes go on, and crashes at any point: what a start finds is the state after
// some number of writes, and never fewer than were flushed.
#include "journal_fixture.hpp"

#include <map>
#include <string>

#include <gtest/gtest.h>

namespace understudy::journal_test {
namespace {

constexpr RecordKind kind_set{1};
constexpr RecordKind kind_erase{2};

using State = std::map<std::string, std::string>;

void apply_to(State& state, RecordKind kind, BytesView payload) {
  const std::size_t space = payload.find(' ');
  const std::string key(payload.substr(0, space));
  if (kind == kind_erase) {
    state.erase(key);
  } else {
    state[key] = std::string(payload.substr(space + 1));
  }
}

struct Write {
  RecordKind kind;
  std::string payload;
};

/// A store that takes snapshots as it writes, and what must be true of it.
class SmallStore {
 public:
  explicit SmallStore(std::uint64_t seed) : random_(seed), disk_(seed ^ 0xD15CU) {}

  SimulatedDisk& disk() { return disk_; }

  void open(const std::string& where) {
    state_.clear();
    SeededRandom ids(7);
    auto opened = Journal::open(disk_.attach(), {.segment_bytes_max = 600, .random = &ids},
                                [this](const Record& record) -> Result<void> {
                                  apply_to(state_, record.kind, record.payload);
                                  return {};
                                });
    ASSERT_TRUE(opened) << where << ": " << opened.error().message();
    journal_ = std::move(*opened);
    const std::size_t found = journal_->last_lsn();
    ASSERT_GE(found, kept_) << where << ": what was flushed is gone";
    ASSERT_LE(found, tried_.size()) << where;
    tried_.resize(found);
    kept_ = found;
    State expected;
    for (const Write& write : tried_) apply_to(expected, write.kind, write.payload);
    ASSERT_EQ(state_, expected) << where;
    if (journal_->recovery().snapshot) ++started_from_snapshots;
  }

  /// Whether the journal goes on.
  bool write_some() {
    for (std::uint64_t count = 1 + random_.below(4); count > 0; --count) {
      const std::string key = "k" + std::to_string(random_.below(20));
      const bool erase = random_.chance(30);
      std::string payload = key;
      if (!erase) payload += " " + std::to_string(tried_.size());
      tried_.push_back({erase ? kind_erase : kind_set, payload});
      if (!journal_->add(tried_.back().kind, payload)) return false;
      apply_to(state_, tried_.back().kind, payload);
    }
    if (!journal_->commit()) return false;
    if (random_.chance(50)) return true;
    return flush();
  }
  bool flush() {
    if (!journal_->flush()) return false;
    kept_ = tried_.size();
    return true;
  }

  /// One step of a snapshot: begins it, writes a few keys, or ends it. A failure of it alone is none of the journal's.
  bool snapshot_step() {
    if (!snapshot_) {
      auto begun = journal_->begin_snapshot(journal_->committed_lsn());
      if (begun) snapshot_ = std::move(*begun);
      next_key_ = "";
      return true;
    }
    auto at = state_.lower_bound(next_key_);
    for (int count = 0; count < 3 && at != state_.end(); ++count, ++at) {
      if (!snapshot_->add(kind_set, at->first + " " + at->second)) {
        snapshot_.reset();
        return true;
      }
    }
    if (at != state_.end()) {
      next_key_ = at->first;
      return true;
    }
    if (!journal_->commit() || !flush()) return false;
    if (snapshot_->seal(journal_->durable_lsn())) static_cast<void>(journal_->install_snapshot(*snapshot_));
    snapshot_.reset();
    return true;
  }

  bool live(std::uint64_t steps) {
    for (std::uint64_t step = 0; step < steps; ++step) {
      if (!(random_.chance(50) ? write_some() : snapshot_step())) return false;
    }
    return true;
  }
  void end_life() {
    snapshot_.reset();
    journal_.reset();
  }
  Random& random() { return random_; }

  int started_from_snapshots = 0;

 private:
  SeededRandom random_;
  SimulatedDisk disk_;
  std::vector<Write> tried_;
  std::size_t kept_ = 0;
  State state_;
  std::unique_ptr<Journal> journal_;
  std::unique_ptr<SnapshotWriter> snapshot_;
  std::string next_key_;
};

int run_lives(std::uint64_t seed, const DiskFaults& faults) {
  SmallStore store(seed);
  for (int life = 0; life < 6; ++life) {
    store.disk().set_faults({});
    store.disk().lose_power_at(0);
    store.open("seed " + std::to_string(seed) + ", life " + std::to_string(life));
    if (testing::Test::HasFailure()) return 0;
    store.disk().set_faults(faults);
    if (store.random().chance(50)) store.disk().lose_power_at(1 + store.random().below(60));
    static_cast<void>(store.live(store.random().below(60)));
    store.end_life();
    if (store.random().chance(50)) {
      store.disk().crash();
    } else if (store.random().chance(50)) {
      store.disk().kill();
    }
  }
  return store.started_from_snapshots;
}

TEST(JournalSnapshotCrash, TheStateSurvivesPowerLossUnder2000Seeds) {
  int from_snapshots = 0;
  for (std::uint64_t seed = 0; seed < 2000 && !HasFailure(); ++seed) from_snapshots += run_lives(seed, {});
  EXPECT_GT(from_snapshots, 2000) << "most lives were to begin with a snapshot";
}

TEST(JournalSnapshotCrash, TheStateSurvivesFailingDisksUnder2000Seeds) {
  int from_snapshots = 0;
  for (std::uint64_t seed = 0; seed < 2000 && !HasFailure(); ++seed) {
    from_snapshots +=
        run_lives(seed, {.append_fails_percent = 2, .flush_fails_percent = 3, .directory_flush_fails_percent = 5});
  }
  EXPECT_GT(from_snapshots, 500);
}

/// The same life every time, with a snapshot in it, then a start.
bool run_short_lives(SmallStore& store, const std::string& where) {
  for (int life = 0; life < 2; ++life) {
    store.open(where);
    if (testing::Test::HasFatalFailure()) return false;
    static_cast<void>(store.live(40));
    store.end_life();
    store.disk().crash();
  }
  store.disk().lose_power_at(0);
  store.open(where);
  return !testing::Test::HasFatalFailure();
}

// Not drawn but counted: the power fails at each change that the disk makes in the first life.
TEST(JournalSnapshotCrash, PowerLossAtEveryChangeOfARun) {
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    std::uint64_t changes = 0;
    {
      SmallStore store(seed);
      store.open("undisturbed");
      ASSERT_TRUE(store.live(40));
      changes = store.disk().counters().changes();
    }
    ASSERT_GT(changes, 40U);
    for (std::uint64_t nth = 1; nth <= changes; ++nth) {
      SmallStore store(seed);
      store.open("empty");
      store.disk().lose_power_at(nth);
      static_cast<void>(store.live(40));
      store.end_life();
      store.disk().lose_power_at(0);
      store.disk().crash();
      ASSERT_TRUE(run_short_lives(store, "seed " + std::to_string(seed) + ", change " + std::to_string(nth)));
    }
  }
}

}  // namespace
}  // namespace understudy::journal_test
