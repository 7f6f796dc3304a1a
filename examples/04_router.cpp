// 04: a router is the only door to a system: one actor whose message is a nested sum type, and which passes each part
// on to the actor it is for. It creates those actors itself, so the system cannot be set up wrongly. The Reply travels
// inside the message: whoever ends up with it answers the caller directly, not by way of the router.
// Run: build/release/bin/example_04_router
#include "understudy/understudy.hpp"

#include <map>
#include <optional>
#include <string>
#include <variant>

#include <fmt/core.h>

namespace us = understudy;

struct Set {
  std::string key;
  us::Bytes value;
  us::Reply<void> response;
};
struct Get {
  std::string key;
  us::Reply<std::optional<us::Bytes>> response;
};
struct Delete {
  std::string key;
  us::Reply<void> response;
};
using KeyValueMessage = std::variant<Set, Get, Delete>;
using RoutingMessage = std::variant<KeyValueMessage>;  // One alternative for each actor behind the door.

us::Task<> key_value(us::Mailbox<KeyValueMessage>& inbox) {
  std::map<std::string, us::Bytes> values;
  while (auto message = co_await inbox.receive()) {
    if (auto* set = std::get_if<Set>(&*message)) {
      values.insert_or_assign(set->key, std::move(set->value));
      set->response();
    } else if (auto* get = std::get_if<Get>(&*message)) {
      const auto found = values.find(get->key);
      get->response(found != values.end() ? std::optional(found->second) : std::nullopt);
    } else if (auto* remove = std::get_if<Delete>(&*message)) {
      values.erase(remove->key);
      remove->response();
    }
  }
}

us::Task<> router(us::Mailbox<RoutingMessage>& inbox) {
  const us::Address<KeyValueMessage> to_key_value = us::spawn_child("key-value", key_value, {.capacity = 32});
  while (auto message = co_await inbox.receive()) {
    if (auto* request = std::get_if<KeyValueMessage>(&*message)) {
      // Does not wait: a route that is full turns this request away (its caller is told) and holds up no other route.
      static_cast<void>(to_key_value.try_tell(std::move(*request)));
    }
  }
}

void show(const us::Result<std::optional<us::Bytes>>& value) {
  if (!value) {
    fmt::print("value: Err({})\n", us::name_of(value.error().code()));
  } else if (!*value) {
    fmt::print("value: None\n");
  } else {
    fmt::print("value: Ok(\"{}\")\n", **value);
  }
}

us::Task<> application(us::Address<RoutingMessage> door) {
  // A Set is no RoutingMessage, but one can be made of it: that is checked when the program is compiled.
  const us::Result<void> set = co_await door.ask<Set>("hello", "world");
  if (!set) fmt::print("not set: {}\n", set.error().message());
  show(co_await door.ask<Get>("hello"));
  const us::Result<void> removed = co_await door.ask<Delete>("hello");
  if (!removed) fmt::print("not deleted: {}\n", removed.error().message());
  show(co_await door.ask<Get>("hello"));
}

int main() {
  us::System system;
  const auto door = system.spawn("router", router, {.capacity = 32});
  return us::wait(system, application(door)) ? 0 : 1;
}
