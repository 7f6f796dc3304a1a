// Attacks: what a suspended task waits for happens, while it is killed, while it is just being suspended: it goes on
// once or ends once. Events, sleeps, locks; and schedulers that do not wait as they should, which must be found out.
#include "model/world.hpp"
#include "understudy/runtime/mutex.hpp"
#include "understudy/runtime/sleep.hpp"

namespace understudy::test::model {
namespace {

struct Scene {
  explicit Scene(Run& run, Faults faults = {}) : world(run, faults), group(std::in_place, world.system()) {}
  void end() {
    world.settle();
    check(group->size() == 0, "a task has not ended");
    group.reset();
    world.end();
    check(census.living() == 0, "something leaked");
  }

  Census census;
  int went_on = 0;
  World world;
  std::optional<TaskGroup> group;
  detail::Event event;
  Mutex mutex;
  int total = 0;
};

Task<> wait_for_event(std::shared_ptr<Scene> scene, Counted /*life*/) {
  co_await scene->event;
  ++scene->went_on;
}
Task<> wait_for_time(std::shared_ptr<Scene> scene, Counted /*life*/) {
  co_await sleep(std::chrono::seconds(1));
  ++scene->went_on;
}
Task<> wait_for_lock(std::shared_ptr<Scene> scene, Counted /*life*/) {
  const Mutex::Guard guard = co_await scene->mutex.lock();
  const int before = scene->total;
  co_await yield();
  scene->total = before + 1;
  ++scene->went_on;
}

/// `waiters` of the scene's group, of which `least` go on, and `others` of no group that is cancelled, which all do.
std::shared_ptr<Scene> stage(Run& run, Task<> (*waiter)(std::shared_ptr<Scene>, Counted), int waiters, int least,
                             int others = 0) {
  auto scene = std::make_shared<Scene>(run);
  for (int i = 0; i < waiters; ++i) scene->group->spawn(waiter(scene, Counted(scene->census)));
  for (int i = 0; i < others; ++i) scene->world.system().start(waiter(scene, Counted(scene->census)));
  run.finally([scene, waiters, least, others] {
    scene->world.settle();
    check(scene->went_on >= least + others && scene->went_on <= waiters + others, "did not go on, or too often");
    check(scene->total == 0 || scene->total == scene->went_on, "two held the lock");
    scene->end();
  });
  return scene;
}

void event_set(Run& run) {
  const auto scene = stage(run, wait_for_event, 1, 1);
  run.thread([scene] { scene->event.set(); });
}
void event_set_and_killed(Run& run) {
  const auto scene = stage(run, wait_for_event, 1, 0);
  run.thread([scene] { scene->event.set(); });
  run.thread([scene] { scene->group->cancel(); });
}
void slept_and_killed(Run& run) {
  const auto scene = stage(run, wait_for_time, 1, 0);
  scene->world.add_control(run);
  run.thread([scene] { scene->group->cancel(); });
}
void locked(Run& run) { stage(run, wait_for_lock, 2, 2); }
void locked_and_killed(Run& run) {
  const auto scene = stage(run, wait_for_lock, 1, 0, 1);
  run.thread([scene] { scene->group->cancel(); });
}
/// Two who kill the same task, and one who looks at what it waits for.
void killed_twice(Run& run) {
  const auto scene = stage(run, wait_for_event, 1, 0);
  run.thread([scene] { scene->group->cancel(); });
  run.thread([scene] {
    scene->group->cancel();
    scene->event.set();
  });
}

TEST(SuspensionModel, AnEventIsSet) { hold(event_set, 6); }
TEST(SuspensionModel, AnEventIsSetAndItsWaiterKilled) { hold(event_set_and_killed, 2); }
TEST(SuspensionModel, ASleeperIsKilled) { hold(slept_and_killed, 2); }
TEST(SuspensionModel, ALockIsHeldByOne) { hold(locked, 2); }
TEST(SuspensionModel, AWaiterForALockIsKilled) { hold(locked_and_killed, 2); }
TEST(SuspensionModel, TwoKillOne) { hold(killed_twice, 1); }

/// Waits for ever, and is seen to be destroyed while it is still being suspended.
class Fragile final : public detail::Suspension {
 public:
  explicit Fragile(std::shared_ptr<bool> destroyed) : destroyed_(std::move(destroyed)) {}
  ~Fragile() { *destroyed_ = true; }
  [[nodiscard]] bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> awaiting) noexcept {
    detail::Context& context = *detail::this_thread().current;
    const std::shared_ptr<bool> destroyed = destroyed_;
    if (!context.publish(awaiting, *this)) {
      claimed_.store(true);
      context.give_up();
      return;
    }
    armed_.store(true);
    check(!*destroyed, "destroyed while it is being suspended");
    detail::Context::armed();
  }
  void await_resume() const noexcept {}
  bool claim() noexcept override { return !claimed_.exchange(true); }
  [[nodiscard]] detail::Wait waiting_for() const noexcept override { return {.kind = detail::Wait::Kind::event}; }

 private:
  std::shared_ptr<bool> destroyed_;
  detail::Atomic<bool> armed_{false};
  detail::Atomic<bool> claimed_{false};
};
/// A timer that is seen to be gone while it fires.
class Brittle final : private detail::Timer {
 public:
  explicit Brittle(detail::Scheduler& scheduler) : scheduler_(scheduler) { scheduler_.start_timer(*this, {}); }
  ~Brittle() {
    scheduler_.cancel_timer(*this);
    *gone_ = true;
  }

 private:
  void fire() noexcept override {
    const std::shared_ptr<bool> gone = gone_;
    fired_.store(true);
    check(!*gone, "gone while it fires");
  }
  detail::Scheduler& scheduler_;
  std::shared_ptr<bool> gone_ = std::make_shared<bool>(false);
  detail::Atomic<bool> fired_{false};
};
Task<> wait_for_ever() { co_await Fragile(std::make_shared<bool>(false)); }

template <bool broken>
void killed_while_it_suspends(Run& run) {
  auto scene = std::make_shared<Scene>(run, Faults{.kills_before_armed = broken});
  scene->group->spawn(wait_for_ever());
  run.thread([scene] { scene->group->cancel(); });
  if (!broken) run.finally([scene] { scene->end(); });
}
template <bool broken>
void cancelled_while_it_fires(Run& run) {
  auto scene = std::make_shared<Scene>(run, Faults{.forgets_firing = broken});
  scene->world.add_control(run);
  // Kept beyond its end, so that a broken scheduler touches no memory that is gone.
  auto timer = std::make_shared<std::optional<Brittle>>(std::in_place, scene->world.system());
  run.thread([scene, timer] { timer->reset(); });
  if (!broken) run.finally([scene] { scene->end(); });
}

TEST(SuspensionModel, AKillWaitsUntilItsVictimIsSuspended) { hold(killed_while_it_suspends<false>, 3); }
TEST(SuspensionModel, OneThatDoesNotIsFoundOut) {
  if (interleavings::is_slow) GTEST_SKIP() << "it uses memory after its end";
  EXPECT_NE(try_all(killed_while_it_suspends<true>, 2).failure.find("while it is being suspended"), std::string::npos);
}
TEST(SuspensionModel, ATimersEndWaitsWhileItFires) { hold(cancelled_while_it_fires<false>, 3); }
TEST(SuspensionModel, OneThatDoesNotWaitIsFoundOut) {
  EXPECT_NE(try_all(cancelled_while_it_fires<true>, 2).failure.find("gone while it fires"), std::string::npos);
}

}  // namespace
}  // namespace understudy::test::model
