// A disk that does not come back from a write holds up who waits for that write, and nobody else: on real threads, with
// one worker, which makes such writes itself as long as they are quick.
#include "support/quiet.hpp"
#include "support/wrapped_storage.hpp"
#include "understudy/actor/system.hpp"
#include "understudy/journal/storage.hpp"
#include "understudy/runtime/sleep.hpp"
#include "understudy/runtime/task_group.hpp"
#include "understudy/runtime/wait.hpp"
#include "understudy/store/store.hpp"
#include "understudy/supervision/supervisor.hpp"

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include <gtest/gtest.h>

namespace understudy::store {
namespace {

/// Writes wait while it is closed.
class Gate {
 public:
  void pass() {
    if (!closed_.load()) return;
    thread_ = std::this_thread::get_id();
    waiting_.store(true);
    waiting_.notify_all();
    closed_.wait(true);
  }
  void close() {
    waiting_.store(false);
    closed_.store(true);
  }
  void open() {
    closed_.store(false);
    closed_.notify_all();
  }
  /// Waits until there is one that waits, and gives its thread.
  std::thread::id thread_of_a_write() const {
    waiting_.wait(false);
    return thread_;
  }

 private:
  std::atomic<bool> closed_{false};
  std::atomic<bool> waiting_{false};
  std::thread::id thread_;  // Set before waiting_.
};

/// A storage whose writes go through a gate, and its flushes through another.
class GatedStorage final : public WrappedStorage {
 public:
  GatedStorage(std::shared_ptr<Storage> storage, std::shared_ptr<Gate> gate, std::shared_ptr<Gate> flushes)
      : WrappedStorage(std::move(storage)), gate_(std::move(gate)), flushes_(std::move(flushes)) {}

 private:
  struct File final : WrappedFile {
    File(std::unique_ptr<StorageFile> opened, std::shared_ptr<Gate> of_writes, std::shared_ptr<Gate> of_flushes)
        : WrappedFile(std::move(opened)), gate(std::move(of_writes)), flushes(std::move(of_flushes)) {}
    Result<void> append(BytesView bytes) override {
      gate->pass();
      return WrappedFile::append(bytes);
    }
    Result<void> write_at(std::uint64_t offset, BytesView bytes) override {
      gate->pass();
      return WrappedFile::write_at(offset, bytes);
    }
    Result<void> flush() override {
      flushes->pass();
      return WrappedFile::flush();
    }
    std::shared_ptr<Gate> gate;
    std::shared_ptr<Gate> flushes;
  };
  std::unique_ptr<StorageFile> wrap(std::unique_ptr<StorageFile> file) override {
    return std::make_unique<File>(std::move(file), gate_, flushes_);
  }

  std::shared_ptr<Gate> gate_;
  std::shared_ptr<Gate> flushes_;
};

class HeldWrite : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "understudy-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    StoreOptions options{.durability = Durability::interval, .flush_interval = std::chrono::milliseconds(20)};
    options.open_storage = [this]() -> Result<std::shared_ptr<Storage>> {
      auto storage = open_file_storage(folder_);
      if (!storage) return storage;
      return std::make_shared<GatedStorage>(*std::move(storage), gate_, flushes_);
    };
    opened_ = Store::open(system_, std::move(options));
    ASSERT_TRUE(opened_) << opened_.error().message();
  }
  void TearDown() override {
    gate_->open();
    flushes_->open();
    writing_.reset();
    opened_ = failure(ErrorCode::cancelled);
    std::filesystem::remove_all(folder_);
  }

  static Task<> write(Store& to, std::atomic<bool>& written) {
    written.store((co_await to.set("written", "value")).has_value());
  }
  /// Sets `written`, and waits until that write stands at the gate. Gives its thread.
  std::thread::id begin_held_write() {
    gate_->close();
    written_.store(false);
    writing_.emplace(system_).spawn(write(store(), written_));
    return gate_->thread_of_a_write();
  }
  void end_held_write() {
    gate_->open();
    ASSERT_TRUE(wait(system_, writing_->join()));
  }
  std::thread::id thread_of_the_worker() {
    std::thread::id thread;
    EXPECT_TRUE(wait(system_, store().operate([&](Transaction&) { thread = std::this_thread::get_id(); })));
    return thread;
  }
  /// Afterwards there is a segment, with room, and the writer does nothing: it takes the second write when it has made
  /// room after the first.
  void begin_segment() {
    for (int i = 0; i < 2; ++i) ASSERT_TRUE(set("read", "value"));
  }
  void pass_time(Duration duration) {
    const auto pause = [](Duration time) -> Task<> { co_await sleep(time); };
    ASSERT_TRUE(wait(system_, pause(duration)));
  }

  Store& store() { return **opened_; }
  Result<void> set(Bytes key, Bytes value) { return wait(system_, store().set(std::move(key), std::move(value))); }
  Result<std::optional<Bytes>> get(Bytes key) { return wait(system_, store().get(std::move(key))); }

  std::filesystem::path folder_;
  std::shared_ptr<Gate> gate_ = std::make_shared<Gate>();  // Also of writes that are left behind.
  std::shared_ptr<Gate> flushes_ = std::make_shared<Gate>();
  System system_{{.workers = 1}};
  Supervisor supervisor_{system_, {.cutoff = std::chrono::milliseconds(200)}};
  Result<std::unique_ptr<Store>> opened_ = failure(ErrorCode::cancelled);
  std::atomic<bool> written_{false};
  std::optional<TaskGroup> writing_;
};

TEST_F(HeldWrite, HoldsUpNoReads) {
  begin_segment();
  for (const bool is_quick : {true, false}) {
    const std::thread::id worker = thread_of_the_worker();
    const std::thread::id writes = begin_held_write();
    EXPECT_EQ(writes == worker, is_quick) << "after a slow one it is the pool's";
    EXPECT_EQ(get("read").value(), "value");
    EXPECT_EQ(thread_of_the_worker() == worker, !is_quick) << "it has been relieved";
    EXPECT_FALSE(written_.load());
    pass_time(std::chrono::milliseconds(20));  // So it is a slow one.
    end_held_write();
    EXPECT_TRUE(written_.load());
    EXPECT_EQ(get("written").value(), "value");
  }
  EXPECT_TRUE(supervisor_.incidents().empty());
}

TEST_F(HeldWrite, IsNotTakenForAStuckActor) {
  begin_segment();
  begin_held_write();
  pass_time(std::chrono::seconds(3));  // Many cutoffs.
  EXPECT_EQ(get("read").value(), "value");
  EXPECT_TRUE(supervisor_.incidents().empty());
  end_held_write();
  EXPECT_TRUE(supervisor_.incidents().empty());
}

TEST_F(HeldWrite, AResetOfTheWriterWaitsForItAndLosesNothing) {
  begin_segment();
  begin_held_write();
  ASSERT_TRUE(wait(system_, store().router().ask<Reset>(ActorType::writer)).value());
  end_held_write();
  // Its asker may be told that it failed; it was under way, and is there.
  EXPECT_EQ(get("written").value(), "value");
  EXPECT_EQ(get("read").value(), "value");
  EXPECT_TRUE(set("more", "value"));
}

TEST_F(HeldWrite, AHeldFlushHoldsUpWhoWantsToHearOfItAndNobodyElse) {
  begin_segment();
  flushes_->close();
  ASSERT_TRUE(set("first", "value"));
  static_cast<void>(flushes_->thread_of_a_write());  // The interval is over.
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(set("beside", std::to_string(i)));
  EXPECT_EQ(get("beside").value(), "99");
  std::atomic<bool> flushed{false};
  writing_.emplace(system_).spawn([](Store& to, std::atomic<bool>& done) -> Task<> {
    done.store((co_await to.set("flushed", "value", {.durability = Durability::always})).has_value());
  }(store(), flushed));
  pass_time(std::chrono::seconds(1));  // Many cutoffs.
  EXPECT_FALSE(flushed.load());
  EXPECT_TRUE(supervisor_.incidents().empty());
  flushes_->open();
  ASSERT_TRUE(wait(system_, writing_->join()));
  EXPECT_TRUE(flushed.load());
  EXPECT_TRUE(supervisor_.incidents().empty());
}

TEST_F(HeldWrite, HoldsUpNoShutdownForEver) {
  begin_segment();
  begin_held_write();
  const TimePoint begin = system_.clock().now();
  system_.shutdown(std::chrono::milliseconds(100));
  EXPECT_LT(system_.clock().now() - begin, std::chrono::seconds(20));
  gate_->open();
}

}  // namespace
}  // namespace understudy::store
