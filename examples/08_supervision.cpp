// 08: an understudy takes over. An actor that crashes, hangs in an await, or is reset by hand loses the message in
// hand, whose asker gets an error, and nothing else: its next incarnation goes on with the messages that wait, in
// order. One Supervisor watches a whole system; it judges by progress, so neither a busy nor an idle actor is ever
// suspected. Run: build/release/bin/example_08_supervision
#include "understudy/understudy.hpp"

#include <stdexcept>
#include <string>

#include <fmt/core.h>

namespace us = understudy;
using namespace std::chrono_literals;

enum class Line { fine, crash, hang };

struct Speak {
  std::string text;
  Line line;
  us::Reply<std::uint32_t> reply;  // Which incarnation has spoken.
};

us::Task<> actor(us::Mailbox<Speak>& inbox) {
  const std::uint32_t incarnation = us::this_actor().incarnation;
  while (auto speak = co_await inbox.receive()) {
    if (speak->line == Line::crash) throw std::runtime_error("forgot the lines");
    if (speak->line == Line::hang) co_await us::sleep(24h);
    fmt::print("  incarnation {} says: {}\n", incarnation, speak->text);
    speak->reply(incarnation);
  }
}

us::Task<> ask_badly(us::Address<Speak> address, Line line) {
  const us::Result<std::uint32_t> answer = co_await address.ask<Speak>("To be, or", line);
  if (!answer) fmt::print("  {}\n", us::name_of(answer.error().code()));
}

/// A message that ends badly, with three behind it.
us::Task<> play(us::System& system, us::Address<Speak> address, Line line) {
  us::TaskGroup audience(system);
  audience.spawn(ask_badly(address, line));
  co_await us::yield();  // The bad message goes first.
  for (const char* text : {"not", "to", "be"}) {
    Speak speak{text, Line::fine, {}};
    const us::Result<void> sent = co_await address.tell(std::move(speak));
    if (!sent) fmt::print("  not sent: {}\n", sent.error().message());
  }
  co_await audience.join();
  // Answered after all that was sent before it: messages keep their order over incarnations.
  const us::Result<std::uint32_t> end = co_await address.ask<Speak>("that is the question", Line::fine);
  if (!end) fmt::print("  the end was lost: {}\n", end.error().message());
}

us::Task<> application(us::System& system) {
  const auto address = system.spawn("hamlet", actor, {.capacity = 32});
  fmt::print("A crash:\n");
  co_await play(system, address, Line::crash);
  fmt::print("A hang:\n");
  co_await play(system, address, Line::hang);

  fmt::print("A reset by hand:\n");
  us::TaskGroup audience(system);
  audience.spawn(ask_badly(address, Line::hang));
  co_await us::yield();
  const bool was_running = address.reset();
  co_await audience.join();
  const us::Result<std::uint32_t> after = co_await address.ask<Speak>("good night", Line::fine);
  fmt::print("  it was running: {}; incarnation {} answers\n", was_running, after.value_or(0));
}

int main() {
  us::set_log_level(us::LogLevel::off);
  us::System system({.workers = 1});  // One worker: what is printed comes in one order.
  us::SupervisionOptions options;
  options.cutoff = 100ms;
  us::Supervisor supervisor(system, options);
  const us::Result<void> done = us::wait(system, application(system));
  fmt::print("Incidents:\n");
  for (const us::Incident& incident : supervisor.incidents()) {
    fmt::print("  {} incarnation {} {}: {}; {}\n", incident.actor, incident.incarnation, us::name_of(incident.kind),
               incident.evidence, us::name_of(incident.outcome));
  }
  return done ? 0 : 1;
}
