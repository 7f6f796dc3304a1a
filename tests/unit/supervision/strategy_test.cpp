// Attacks: which siblings are restarted with one that fails, that all of them have stopped before the first starts
// anew, in which order they start; who is restarted after what; and what becomes of a root that fails too often.
#include "support/counted.hpp"
#include "support/runtimes.hpp"
#include "understudy/supervision/supervisor.hpp"

#include <atomic>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace understudy::test {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// What has begun and ended, in order.
struct Diary {
  void note(std::string what) {
    const std::lock_guard lock(mutex);
    lines.push_back(std::move(what));
  }
  std::vector<std::string> take() {
    const std::lock_guard lock(mutex);
    return std::exchange(lines, {});
  }
  std::mutex mutex;
  std::vector<std::string> lines;
};
struct Entry {
  Entry(std::shared_ptr<Diary> in, std::string who) : diary(std::move(in)), name(std::move(who)) {
    diary->note("+" + name);
  }
  Entry(const Entry&) = delete;
  Entry& operator=(const Entry&) = delete;
  ~Entry() { diary->note("-" + name); }
  std::shared_ptr<Diary> diary;
  std::string name;
};

Task<> member(Mailbox<int>& inbox, std::shared_ptr<Diary> diary, std::string name) {
  const Entry entry(diary, name);
  while (auto order = co_await inbox.receive()) {
    if (*order == 0) co_return;
    throw std::runtime_error("ordered to fail");
  }
}

/// Three roots under `strategy`; the second fails.
std::vector<std::string> diary_of(System& system, Strategy strategy) {
  const auto diary = std::make_shared<Diary>();
  SupervisionOptions options;
  options.roots = strategy;
  const Supervisor supervisor(system, options);
  std::vector<Address<int>> actors;
  for (const char* name : {"a", "b", "c"}) {
    actors.push_back(system.spawn(name, member, {}, diary, std::string(name)));
    EXPECT_TRUE(eventually(system, [&] { return actors.back().incarnation() == 1; }));
  }
  pass_time(system, milliseconds(1));
  diary->take();
  EXPECT_TRUE(actors[1].try_tell(1));
  EXPECT_TRUE(eventually(system, [&] { return actors[1].incarnation() == 2; }));
  pass_time(system, milliseconds(5));
  return diary->take();
}

TEST(Strategy, OneForOne) {
  on_every_runtime(
      [](System& system) { EXPECT_THAT(diary_of(system, Strategy::one_for_one), ElementsAre("-b", "+b")); });
}
TEST(Strategy, RestForOneStopsTheRestBeforeAnyStarts) {
  on_every_runtime([](System& system) {
    const std::vector<std::string> lines = diary_of(system, Strategy::rest_for_one);
    ASSERT_EQ(lines.size(), 4U);
    EXPECT_THAT(std::vector(lines.begin(), lines.begin() + 2), ElementsAre("-b", "-c"));
    EXPECT_THAT(std::vector(lines.begin() + 2, lines.end()), testing::UnorderedElementsAre("+b", "+c"));
  });
}
TEST(Strategy, OneForAllStopsAllBeforeAnyStarts) {
  on_every_runtime([](System& system) {
    const std::vector<std::string> lines = diary_of(system, Strategy::one_for_all);
    ASSERT_EQ(lines.size(), 6U);
    EXPECT_THAT(std::vector(lines.begin(), lines.begin() + 3), testing::UnorderedElementsAre("-a", "-b", "-c"));
    EXPECT_THAT(std::vector(lines.begin() + 3, lines.end()), testing::UnorderedElementsAre("+a", "+b", "+c"));
  });
}

TEST(Strategy, OfAParentForItsChildren) {
  on_every_runtime([](System& system) {
    const auto diary = std::make_shared<Diary>();
    const Supervisor supervisor(system);
    const auto children = std::make_shared<std::vector<Address<int>>>();
    const auto all_there = std::make_shared<std::atomic<bool>>(false);
    const auto parent = system.spawn("parent",
                                     [diary, children, all_there](Mailbox<int>& inbox) -> Task<> {
                                       for (const char* name : {"a", "b"}) {
                                         children->push_back(spawn_child(name, member, {}, diary, std::string(name)));
                                       }
                                       *all_there = true;
                                       while (auto order = co_await inbox.receive()) {
                                       }
                                     },
                                     {.children = Strategy::one_for_all});
    ASSERT_TRUE(eventually(system, [&] { return all_there->load() && children->back().incarnation() == 1; }));
    ASSERT_TRUE(children->front().try_tell(1));
    EXPECT_TRUE(eventually(system, [&] { return children->back().incarnation() == 2; }));
    EXPECT_EQ(parent.incarnation(), 1U);
  });
}

TEST(Strategy, SiblingsThatStopMeanwhileAreNotWaitedFor) {
  on_every_runtime([](System& system) {
    const auto diary = std::make_shared<Diary>();
    SupervisionOptions options;
    options.roots = Strategy::one_for_all;
    const Supervisor supervisor(system, options);
    const auto a = system.spawn("a", member, {}, diary, std::string("a"));
    const auto gone = system.spawn("gone", member, {.restart = Restart::temporary}, diary, std::string("gone"));
    EXPECT_TRUE(eventually(system, [&] { return gone.incarnation() == 1 && a.incarnation() == 1; }));
    ASSERT_TRUE(a.try_tell(1));
    EXPECT_TRUE(eventually(system, [&] { return a.incarnation() == 2 && gone.stopped(); }));
  });
}

TEST(Restart, OfAPermanentOneThatReturns) {
  on_every_runtime([](System& system) {
    const auto diary = std::make_shared<Diary>();
    const Supervisor supervisor(system);
    const auto permanent = system.spawn("p", member, {.restart = Restart::permanent}, diary, std::string("p"));
    const auto transient = system.spawn("t", member, {}, diary, std::string("t"));
    ASSERT_TRUE(permanent.try_tell(0));
    ASSERT_TRUE(transient.try_tell(0));
    EXPECT_TRUE(eventually(system, [&] { return permanent.incarnation() == 2 && transient.stopped(); }));
    ASSERT_EQ(supervisor.incident_count(), 1U);
    EXPECT_EQ(supervisor.incidents()[0].kind, IncidentKind::returned);
    permanent.stop();
    EXPECT_TRUE(eventually(system, [&] { return permanent.stopped(); })) << "one that is asked to stop does";
  });
}

TEST(RootFailure, AsksForAShutdownWithTheIncident) {
  on_every_runtime([](System& system) {
    const auto diary = std::make_shared<Diary>();
    SupervisionOptions options;
    options.intensity.restarts = 2;
    options.backoff.next = Duration{0};
    options.root_failure = RootFailure::shut_down;
    const Supervisor supervisor(system, options);
    const auto actor = system.spawn("a", member, {}, diary, std::string("a"));
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(actor.try_tell(1));
    const Result<Error> reason = wait(system, system.wait_for_shutdown_request());
    ASSERT_TRUE(reason);
    EXPECT_THAT(std::string(reason->message()), HasSubstr("ordered to fail"));
    EXPECT_TRUE(system.shutdown_requested().has_value());
  });
}

}  // namespace
}  // namespace understudy::test
