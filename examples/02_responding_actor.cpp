// 02: a request carries a Reply, the one-shot way back to its asker. One actor takes many kinds of message when its
// message is a sum type. An asker that has given up costs the actor nothing: answering says that nobody is there.
// Actors can create actors of their own, and send to others: the clerk here asks the counter for its askers.
// Run: build/release/bin/example_02_responding_actor
#include "understudy/understudy.hpp"

#include <cstdint>
#include <variant>

#include <fmt/core.h>

namespace us = understudy;
using namespace std::chrono_literals;

struct Add {
  std::int64_t value;
  us::Reply<std::int64_t> reply;  // The new total.
};
struct AddInPeace {  // As Add, but not before its asker has lost patience.
  std::int64_t value;
  us::Reply<std::int64_t> reply;
};
struct Double {
  us::Reply<std::int64_t> reply;
};
using CounterMessage = std::variant<Add, AddInPeace, Double>;

us::Task<> counter(us::Mailbox<CounterMessage>& inbox) {
  std::int64_t total = 0;
  while (auto message = co_await inbox.receive()) {
    if (auto* add = std::get_if<Add>(&*message)) {
      total += add->value;
      add->reply(total);
    } else if (auto* slow = std::get_if<AddInPeace>(&*message)) {
      while (!slow->reply.is_given_up()) co_await us::sleep(1ms);
      total += slow->value;
      if (!slow->reply(total)) fmt::print("The counter: my caller is gone; the total is {} now\n", total);
    } else if (auto* twice = std::get_if<Double>(&*message)) {
      total *= 2;
      twice->reply(total);
    }
  }
}

struct AddTwice {
  std::int64_t value;
  us::Reply<std::int64_t> reply;
};

us::Task<> clerk(us::Mailbox<AddTwice>& inbox) {
  // A child of the clerk: it stops before its parent does.
  const auto mine = us::spawn_child("counter", counter);
  while (auto message = co_await inbox.receive()) {
    const auto first = co_await mine.ask<Add>(message->value);
    if (first) message->reply.complete(co_await mine.ask<Add>(message->value));
  }  // Without an answer the Reply is dropped here, and its asker gets an error. No ask hangs.
}

us::Task<> application(us::System& system) {
  const auto address = system.spawn("counter", counter);
  const us::Result<std::int64_t> five = co_await address.ask<Add>(5);
  fmt::print("5 added: {}\n", five.value());
  const us::Result<std::int64_t> ten = co_await address.ask<Double>();
  fmt::print("Doubled: {}\n", ten.value());

  const us::Result<std::int64_t> lost = co_await address.ask<AddInPeace>(2).within(10ms);
  const us::Result<std::int64_t> total = co_await address.ask<Add>(3);  // The counter has gone on.
  fmt::print("The impatient caller: {}\n", us::name_of(lost.error().code()));
  fmt::print("3 added: {}\n", total.value());

  const auto of_clerk = system.spawn("clerk", clerk);
  const us::Result<std::int64_t> both = co_await of_clerk.ask<AddTwice>(21);
  fmt::print("21 added twice, by a clerk with a counter of its own: {}\n", both.value());
}

int main() {
  us::System system;
  return us::wait(system, application(system)) ? 0 : 1;
}
