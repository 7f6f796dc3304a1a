// 06: every ask ends: with its value, or with one of a closed set of errors. Errors are values, so an asker says what
// it does about each; none hangs, whatever the actor does with the request. Sending without waiting has a reason too
// when it fails, and a message that was lost is counted and kept: a dead letter.
// Run: build/release/bin/example_06_every_ask_ends
#include "understudy/understudy.hpp"

#include <stdexcept>
#include <string>
#include <vector>

#include <fmt/core.h>

namespace us = understudy;
using namespace std::chrono_literals;

struct Question {
  us::Reply<std::string> reply;
};
using Inbox = us::Mailbox<Question>;

us::Task<> answers(Inbox& inbox) {
  while (auto question = co_await inbox.receive()) question->reply("42");
}
us::Task<> thinks_too_long(Inbox& inbox) {
  while (auto question = co_await inbox.receive()) {
    while (!question->reply.is_given_up()) co_await us::sleep(1s);
  }
}
us::Task<> crashes(Inbox& inbox) {
  while (const auto question = co_await inbox.receive()) throw std::runtime_error("the bridge is out");
}
us::Task<> forgets(Inbox& inbox) {
  while (const auto question = co_await inbox.receive()) {
  }
}
us::Task<> refuses(Inbox& inbox) {
  while (auto question = co_await inbox.receive()) {
    question->reply.fail({us::ErrorCode::storage_failed, "the disk is full"});
  }
}
us::Task<> looks_away(Inbox& /*inbox*/) { co_await us::sleep(24h); }

void show(const char* actor, const us::Result<std::string>& answer) {
  if (answer) {
    fmt::print("{}: answered {}\n", actor, *answer);
  } else {
    fmt::print("{}: {} ({})\n", actor, us::name_of(answer.error().code()), answer.error().message());
  }
}

us::Task<> application(us::System& system) {
  const auto willing = system.spawn("willing", answers);
  show("willing", co_await willing.ask<Question>());

  const auto slow = system.spawn("slow", thinks_too_long);
  show("slow", co_await slow.ask<Question>().within(10ms));

  // This one has room for one message, and is set to send away what finds no room. (The default is to wait.)
  const auto crowded = system.spawn("crowded", looks_away, {.capacity = 1, .when_full = us::WhenFull::reject});
  static_cast<void>(crowded.try_tell(Question{}));  // Takes the room; it is never handled.
  show("crowded", co_await crowded.ask<Question>());

  const auto crashing = system.spawn("crashing", crashes);  // Nobody supervises here: it stops. See example 08.
  show("crashing", co_await crashing.ask<Question>());
  show("crashing, asked again", co_await crashing.ask<Question>());

  const auto forgetful = system.spawn("forgetful", forgets);
  show("forgetful", co_await forgetful.ask<Question>());

  const auto refusing = system.spawn("refusing", refuses);
  show("refusing", co_await refusing.ask<Question>());
}

int main() {
  us::set_log_level(us::LogLevel::off);
  us::System system;
  const us::Result<void> done = us::wait(system, application(system));
  // Shutdown ends as well: what has not ended by itself in time is taken down where it waits.
  system.shutdown(50ms);
  const us::DeadLetters lost = system.dead_letters();
  for (const us::DeadLetter& letter : lost.latest) fmt::print("dead letter: {} for {}\n", letter.message, letter.actor);
  return done ? 0 : 1;
}
