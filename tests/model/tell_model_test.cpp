// Attacks: tells that wait for room in a full mailbox, in every order of the steps of senders and receiver, and of
// whoever kills the sender or stops the receiver: each message is received, refused, a dead letter, or never sent.
#include "model/world.hpp"

namespace understudy::test::model {
namespace {

using Letter = Counted;

struct Scene {
  explicit Scene(Run& run) : world(run), group(std::in_place, world.system()) {}
  void end() {
    world.settle();
    check(group->size() == 0, "a sender has not ended");
    group.reset();
    const auto buried = static_cast<int>(world.system().dead_letters().count);
    check(received <= accepted + gone, "received what was refused");
    check(received + buried + refused + gone >= begun, "a message has vanished");
    address = {};
    world.end();
    check(census.living() == 0, "something leaked");
  }

  Census census;
  int begun = 1;  // Senders, the first one of the scene's own; one that is killed before it begins sends nothing.
  int received = 0;
  int accepted = 0;
  int refused = 0;
  int gone = 0;  // Senders that were killed: their message may have been sent.
  World world;
  std::optional<TaskGroup> group;
  Address<Letter> address;
};

Task<> reader(Mailbox<Letter>& inbox, std::shared_ptr<Scene> scene) {
  while (auto letter = co_await inbox.receive()) ++scene->received;
}
Task<> send(std::shared_ptr<Scene> scene, Counted /*life*/) {
  ++scene->begun;
  ++scene->gone;
  const Result<void> sent = co_await scene->address.tell(Letter(scene->census));
  --scene->gone;
  ++(sent ? scene->accepted : scene->refused);
}
/// A mailbox for one message, with one in it, and `senders` more.
std::shared_ptr<Scene> stage(Run& run, int senders) {
  auto scene = std::make_shared<Scene>(run);
  scene->address = scene->world.system().spawn("reader", reader, {.capacity = 1}, scene);
  scene->accepted += scene->address.try_tell(Letter(scene->census)) ? 1 : 0;
  for (int i = 0; i < senders; ++i) scene->group->spawn(send(scene, Counted(scene->census)));
  run.finally([scene] { scene->end(); });
  return scene;
}

void one_waits(Run& run) { stage(run, 1); }
void two_wait(Run& run) { stage(run, 2); }
void sender_killed(Run& run) {
  const auto scene = stage(run, 1);
  run.thread([scene] { scene->group->cancel(); });
}
void receiver_stopped(Run& run) {
  const auto scene = stage(run, 1);
  run.thread([scene] { scene->address.stop(); });
}
void receiver_reset_and_sender_killed(Run& run) {
  const auto scene = stage(run, 1);
  run.thread([scene] { scene->address.reset(); });
  run.thread([scene] { scene->group->cancel(); });
}

TEST(TellModel, WaitsForRoom) { hold(one_waits, 3); }
TEST(TellModel, TwoWaitForRoom) { hold(two_wait, 2); }
TEST(TellModel, ItsSenderIsKilled) { hold(sender_killed, 2); }
TEST(TellModel, ItsReceiverStops) { hold(receiver_stopped, 2); }
TEST(TellModel, ItsReceiverIsResetAndItsSenderKilled) { hold(receiver_reset_and_sender_killed, 1); }

}  // namespace
}  // namespace understudy::test::model
