// 12: many actors of one kind. A router chooses one of several for each message, where the sender is or in an actor of
// its own: one word changes it. A pool makes its workers itself, more of them under load. Actors on demand are one for
// each key; they come to life with the first message, and sleep when idle. A name finds an actor from anywhere.
// Run: build/release/bin/example_12_routers_pools_and_sessions
#include "understudy/understudy.hpp"

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include <fmt/core.h>

namespace us = understudy;
using namespace std::chrono_literals;

struct Visit {
  std::string user;
  us::Reply<std::string> reply;
};

us::Task<> desk(us::Mailbox<Visit>& inbox, int number) {
  while (auto visit = co_await inbox.receive()) visit->reply(fmt::format("{} at desk {}", visit->user, number));
}

us::Task<> route(us::System& system, us::route::Place place) {
  std::vector<us::Address<Visit>> desks;
  desks.reserve(3);
  for (int i = 0; i < 3; ++i) desks.push_back(system.spawn(fmt::format("desk-{}", i), desk, {}, i));
  const us::Router turns(system, "turns", place, desks, us::route::round_robin);
  const us::Router mine(system, "mine", place, desks,
                        us::route::by_key([](const Visit& visit) -> const std::string& { return visit.user; }));
  for (const char* user : {"ada", "bob", "eve", "ada"}) {
    const us::Result<std::string> any = co_await turns.ask<Visit>(user);
    fmt::print("{}\n", any.value());
  }
  const us::Result<std::string> once = co_await mine.ask<Visit>("ada");
  const us::Result<std::string> again = co_await mine.ask<Visit>("ada");
  fmt::print("one key, one desk: {}\n", once.value() == again.value());
  for (const auto& each : desks) each.stop();
  const us::Result<std::string> closed = co_await turns.ask<Visit>("ada");
  fmt::print("{}\n", closed.error().message());
}

us::Task<> slow_desk(us::Mailbox<Visit>& inbox) {
  while (auto visit = co_await inbox.receive()) {
    co_await us::sleep(2ms);
    visit->reply(visit->user);
  }
}
us::Task<> visit_pool(us::Pool<Visit> pool) { static_cast<void>(co_await pool.ask<Visit>("somebody")); }

us::Task<> rush_hour(us::System& system) {
  const us::Pool pool(system, "pool", slow_desk, {.min = 1, .max = 4, .grow_at = 2, .idle_after = 20ms});
  us::TaskGroup visitors(system);
  for (int i = 0; i < 40; ++i) visitors.spawn(visit_pool(pool));
  co_await visitors.join();
  fmt::print("workers in the rush: {}\n", pool.statistics().active);
  while (pool.statistics().active > 1) co_await us::sleep(5ms);
  fmt::print("after it: {}, and {} visits handled\n", pool.statistics().active, pool.statistics().handled);
}

// What an actor that sleeps is to remember is its function's business: it loads it in the beginning. Here from a map
// that stands for a database, which lets itself be found by its name.
struct Load {
  std::string user;
  us::Reply<int> reply;
};
inline constexpr us::Name<Load> database{"database"};

us::Task<> visits_so_far(us::Mailbox<Load>& inbox) {
  std::map<std::string, int> visits;
  while (auto load = co_await inbox.receive()) load->reply(++visits[load->user]);
}
us::Task<> session(us::Mailbox<Visit>& inbox, std::string user) {
  const us::Address<Load> store = us::find(database).value();
  const us::Result<int> life = co_await store.ask<Load>(user);
  while (auto visit = co_await inbox.receive()) visit->reply(fmt::format("life {} of {}", *life, user));
}

us::Task<> sessions(us::System& system) {
  const us::OnDemand<std::string, Visit> all(system, "sessions", session, {.idle_after = 20ms});
  for (const char* user : {"ada", "ada", "bob"}) {
    const us::Result<std::string> answer = co_await all.at(user).ask<Visit>(user);
    fmt::print("{}\n", answer.value());
  }
  while (all.statistics().known > 0) co_await us::sleep(5ms);
  const us::Result<std::string> answer = co_await all.at("ada").ask<Visit>("ada");
  fmt::print("after a while: {}\n", answer.value());
}

int main() {
  us::System system;
  if (!us::install(system) || !system.spawn_as(database, visits_so_far)) return 1;
  bool ended = us::wait(system, route(system, us::route::in_caller)).has_value();
  ended = ended && us::wait(system, route(system, us::route::by_actor));
  return ended && us::wait(system, rush_hour(system)) && us::wait(system, sessions(system)) ? 0 : 1;
}
