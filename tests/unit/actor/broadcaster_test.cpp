// Attacks: a broadcast that a full or stopped target keeps from the others, or that reports what is not so.
#include "understudy/actor/broadcaster.hpp"

#include "support/counted.hpp"
#include "support/runtimes.hpp"

#include <gtest/gtest.h>

namespace understudy::test {
namespace {

struct News {
  int number;
  Counted token;
};
struct Seen {
  Census tokens;
  std::array<std::atomic<int>, 4> handled{};
  std::atomic<bool> held{false};
};

Task<> reader(Mailbox<News>& inbox, std::shared_ptr<Seen> seen, int index) {
  while (auto news = co_await inbox.receive()) {
    while (index == 0 && seen->held.load()) co_await sleep(std::chrono::microseconds(50));
    ++seen->handled.at(static_cast<std::size_t>(index));
  }
}
std::vector<Address<News>> spawn_readers(System& system, const std::shared_ptr<Seen>& seen, WhenFull when_full) {
  std::vector<Address<News>> readers;
  for (int i = 0; i < 3; ++i) {
    readers.push_back(system.spawn("r" + std::to_string(i), reader, {.capacity = 1, .when_full = when_full}, seen, i));
  }
  return readers;
}
Task<> tell_news(Broadcaster<News> news, int number, Counted token, std::shared_ptr<std::atomic<int>> done) {
  News message(number, std::move(token));
  const Result<void> told = co_await news.tell(std::move(message));
  if (told) ++*done;
}

TEST(Broadcaster, AFullTargetHoldsUpOnlyTheSenderWhoWaits) {
  on_every_runtime([](System& system) {
    const auto seen = std::make_shared<Seen>();
    const auto readers = spawn_readers(system, seen, WhenFull::wait);
    const Broadcaster<News> news(system, "news", route::in_caller, readers);
    seen->held = true;
    // The first is in hand, the second in the mailbox, the third waits: for reader 0 alone.
    TaskGroup group(system);
    const auto done = std::make_shared<std::atomic<int>>(0);
    for (int i = 0; i < 3; ++i) {
      group.spawn(tell_news(news, i, Counted(seen->tokens), done));
      ASSERT_TRUE(eventually(system, [&] { return seen->handled[1] == i + 1 && seen->handled[2] == i + 1; }));
      if (i == 0) {
        ASSERT_TRUE(eventually(system, [&] { return readers[0].depth() == 0; }));
      }
    }
    EXPECT_EQ(seen->handled[0], 0);
    EXPECT_EQ(*done, 2);
    EXPECT_EQ(news.try_tell(News(7, Counted(seen->tokens))).error(), ErrorCode::mailbox_full);
    seen->held = false;
    ASSERT_TRUE(wait(system, group.join()));
    EXPECT_EQ(*done, 3);
    ASSERT_TRUE(
        eventually(system, [&] { return seen->handled[0] == 3 && seen->handled[1] == 4 && seen->handled[2] == 4; }));
    readers[0].stop();
    EXPECT_EQ(news.size(), 2);
    EXPECT_TRUE(news.try_tell(News(8, Counted(seen->tokens))));
    readers[1].stop();
    readers[2].stop();
    EXPECT_EQ(news.try_tell(News(9, Counted(seen->tokens))).error(), ErrorCode::actor_stopped);
    EXPECT_EQ(wait(system, news.tell(News(9, Counted(seen->tokens)))).error(), ErrorCode::actor_stopped);
    EXPECT_TRUE(eventually(system, [&] { return seen->tokens.living() == 0; }));
  });
}

TEST(Broadcaster, ByAnActorAFullTargetsCopyIsADeadLetter) {
  on_every_runtime([](System& system) {
    const auto seen = std::make_shared<Seen>();
    const auto readers = spawn_readers(system, seen, WhenFull::wait);
    const Broadcaster<News> news(system, "news", route::by_actor, readers);
    seen->held = true;
    for (int i = 0; i < 3; ++i) {
      EXPECT_TRUE(wait(system, news.tell(News(i, Counted(seen->tokens)))));
      ASSERT_TRUE(eventually(system, [&] { return seen->handled[1] == i + 1 && seen->handled[2] == i + 1; }));
      if (i == 0) {
        ASSERT_TRUE(eventually(system, [&] { return readers[0].depth() == 0; }));
      }
    }
    EXPECT_TRUE(eventually(system, [&] { return system.dead_letters().count == 1; }));
    seen->held = false;
    ASSERT_TRUE(eventually(system, [&] { return seen->handled[0] == 2; }));
    for (const auto& each : readers) each.stop();
    EXPECT_TRUE(wait(system, news.tell(News(9, Counted(seen->tokens)))));
    EXPECT_TRUE(eventually(system, [&] { return system.dead_letters().count == 2; }));
    EXPECT_TRUE(eventually(system, [&] { return seen->tokens.living() == 0; }));
  });
}

TEST(Broadcaster, SaysWhenACopyWasRefused) {
  on_every_runtime([](System& system) {
    const auto seen = std::make_shared<Seen>();
    const auto readers = spawn_readers(system, seen, WhenFull::reject);
    const Broadcaster<News> news(system, "news", route::in_caller, readers);
    seen->held = true;
    EXPECT_TRUE(wait(system, news.tell(News(0, Counted(seen->tokens)))));
    ASSERT_TRUE(
        eventually(system, [&] { return readers[0].depth() == 0 && seen->handled[1] == 1 && seen->handled[2] == 1; }));
    EXPECT_TRUE(wait(system, news.tell(News(1, Counted(seen->tokens)))));
    ASSERT_TRUE(eventually(system, [&] { return seen->handled[1] == 2 && seen->handled[2] == 2; }));
    EXPECT_EQ(wait(system, news.tell(News(2, Counted(seen->tokens)))).error(), ErrorCode::mailbox_full);
    ASSERT_TRUE(eventually(system, [&] { return seen->handled[1] == 3 && seen->handled[2] == 3; }));
    seen->held = false;
    ASSERT_TRUE(eventually(system, [&] { return seen->handled[0] == 2; }));
  });
}

}  // namespace
}  // namespace understudy::test
