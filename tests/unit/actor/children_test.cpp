// Attacks: children live and end with the incarnation that spawned them: before its frame, before its successor, before
// the actor has stopped; and only actors have children.
#include "support/counted.hpp"
#include "support/runtimes.hpp"
#include "understudy/supervision/supervisor.hpp"

#include <memory>
#include <mutex>
#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace understudy::test {
namespace {

/// What happened, in order: "+name.life" when a frame begins, "-name.life" when it has ended.
class Diary {
 public:
  void add(std::string line) {
    const std::lock_guard lock(mutex_);
    lines_.push_back(std::move(line));
  }
  [[nodiscard]] std::vector<std::string> lines() const {
    const std::lock_guard lock(mutex_);
    return lines_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
};

/// An argument whose copy in the actor's frame writes the diary.
class Entry {
 public:
  explicit Entry(std::shared_ptr<Diary> diary) : diary_(std::move(diary)) {}
  Entry(const Entry& other) : diary_(other.diary_) {}
  Entry& operator=(const Entry&) = delete;
  ~Entry() {
    if (!name_.empty()) diary_->add("-" + name_);
  }
  void begin() {
    const ActorInfo info = this_actor();
    name_ = info.path + "." + std::to_string(info.incarnation);
    diary_->add("+" + name_);
  }

 private:
  std::shared_ptr<Diary> diary_;
  std::string name_;
};

struct Command {
  std::string what;
  Reply<void> reply;
};

Task<> leaf(Mailbox<Command>& inbox, Entry entry) {
  entry.begin();
  while (auto command = co_await inbox.receive()) {
    if (command->what == "crash") throw std::runtime_error("leaf");
    if (command->what == "hang") co_await sleep(std::chrono::hours(1));
    command->reply();
  }
}

Task<> middle(Mailbox<Command>& inbox, Entry entry, Restart restart) {
  entry.begin();
  const auto child = spawn_child("leaf", leaf, {.restart = restart}, entry);
  while (auto command = co_await inbox.receive()) {
    if (command->what == "crash") throw std::runtime_error("middle");
    if (command->what == "hang") co_await sleep(std::chrono::hours(1));
    if (command->what == "return") co_return;
    if (command->what.starts_with("leaf ")) {
      command->reply.complete(co_await child.ask<Command>(command->what.substr(5)));
    } else {
      command->reply();
    }
  }
}

struct Scene {
  Scene(System& own, Restart restart) : system(own), supervisor(own, {.backoff = {.next = Duration{0}}}) {
    root = system.spawn("m", middle, {}, Entry(diary), restart);
    send("hello");
    EXPECT_TRUE(eventually(system, [&] { return diary->lines().size() == 2; }));
  }
  Result<void> send(const std::string& what) { return wait(system, root.ask<Command>(what)); }

  System& system;
  Supervisor supervisor;
  std::shared_ptr<Diary> diary = std::make_shared<Diary>();
  Address<Command> root;
};

TEST(Children, EndBeforeTheirParentsFrameAndItsSuccessor) {
  for (const std::string how : {"crash", "hang", "reset"}) {
    on_every_runtime(
        [&](System& system) {
          Scene scene(system, Restart::transient);
          if (how == "reset") {
            EXPECT_TRUE(scene.root.reset());
          } else {
            EXPECT_EQ(scene.send(how).error(), ErrorCode::actor_crashed);
          }
          EXPECT_TRUE(scene.send("hello"));
          ASSERT_TRUE(eventually(system, [&] { return scene.diary->lines().size() == 6; }));
          EXPECT_THAT(scene.diary->lines(),
                      testing::ElementsAre("+/m.1", "+/m/leaf.1", "-/m/leaf.1", "-/m.1", "+/m.2", "+/m/leaf.1"));
        },
        20);
  }
}

TEST(Children, FailAlone) {
  on_every_runtime([](System& system) {
    Scene scene(system, Restart::transient);
    EXPECT_EQ(scene.send("leaf crash").error(), ErrorCode::actor_crashed);
    EXPECT_TRUE(scene.send("leaf hello"));
    EXPECT_THAT(scene.diary->lines(), testing::ElementsAre("+/m.1", "+/m/leaf.1", "-/m/leaf.1", "+/m/leaf.2"));
  });
}

TEST(Children, FailWithTheirParent) {
  on_every_runtime([](System& system) {
    Scene scene(system, Restart::with_parent);
    EXPECT_FALSE(scene.send("leaf crash"));
    EXPECT_TRUE(scene.send("leaf hello"));
    EXPECT_THAT(scene.diary->lines(),
                testing::ElementsAre("+/m.1", "+/m/leaf.1", "-/m/leaf.1", "-/m.1", "+/m.2", "+/m/leaf.1"));
    const std::vector<Incident> incidents = scene.supervisor.incidents();
    ASSERT_EQ(incidents.size(), 2U);
    EXPECT_EQ(incidents[0].actor, "/m/leaf");
    EXPECT_EQ(incidents[0].outcome, IncidentOutcome::escalated);
    EXPECT_EQ(incidents[1].actor, "/m");
    EXPECT_EQ(incidents[1].outcome, IncidentOutcome::restarted);
    EXPECT_THAT(incidents[1].evidence, testing::HasSubstr("leaf"));
  });
}

TEST(Children, FailForGood) {
  on_every_runtime([](System& system) {
    Scene scene(system, Restart::temporary);
    EXPECT_EQ(scene.send("leaf crash").error(), ErrorCode::actor_crashed);
    EXPECT_EQ(scene.send("leaf hello").error(), ErrorCode::actor_stopped);
    EXPECT_TRUE(scene.send("hello")) << "the parent goes on";
    EXPECT_EQ(scene.root.incarnation(), 1U);
  });
}

TEST(Children, StopWhenTheirParentReturns) {
  on_every_runtime([](System& system) {
    Scene scene(system, Restart::transient);
    static_cast<void>(scene.send("return"));
    ASSERT_TRUE(eventually(system, [&] { return scene.root.stopped(); }));
    EXPECT_THAT(scene.diary->lines(), testing::ElementsAre("+/m.1", "+/m/leaf.1", "-/m/leaf.1", "-/m.1"));
  });
}

Task<> family(Mailbox<int>& inbox, [[maybe_unused]] Counted life, int depth) {
  if (depth > 0) {
    for (int i = 0; i < 3; ++i) {
      static_cast<void>(
          spawn_child("c", family, {.restart = i == 0 ? Restart::with_parent : Restart::transient}, life, depth - 1));
    }
  }
  std::uint64_t state = this_actor().incarnation + static_cast<std::uint64_t>(depth);
  while (const auto message = co_await inbox.receive()) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    if (state >> 60U == 3) throw std::runtime_error("again");
    co_await sleep(Duration(state >> 52U));
  }
}

TEST(Children, OfChildrenEndWithThemUnderAStormOfResets) {
  on_every_runtime(
      [](System& system) {
        const Census census;
        const Supervisor supervisor(system, {.intensity = {.restarts = 1'000'000},
                                             .backoff = {.next = Duration{100}, .longest = Duration{1000}}});
        const auto root = system.spawn("root", family, {}, Counted(census), 3);
        SeededRandom random(system.random_number());
        for (int i = 0; i < 60; ++i) {
          static_cast<void>(root.try_tell(1));
          if (random.chance(60)) static_cast<void>(root.reset());
          ASSERT_TRUE(wait(system, pause(Duration(random.below(60'000)))));
        }
        root.stop();
        ASSERT_TRUE(eventually(system, [&] { return root.stopped(); }));
        EXPECT_TRUE(eventually(system, [&] { return census.living() == 0; }));
      },
      60);
}

TEST(ChildrenDeathTest, BelongToActorsOnly) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  set_log_level(LogLevel::error);
  const auto inside_a_task = [](void (*act)()) {
    System system({.workers = 1});
    static_cast<void>(wait(system, [](void (*doing)()) -> Task<> {
      doing();
      co_return;
    }(act)));
  };
  EXPECT_DEATH(static_cast<void>(this_actor()), "this_actor was called outside an actor");
  EXPECT_DEATH(beat(), "beat was called outside an actor");
  EXPECT_DEATH(inside_a_task([] { beat(); }), "beat was called outside an actor");
  EXPECT_DEATH(inside_a_task([] { static_cast<void>(spawn_child("x", [](Mailbox<int>&) -> Task<> { co_return; })); }),
               "spawn_child was called outside an actor");
  set_log_level(LogLevel::off);
}

TEST(Children, KnowTheirPlace) {
  on_every_runtime([](System& system) {
    std::string path;
    const auto actor = system.spawn("a", [&path](Mailbox<int>& inbox) -> Task<> {
      const auto child = spawn_child("b", [&path](Mailbox<int>& own) -> Task<> {
        path = this_actor().path;
        static_cast<void>(co_await own.receive());
      });
      EXPECT_EQ(child.name(), "b");
      EXPECT_EQ(child.path(), "/a/b");
      static_cast<void>(co_await inbox.receive());
    });
    system.shutdown();
    EXPECT_TRUE(path.empty() || path == "/a/b");
  });
}

}  // namespace
}  // namespace understudy::test
