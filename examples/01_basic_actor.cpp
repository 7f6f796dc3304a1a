// 01: an actor is a coroutine that owns its state and receives from a bounded mailbox. Nobody else can touch the state,
// so there is nothing to lock; messages of one sender are handled in the order in which they were sent; and a sender
// that is faster than the actor waits for room, here when 100 messages wait.
// Run: build/release/bin/example_01_basic_actor
#include "understudy/understudy.hpp"

#include <cstdint>

#include <fmt/core.h>

namespace us = understudy;

us::Task<> adder(us::Mailbox<std::int64_t>& inbox) {
  std::int64_t state = 0;
  while (const auto value = co_await inbox.receive()) {  // Empty when the actor is asked to stop.
    state += *value;
    fmt::print("Received: {}\n", *value);
    fmt::print("State: {}\n", state);
  }
}

us::Task<> send_ten(us::Address<std::int64_t> actor) {
  for (std::int64_t value = 0; value < 10; ++value) {
    const us::Result<void> sent = co_await actor.tell(value);
    if (!sent) fmt::print("Not sent: {}\n", sent.error().message());
  }
}

int main() {
  us::System system;
  const us::Address<std::int64_t> actor = system.spawn("adder", adder, {.capacity = 100});
  const us::Result<void> done = us::wait(system, send_ten(actor));
  system.shutdown();  // The actor handles what waits in its mailbox, then ends.
  return done ? 0 : 1;
}
