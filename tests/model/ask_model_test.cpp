// Attacks: an ask in every order of the steps of asker and actor, and of whoever kills the asker, stops, resets or
// forgets the actor, lets the asker's time be over, or ends the system. One outcome, and nothing leaks.
#include "model/world.hpp"

namespace understudy::test::model {
namespace {

struct Question {
  Counted held;
  Reply<int> reply;
};

Task<> answerer(Mailbox<Question>& inbox, Counted /*life*/) {
  while (auto question = co_await inbox.receive()) question->reply(42);
}
/// Drops what it is asked, so that the reply's destructor ends the ask.
Task<> dropper(Mailbox<Question>& inbox, Counted /*life*/) {
  while (auto question = co_await inbox.receive()) {
  }
}

/// An actor that answers, and a task that asks it.
struct Scene {
  explicit Scene(Run& run, Task<> (*actor)(Mailbox<Question>&, Counted) = answerer)
      : world(run), group(std::in_place, world.system()) {
    address = world.system().spawn("actor", actor, {}, Counted(census));
    world.settle();
  }
  void end() {
    world.settle();
    check(group->size() == 0, "the asker has not ended");
    group.reset();
    address = {};
    world.end();
    check(census.living() == 0, "something leaked");
  }

  Census census;
  int answers = 0;
  int errors = 0;
  World world;
  std::optional<TaskGroup> group;
  Address<Question> address;
};

Task<> ask_once(std::shared_ptr<Scene> scene, Counted /*life*/) {
  const Result<int> answer = co_await scene->address.ask<Question>(Counted(scene->census));
  ++(answer ? scene->answers : scene->errors);
}
Task<> ask_in_time(std::shared_ptr<Scene> scene, Counted /*life*/) {
  const Result<int> answer =
      co_await scene->address.ask<Question>(Counted(scene->census)).within(std::chrono::seconds(1));
  ++(answer ? scene->answers : scene->errors);
}
/// A scene in which `asker` asks; `least` to one outcomes are expected of it.
std::shared_ptr<Scene> stage(Run& run, Task<> (*asker)(std::shared_ptr<Scene>, Counted), int least,
                             Task<> (*actor)(Mailbox<Question>&, Counted) = answerer) {
  auto scene = std::make_shared<Scene>(run, actor);
  scene->group->spawn(asker(scene, Counted(scene->census)));
  run.finally([scene, least] {
    scene->world.settle();
    const int outcomes = scene->answers + scene->errors;
    check(outcomes >= least && outcomes <= 1, "another number of outcomes");
    scene->end();
  });
  return scene;
}

void answered(Run& run) { stage(run, ask_once, 1); }
void dropped(Run& run) { stage(run, ask_once, 1, dropper); }
void asker_killed(Run& run) {
  const auto scene = stage(run, ask_once, 0);
  run.thread([scene] { scene->group->cancel(); });
}
void asker_killed_as_reply_is_dropped(Run& run) {
  const auto scene = stage(run, ask_once, 0, dropper);
  run.thread([scene] { scene->group->cancel(); });
}
void actor_stopped(Run& run) {
  const auto scene = stage(run, ask_once, 1);
  run.thread([scene] { scene->address.stop(); });
}
void actor_reset(Run& run) {
  const auto scene = stage(run, ask_once, 1);
  run.thread([scene] { scene->address.reset(); });
}
void actor_reset_and_asker_killed(Run& run) {
  const auto scene = stage(run, ask_once, 0);
  run.thread([scene] { scene->address.reset(); });
  run.thread([scene] { scene->group->cancel(); });
}
void timed_out(Run& run) {
  const auto scene = stage(run, ask_in_time, 1);
  scene->world.add_control(run);
}
void timed_out_and_killed(Run& run) {
  const auto scene = stage(run, ask_in_time, 0);
  scene->world.add_control(run);
  run.thread([scene] { scene->group->cancel(); });
}
void timed_out_and_reset(Run& run) {
  const auto scene = stage(run, ask_in_time, 1);
  scene->world.add_control(run);
  run.thread([scene] { scene->address.reset(); });
}
void system_shut_down(Run& run) {
  const auto scene = stage(run, ask_once, 0);
  scene->world.add_control(run);  // Shutdown's own time may be over as well.
  run.thread([scene] { scene->world.system().shutdown(); });
}

TEST(AskModel, IsAnswered) { hold(answered, 4); }
TEST(AskModel, ItsReplyIsDropped) { hold(dropped, 4); }
TEST(AskModel, ItsAskerIsKilled) { hold(asker_killed, 2); }
TEST(AskModel, ItsAskerIsKilledAsItsReplyIsDropped) { hold(asker_killed_as_reply_is_dropped, 2); }
TEST(AskModel, ItsActorStops) { hold(actor_stopped, 2); }
TEST(AskModel, ItsActorIsReset) { hold(actor_reset, 2); }
TEST(AskModel, ItsActorIsResetAndItsAskerKilled) { hold(actor_reset_and_asker_killed, 1); }
TEST(AskModel, ItsTimeIsOver) { hold(timed_out, 2); }
TEST(AskModel, ItsTimeIsOverAndItsAskerIsKilled) { hold(timed_out_and_killed, 1); }
TEST(AskModel, ItsTimeIsOverAndItsActorIsReset) { hold(timed_out_and_reset, 1); }
TEST(AskModel, TheSystemIsShutDown) { hold(system_shut_down, 1); }

}  // namespace
}  // namespace understudy::test::model
