// Attacks: a group of tasks in every order of the steps of who spawns, joins, cancels, drops handles and ends: a join
// ends when all tasks have ended, a cancelled task is gone, and nothing leaks.
#include "model/world.hpp"
#include "understudy/runtime/sleep.hpp"

namespace understudy::test::model {
namespace {

struct Scene {
  explicit Scene(Run& run) : world(run), group(std::in_place, world.system()) {}
  void end() {
    world.settle();
    check(!group || group->size() == 0, "a task has not ended");
    group.reset();
    handle = {};
    world.end();
    check(census.living() == 0, "something leaked");
  }

  Census census;
  int ran = 0;
  int joined = 0;
  World world;
  std::optional<TaskGroup> group;
  TaskHandle handle;
};

Task<> run_once(std::shared_ptr<Scene> scene, Counted /*life*/) {
  ++scene->ran;
  co_return;
}
Task<> wait_for_ever(std::shared_ptr<Scene> scene, Counted /*life*/) {
  ++scene->ran;
  detail::Event never;
  co_await never;
}
Task<> spawn_one_more(std::shared_ptr<Scene> scene, Counted /*life*/) {
  scene->group->spawn(run_once(scene, Counted(scene->census)));
  ++scene->ran;
  co_return;
}
Task<> join(std::shared_ptr<Scene> scene, int tasks) {
  co_await scene->group->join();
  check(scene->ran == tasks, "joined before all had run");
  ++scene->joined;
}

Task<> join_any(std::shared_ptr<Scene> scene) {
  co_await scene->group->join();
  ++scene->joined;
}

void joined(Run& run) {
  auto scene = std::make_shared<Scene>(run);
  scene->group->spawn(spawn_one_more(scene, Counted(scene->census)));
  scene->group->spawn(run_once(scene, Counted(scene->census)));
  scene->world.system().start(join(scene, 3));
  run.finally([scene] {
    check(scene->joined == 1, "not joined, or twice");
    scene->end();
  });
}
void cancelled(Run& run) {
  auto scene = std::make_shared<Scene>(run);
  scene->group->spawn(wait_for_ever(scene, Counted(scene->census)));
  scene->group->spawn(wait_for_ever(scene, Counted(scene->census)));
  run.thread([scene] { scene->group->cancel(); });
  run.finally([scene] { scene->end(); });
}
/// The group's end cancels: nobody waits for its tasks.
void ended(Run& run) {
  auto scene = std::make_shared<Scene>(run);
  scene->group->spawn(wait_for_ever(scene, Counted(scene->census)));
  scene->group->spawn(run_once(scene, Counted(scene->census)));
  run.thread([scene] { scene->group.reset(); });
  run.finally([scene] { scene->end(); });
}
void spawned_while_cancelled(Run& run) {
  auto scene = std::make_shared<Scene>(run);
  scene->group->spawn(wait_for_ever(scene, Counted(scene->census)));
  run.thread([scene] { scene->group->cancel(); });
  run.thread([scene] { scene->world.system().start(run_once(scene, Counted(scene->census))); });
  run.finally([scene] { scene->end(); });
}
void handle_cancelled(Run& run) {
  auto scene = std::make_shared<Scene>(run);
  scene->handle = scene->group->spawn_with_handle(run_once(scene, Counted(scene->census)));
  run.thread([scene] {
    scene->handle.cancel();
    scene->handle = {};
  });
  run.finally([scene] { scene->end(); });
}
void handle_and_group_cancelled(Run& run) {
  auto scene = std::make_shared<Scene>(run);
  scene->handle = scene->group->spawn_with_handle(wait_for_ever(scene, Counted(scene->census)));
  run.thread([scene] {
    scene->handle.cancel();
    scene->handle = {};
  });
  run.thread([scene] { scene->group->cancel(); });
  run.finally([scene] { scene->end(); });
}

/// What the first task leaves is taken by the second, or by nobody.
Task<> spawn_now(std::shared_ptr<Scene> scene, bool one_waits) {
  co_await scene->group->spawn_now(run_once(scene, Counted(scene->census)));
  if (one_waits) {
    co_await scene->group->spawn_now(wait_for_ever(scene, Counted(scene->census)));
  } else {
    co_await scene->group->spawn_now(run_once(scene, Counted(scene->census)));
  }
}
void joined_spawning_now(Run& run) {
  auto scene = std::make_shared<Scene>(run);
  scene->group->spawn(spawn_one_more(scene, Counted(scene->census)));
  scene->world.system().start(spawn_now(scene, false));
  run.thread([scene] { scene->world.system().start(join_any(scene)); });
  run.finally([scene] {
    scene->world.settle();
    check(scene->joined == 1, "not joined, or twice");
    check(scene->ran == 4, "a task has not run");
    scene->end();
  });
}
void cancelled_spawning_now(Run& run) {
  auto scene = std::make_shared<Scene>(run);
  scene->world.system().start(spawn_now(scene, true));
  run.thread([scene] { scene->group->cancel(); });
  run.finally([scene] {
    scene->world.settle();
    scene->group->cancel();  // If that was before the last one.
    scene->end();
  });
}
/// It owns its group, and ends with it.
Task<> own_group(std::shared_ptr<Scene> scene) {
  TaskGroup own(scene->world.system());
  co_await own.spawn_now(run_once(scene, Counted(scene->census)));
  co_await own.spawn_now(wait_for_ever(scene, Counted(scene->census)));
  co_await own.join();
}
void spawner_killed(Run& run) {
  auto scene = std::make_shared<Scene>(run);
  scene->group->spawn(own_group(scene));
  run.thread([scene] { scene->group->cancel(); });
  run.finally([scene] { scene->end(); });
}

TEST(GroupModel, IsJoined) { hold(joined, 3); }
TEST(GroupModel, IsCancelled) { hold(cancelled, 2); }
TEST(GroupModel, Ends) { hold(ended, 2); }
TEST(GroupModel, IsCancelledWhileOthersSpawn) { hold(spawned_while_cancelled, 1); }
TEST(GroupModel, IsJoinedWhileASpawnerLetsItsTasksRun) { hold(joined_spawning_now, 1); }
TEST(GroupModel, IsCancelledWhileASpawnerLetsItsTasksRun) { hold(cancelled_spawning_now, 3); }
TEST(GroupModel, ASpawnerThatLetsItsTasksRunIsKilled) { hold(spawner_killed, 3); }
TEST(GroupModel, AHandleCancels) { hold(handle_cancelled, 4); }
TEST(GroupModel, AHandleAndTheGroupCancel) { hold(handle_and_group_cancelled, 1); }

}  // namespace
}  // namespace understudy::test::model
