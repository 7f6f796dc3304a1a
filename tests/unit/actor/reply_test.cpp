// Attacks: whoever holds a Reply answers, once; one that is let go of gives its asker the reason; none leaks what it
// carries.
#include "understudy/actor/reply.hpp"

#include "support/counted.hpp"
#include "support/runtimes.hpp"
#include "understudy/runtime/task_group.hpp"
#include "understudy/supervision/supervisor.hpp"

#include <array>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace understudy::test {
namespace {

struct Get {
  int what;
  Reply<std::string> response;
};
struct Wait {
  Reply<void> reply;
};

/// An actor that hands each request to `handle`.
template <typename M, typename Handle>
auto handling(Handle handle) {
  return [handle](Mailbox<M>& inbox) -> Task<> {
    while (auto message = co_await inbox.receive()) handle(std::move(*message));
  };
}

TEST(Reply, AnswersWithWhateverItCarries) {
  on_every_runtime([](System& system) {
    const auto actor = system.spawn("getter", handling<Get>([](Get get) {
                                      EXPECT_TRUE(static_cast<bool>(get.response));
                                      EXPECT_FALSE(get.response.is_given_up());
                                      switch (get.what) {
                                        case 0:
                                          EXPECT_TRUE(get.response(std::string(1000, 'x')));
                                          break;
                                        case 1:
                                          EXPECT_TRUE(get.response(3, 'c'));
                                          break;
                                        case 2:
                                          get.response.fail({ErrorCode::data_damaged, "worn out"});
                                          break;
                                        case 3:
                                          get.response.complete(std::string("done"));
                                          break;
                                        case 4:
                                          get.response.complete(failure(ErrorCode::storage_failed));
                                          break;
                                        default:
                                          return;
                                      }
                                      EXPECT_FALSE(static_cast<bool>(get.response));
                                      EXPECT_FALSE(get.response("again")) << "answered twice";
                                      get.response.fail(ErrorCode::timeout);
                                    }));
    EXPECT_EQ(wait(system, actor.ask<Get>(0)).value_or(""), std::string(1000, 'x'));
    EXPECT_EQ(wait(system, actor.ask<Get>(1)).value_or(""), "ccc");
    const Result<std::string> damaged = wait(system, actor.ask<Get>(2));
    ASSERT_FALSE(damaged);
    EXPECT_EQ(damaged.error(), ErrorCode::data_damaged);
    EXPECT_EQ(damaged.error().message(), "worn out");
    EXPECT_EQ(wait(system, actor.ask<Get>(3)).value_or(""), "done");
    EXPECT_EQ(wait(system, actor.ask<Get>(4)).error(), ErrorCode::storage_failed);
    EXPECT_EQ(wait(system, actor.ask<Get>(5)).error(), ErrorCode::reply_dropped);
  });
}

TEST(Reply, OfNothing) {
  on_every_runtime([](System& system) {
    const auto actor = system.spawn("waiter", handling<Wait>([](Wait wait) { EXPECT_TRUE(wait.reply()); }));
    EXPECT_TRUE(understudy::wait(system, actor.ask<Wait>()));
    Reply<void> nobody;
    EXPECT_FALSE(nobody());
    EXPECT_TRUE(nobody.is_given_up());
    nobody.complete({});
    nobody.fail(ErrorCode::timeout);
  });
}

TEST(Reply, MayBeGivenLaterOrElsewhere) {
  on_every_runtime([](System& system) {
    const auto last = system.spawn("last", handling<Get>([](Get get) { get.response(std::to_string(get.what)); }));
    const auto first = system.spawn("first", [last](Mailbox<Get>& inbox) -> Task<> {
      std::vector<Get> kept;
      while (auto get = co_await inbox.receive()) {
        if (get->what % 2 == 0) {
          kept.push_back(std::move(*get));
          if (kept.size() < 5) continue;
          for (Get& old : kept) EXPECT_TRUE(old.response("kept"));
          kept.clear();
        } else {
          EXPECT_TRUE(co_await last.tell(std::move(*get)));
        }
      }
    });
    std::atomic<int> good = 0;
    TaskGroup askers(system);
    for (int i = 0; i < 10; ++i) {
      askers.spawn([](Address<Get> to, int what, std::atomic<int>& count) -> Task<> {
        const Result<std::string> got = co_await to.ask<Get>(what);
        if (got.value_or("") == (what % 2 == 0 ? "kept" : std::to_string(what))) ++count;
      }(first, i, good));
    }
    ASSERT_TRUE(wait(system, askers.join()));
    EXPECT_EQ(good.load(), 10);
  });
}

TEST(Reply, MayBeGivenByAPlainThread) {
  on_real_threads([](System& system) {
    std::mutex mutex;
    std::vector<Get> kept;
    const auto actor = system.spawn("keeper", handling<Get>([&](Get get) {
                                      const std::lock_guard lock(mutex);
                                      kept.push_back(std::move(get));
                                    }));
    std::atomic<bool> over = false;
    std::thread answerer([&] {
      while (!over) {
        std::vector<Get> taken;
        {
          const std::lock_guard lock(mutex);
          taken.swap(kept);
        }
        for (Get& get : taken) {
          if (get.what % 3 != 0) {
            EXPECT_TRUE(get.response("from outside"));
          }
        }
        std::this_thread::yield();
      }
    });
    for (int i = 0; i < 300; ++i) {
      const Result<std::string> got = wait(system, actor.ask<Get>(i));
      if (i % 3 != 0) {
        EXPECT_EQ(got.value_or(""), "from outside");
      } else {
        EXPECT_EQ(got.error(), ErrorCode::reply_dropped);
      }
    }
    over = true;
    answerer.join();
  });
}

TEST(Reply, SaysWhenItsAskerHasGone) {
  on_every_runtime([](System& system) {
    const auto kept = std::make_shared<std::optional<Get>>();
    const auto holds = std::make_shared<std::atomic<bool>>(false);
    const auto actor = system.spawn("keeper", handling<Get>([kept, holds](Get get) {
                                      *kept = std::move(get);
                                      *holds = true;
                                    }));
    for (const bool timed : {false, true}) {
      *holds = false;
      {
        TaskGroup asker(system);
        asker.spawn([](Address<Get> to, bool with_deadline) -> Task<> {
          if (with_deadline) {
            static_cast<void>(co_await to.ask<Get>(1).within(std::chrono::hours(1)));
          } else {
            static_cast<void>(co_await to.ask<Get>(1));
          }
        }(actor, timed));
        ASSERT_TRUE(eventually(system, [&] { return holds->load(); }));
        EXPECT_FALSE((*kept)->response.is_given_up());
        asker.cancel();
        ASSERT_TRUE(wait(system, asker.join()));
      }
      EXPECT_TRUE((*kept)->response.is_given_up());
      EXPECT_TRUE(static_cast<bool>((*kept)->response));
      EXPECT_FALSE((*kept)->response("too late"));
      kept->reset();
    }
    *holds = false;
    EXPECT_EQ(wait(system, actor.ask<Get>(2).within(std::chrono::microseconds(500))).error(), ErrorCode::timeout);
    if (holds->load()) {
      EXPECT_TRUE((*kept)->response.is_given_up());
      EXPECT_FALSE((*kept)->response("too late"));
    }
    kept->reset();
  });
}

void throw_with(Get get) { throw std::runtime_error("with " + std::to_string(get.what)); }
Task<> throw_in_task(Get get) {
  co_await yield();
  throw std::runtime_error("in a task with " + std::to_string(get.what));
}

TEST(Reply, DroppedByAnExceptionTellsWhetherTheActorFailed) {
  on_every_runtime([](System& system) {
    const Supervisor supervisor(system, {.intensity = {.restarts = 100}, .backoff = {.next = Duration{0}}});
    const auto actor = system.spawn("thrower", [](Mailbox<Get>& inbox) -> Task<> {
      while (auto get = co_await inbox.receive()) {
        const int what = get->what;
        if (what == 0) throw std::runtime_error("on the spot");
        if (what == 1) throw_with(std::move(*get));
        if (what == 2) co_await throw_in_task(std::move(*get));
        try {
          if (what == 3) throw_with(std::move(*get));
          if (what == 4) co_await throw_in_task(std::move(*get));
        } catch (const std::runtime_error&) {
        }
      }
    });
    for (int round = 0; round < 3; ++round) {
      for (int what = 0; what < 5; ++what) {
        const Result<std::string> got = wait(system, actor.ask<Get>(what));
        ASSERT_FALSE(got);
        EXPECT_EQ(got.error(), what < 3 ? ErrorCode::actor_crashed : ErrorCode::reply_dropped) << what;
      }
    }
    EXPECT_EQ(supervisor.incident_count(), 9U);
    const Result<std::string> got = wait(system, actor.ask<Get>(1));
    EXPECT_NE(got.error().message().find("with 1"), std::string::npos) << got.error().message();
    EXPECT_NE(got.error().message().find("/thrower"), std::string::npos) << got.error().message();
  });
}

struct Heavy {
  Counted token;
  Reply<std::vector<Counted>> reply;
};

TEST(Reply, LeaksNoAnswerOfAnAskerThatIsJustDestroyed) {
  on_every_runtime(
      [](System& system) {
        const Census census;
        const auto actor = system.spawn(
            "heavy", handling<Heavy>([census](Heavy heavy) { heavy.reply(std::vector<Counted>(3, Counted(census))); }));
        SeededRandom random(system.random_number());
        for (int round = 0; round < 30; ++round) {
          TaskGroup askers(system);
          for (int i = 0; i < 10; ++i) {
            askers.spawn([](Address<Heavy> to, Census all, bool timed) -> Task<> {
              for (;;) {
                if (timed) {
                  const auto got = co_await to.ask<Heavy>(Counted(all)).within(std::chrono::microseconds(5));
                  static_cast<void>(got);
                } else {
                  const auto got = co_await to.ask<Heavy>(Counted(all));
                  static_cast<void>(got);
                }
                co_await yield();
              }
            }(actor, census, i % 2 == 0));
          }
          ASSERT_TRUE(wait(system, pause(Duration(random.below(60'000)))));
          askers.cancel();
          ASSERT_TRUE(wait(system, askers.join()));
          ASSERT_TRUE(eventually(system, [&] { return census.living() == 0; }));
        }
      },
      60);
}

struct Fussy {
  explicit Fussy(int value) {
    if (value < 0) throw std::invalid_argument("negative");
  }
};
struct AskFussy {
  int value;
  Reply<Fussy> reply;
};

TEST(Reply, ThatCannotBeConstructedFailsItsAsker) {
  on_every_runtime([](System& system) {
    const auto actor = system.spawn("fussy", handling<AskFussy>([](AskFussy ask) {
                                      if (ask.value < 0) {
                                        EXPECT_THROW(ask.reply(ask.value), std::invalid_argument);
                                      } else {
                                        EXPECT_TRUE(ask.reply(ask.value));
                                      }
                                    }));
    EXPECT_EQ(wait(system, actor.ask<AskFussy>(-1)).error(), ErrorCode::actor_crashed);
    EXPECT_TRUE(wait(system, actor.ask<AskFussy>(1)));
  });
}

}  // namespace
}  // namespace understudy::test
