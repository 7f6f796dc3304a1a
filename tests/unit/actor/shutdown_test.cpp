// Attacks: a system shuts down leaf first, bounded in time, with nothing left behind: whatever its actors and tasks do.
#include "support/counted.hpp"
#include "support/runtimes.hpp"
#include "understudy/runtime/sleep.hpp"
#include "understudy/runtime/task_group.hpp"
#include "understudy/supervision/supervisor.hpp"

#include <memory>
#include <mutex>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace understudy::test {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using testing::ElementsAre;

/// Names in the order in which their actors ended.
class Record {
 public:
  void begin() { ++begun_; }
  [[nodiscard]] int begun() const { return begun_.load(); }
  void add(const std::string& name) {
    const std::lock_guard lock(mutex_);
    names_.push_back(name);
  }
  [[nodiscard]] std::vector<std::string> names() const {
    const std::lock_guard lock(mutex_);
    return names_;
  }

 private:
  std::atomic<int> begun_{0};
  mutable std::mutex mutex_;
  std::vector<std::string> names_;
};

/// An argument of an actor, of which the copy in the actor's frame notes when that frame ends.
class FrameNote {
 public:
  explicit FrameNote(std::shared_ptr<Record> all) : record_(std::move(all)) {}
  FrameNote(const FrameNote& other) : record_(other.record_) {}
  FrameNote& operator=(const FrameNote&) = delete;
  ~FrameNote() {
    if (!name_.empty()) record_->add(name_);
  }
  void begin() {
    name_ = this_actor().path;
    record_->begin();
  }

 private:
  std::shared_ptr<Record> record_;
  std::string name_;
};

/// An actor with `width` children at each of `depth` levels below it.
Task<> tree(Mailbox<int>& inbox, FrameNote note, int depth, int width) {
  note.begin();
  std::vector<Address<int>> children;
  for (int i = 0; i < width && depth > 0; ++i) {
    children.push_back(spawn_child("c" + std::to_string(i), tree, {}, note, depth - 1, width));
  }
  while (const auto message = co_await inbox.receive()) {
  }
}

TEST(Shutdown, EndsLeavesBeforeTheirParents) {
  on_every_runtime([](System& system) {
    const auto record = std::make_shared<Record>();
    system.spawn("a", tree, {}, FrameNote(record), 2, 3);
    system.spawn("b", tree, {}, FrameNote(record), 1, 1);
    ASSERT_TRUE(eventually(system, [&] { return record->begun() == 15; }));
    system.shutdown();
    const std::vector<std::string> names = record->names();
    ASSERT_EQ(names.size(), 1U + 3U + 9U + 2U);
    for (std::size_t i = 0; i < names.size(); ++i) {
      for (std::size_t later = i + 1; later < names.size(); ++later) {
        EXPECT_FALSE(names[later].starts_with(names[i] + "/")) << names[i] << " ended before " << names[later];
      }
    }
    EXPECT_EQ(names.front().substr(0, 2), "/b") << "the youngest root goes first";
  });
}

Task<> stuck(Mailbox<int>& inbox, [[maybe_unused]] Counted life) {
  static_cast<void>(co_await inbox.receive());
  co_await sleep(hours(1));
}

/// Returns as soon as it is asked to; its child, grandchild ... do not.
Task<> with_stuck_descendant(Mailbox<int>& inbox, [[maybe_unused]] Counted life, int depth) {
  if (depth == 0) {
    static_cast<void>(spawn_child("stuck", stuck, {}, life));
  } else {
    static_cast<void>(spawn_child("between", with_stuck_descendant, {}, life, depth - 1));
  }
  static_cast<void>(co_await inbox.receive());
}

TEST(Shutdown, IsBoundedWhateverIsStuck) {
  for (int depth = -1; depth <= 2; ++depth) {
    SCOPED_TRACE("depth of the stuck actor: " + std::to_string(depth + 1));
    on_every_runtime(
        [&](System& system) {
          const Census census;
          if (depth < 0) {
            system.spawn("stuck", stuck, {}, Counted(census));
          } else {
            system.spawn("root", with_stuck_descendant, {}, Counted(census), depth);
          }
          ASSERT_TRUE(eventually(system, [&] { return census.living() >= 2 * depth + 4; }));
          const TimePoint start = system.clock().now();
          system.shutdown(milliseconds(30));
          EXPECT_LT(system.clock().now() - start, milliseconds(1500));
          EXPECT_EQ(census.living(), 0);
        },
        10);
  }
}

Task<> crash_when_stopped(Mailbox<int>& inbox) {
  static_cast<void>(co_await inbox.receive());
  throw std::runtime_error("not now");
}

TEST(Shutdown, IsBoundedThoughAnActorCrashesWheneverItIsToStop) {
  on_every_runtime(
      [](System& system) {
        const Supervisor supervisor(system, {.intensity = {.restarts = 1'000'000}, .backoff = {.first = hours(1)}});
        const auto actor = system.spawn("defiant", crash_when_stopped);
        system.shutdown(milliseconds(30));
        EXPECT_TRUE(actor.stopped());
      },
      10);
}

Task<> spawner(Mailbox<int>& inbox, System& system, std::shared_ptr<Record> record) {
  while (const auto message = co_await inbox.receive()) {
  }
  record->add("draining");
  const auto root = system.spawn("late", tree, {}, FrameNote(record), 0, 0);
  const auto child = spawn_child("late child", tree, {}, FrameNote(record), 0, 0);
  EXPECT_TRUE(root.stopped());
  EXPECT_TRUE(child.stopped());
  EXPECT_EQ(root.try_tell(1).error(), ErrorCode::actor_stopped);
  const Result<void> told = co_await child.tell(1);
  EXPECT_EQ(told.error(), ErrorCode::actor_stopped);
}

TEST(Shutdown, SpawnsNothingNew) {
  on_every_runtime([](System& system) {
    const auto record = std::make_shared<Record>();
    system.spawn("spawner", spawner, {}, std::ref(system), record);
    system.shutdown();
    EXPECT_THAT(record->names(), ElementsAre("draining"));
    EXPECT_TRUE(system.spawn("later", tree, {}, FrameNote(record), 0, 0).stopped());
  });
}

Task<> sleep_for_ever(Counted life) {
  const Counted another = life;
  co_await sleep(hours(1));
}

TEST(Shutdown, DestroysTasksWhereTheyAreSuspended) {
  on_every_runtime([](System& system) {
    const Census census;
    for (int i = 0; i < 10; ++i) system.start(sleep_for_ever(Counted(census)));
    system.shutdown();
    EXPECT_EQ(census.living(), 0);
  });
}

TEST(Shutdown, DestroysTheTasksOfEveryGroup) {
  on_every_runtime([](System& system) {
    const Census census;
    TaskGroup group(system);
    for (int i = 0; i < 10; ++i) group.spawn(sleep_for_ever(Counted(census)));
    system.shutdown();
    EXPECT_EQ(census.living(), 0);
    EXPECT_EQ(group.size(), 0U);
  });
}

Task<> owner_of_tasks(Mailbox<int>& inbox, System& system, [[maybe_unused]] Counted life) {
  TaskGroup group(system);
  for (int i = 0; i < 10; ++i) group.spawn(sleep_for_ever(life));
  while (const auto message = co_await inbox.receive()) {
  }
}

TEST(Shutdown, DestroysTheTasksThatAnActorLeavesBehind) {
  on_every_runtime([](System& system) {
    const Census census;
    system.spawn("owner", owner_of_tasks, {}, std::ref(system), Counted(census));
    ASSERT_TRUE(eventually(system, [&] { return census.living() >= 12; }));
    system.shutdown();
    EXPECT_EQ(census.living(), 0);
  });
}

TEST(Shutdown, WhatIsStartedAfterwardsEndsAtOnce) {
  on_every_runtime([](System& system) {
    const Census census;
    system.shutdown();
    system.start(sleep_for_ever(Counted(census)));
    TaskGroup group(system);
    group.spawn(sleep_for_ever(Counted(census)));
    EXPECT_EQ(census.living(), 0);
    EXPECT_EQ(group.size(), 0U);
    const Result<void> waited = wait(system, sleep_for_ever(Counted(census)));
    ASSERT_FALSE(waited);
    EXPECT_EQ(waited.error(), ErrorCode::cancelled);
    EXPECT_EQ(census.living(), 0);
  });
}

TEST(Shutdown, MayBeCalledAgainAndFromManyThreads) {
  on_real_threads([](System& system) {
    const auto record = std::make_shared<Record>();
    system.spawn("a", tree, {}, FrameNote(record), 2, 2);
    ASSERT_TRUE(eventually(system, [&] { return record->begun() == 7; }));
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        system.shutdown();
        EXPECT_EQ(record->names().size(), 7U);
      });
    }
    for (std::thread& thread : threads) thread.join();
    system.shutdown();
  });
}

TEST(Shutdown, LeavesItsSupervisorDestructible) {
  on_every_runtime([](System& system) {
    const Supervisor supervisor(system);
    const auto record = std::make_shared<Record>();
    const auto actor = system.spawn("a", tree, {}, FrameNote(record), 1, 2);
    ASSERT_TRUE(eventually(system, [&] { return record->begun() == 3; }));
    EXPECT_TRUE(actor.try_tell(1));
    system.shutdown();
    EXPECT_EQ(record->names().size(), 3U);
  });
}

TEST(ShutdownDeathTest, IsNotForWorkers) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        set_log_level(LogLevel::error);
        System system({.workers = 1});
        static_cast<void>(wait(system, [](System& own) -> Task<> {
          own.shutdown();
          co_return;
        }(system)));
      },
      "called on a worker");
}

TEST(Shutdown, DrainsTheMailboxFirst) {
  on_every_runtime([](System& system) {
    const auto handled = std::make_shared<std::atomic<int>>(0);
    const auto actor = system.spawn("slow", [handled](Mailbox<int>& inbox) -> Task<> {
      while (const auto message = co_await inbox.receive()) {
        co_await sleep(std::chrono::microseconds(10));
        ++*handled;
      }
    });
    for (int i = 0; i < 50; ++i) ASSERT_TRUE(actor.try_tell(i));
    system.shutdown();
    EXPECT_EQ(handled->load(), 50);
  });
}

}  // namespace
}  // namespace understudy::test
