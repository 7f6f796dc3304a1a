// Attacks: the picture of all actors shows what each does, and taking it while they work stops nobody.
#include "understudy/actor/snapshot.hpp"

#include "support/runtimes.hpp"
#include "understudy/runtime/task_group.hpp"

#include <algorithm>
#include <atomic>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace understudy::test {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

struct Ask {
  Reply<int> reply;
};

Task<> deaf(Mailbox<Ask>& inbox) {
  while (auto ask = co_await inbox.receive()) co_await sleep(std::chrono::hours(1));
}
Task<> front(Mailbox<Ask>& inbox, Address<Ask> behind) {
  const Address<Ask> child = spawn_child("child", deaf, {.capacity = 7});
  while (auto ask = co_await inbox.receive()) {
    const Result<int> got = co_await behind.ask<Ask>();
    if (got) ask->reply(*got);
  }
}

const ActorSnapshot& find(const Snapshot& all, std::string_view path) {
  return *std::ranges::find(all, path, &ActorSnapshot::path);
}

TEST(Snapshot, ShowsWhatEachActorDoes) {
  on_every_runtime(
      [](System& system) {
        const auto behind = system.spawn("behind", deaf);
        const auto first = system.spawn("front", front, {}, behind);
        TaskGroup asker(system);
        asker.spawn([](Address<Ask> to) -> Task<> { static_cast<void>(co_await to.ask<Ask>()); }(first));
        EXPECT_TRUE(eventually(system, [&] {
          const Snapshot all = system.snapshot();
          return all.size() == 3 && find(all, "/front").waits_on == "/behind" &&
                 find(all, "/behind").waits_for == "a timer";
        }));
        for (int i = 0; i < 3; ++i) ASSERT_TRUE(behind.try_tell(Ask{}));
        const Snapshot all = system.snapshot();
        EXPECT_EQ(find(all, "/front").state, ActorState::waiting);
        EXPECT_EQ(find(all, "/front").children, 1U);
        EXPECT_EQ(find(all, "/front").handled, 1U);
        EXPECT_EQ(find(all, "/front/child").state, ActorState::idle);
        EXPECT_EQ(find(all, "/front/child").parent, find(all, "/front").id);
        EXPECT_EQ(find(all, "/front/child").capacity, 7U);
        EXPECT_EQ(find(all, "/behind").depth, 3U);
        EXPECT_EQ(find(all, "/behind").incarnation, 1U);
        EXPECT_THAT(describe(all), HasSubstr("front  waiting for an answer of /behind"));
        system.shutdown(milliseconds(10));
      },
      10);
}

TEST(Snapshot, OfActorsAtWorkStopsNone) {
  on_real_threads([](System& system) {
    std::vector<Address<Ask>> actors;
    for (int i = 0; i < 300; ++i) {
      actors.push_back(system.spawn("echo", [](Mailbox<Ask>& inbox) -> Task<> {
        while (auto ask = co_await inbox.receive()) ask->reply(1);
      }));
    }
    std::atomic<bool> end = false;
    std::atomic<std::uint64_t> answers = 0;
    TaskGroup askers(system);
    for (int i = 0; i < 8; ++i) {
      askers.spawn([](const std::vector<Address<Ask>>& all, int from, std::atomic<bool>& stop,
                      std::atomic<std::uint64_t>& count) -> Task<> {
        for (std::size_t at = static_cast<std::size_t>(from); !stop.load(); at = (at + 7) % all.size()) {
          const Result<int> got = co_await all[at].ask<Ask>();
          if (got) ++count;
        }
      }(actors, i, end, answers));
    }
    for (int i = 0; i < 50; ++i) {
      const std::uint64_t before = answers.load();
      EXPECT_EQ(system.snapshot().size(), 300U);
      EXPECT_TRUE(eventually(system, [&] { return answers.load() > before; }));
    }
    end = true;
    ASSERT_TRUE(wait(system, askers.join()));
  });
}

}  // namespace
}  // namespace understudy::test
