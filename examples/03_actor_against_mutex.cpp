// 03: many tasks add to one counter: once it belongs to an actor, once it is guarded by a mutex. Both count right. The
// mutex is the quicker for an addition; it holds up a worker thread whenever it waits, and whoever holds it must not
// await. A task that asks waits without a thread, and may do something else first: asking and awaiting are two steps.
// Run: build/release/bin/example_03_actor_against_mutex
#include "understudy/understudy.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>

#include <fmt/core.h>

namespace us = understudy;

constexpr std::int64_t tasks = 100'000;

struct Add {
  std::int64_t value;
  us::Reply<std::int64_t> reply;
};

us::Task<> counter(us::Mailbox<Add>& inbox) {
  std::int64_t total = 0;
  while (auto add = co_await inbox.receive()) {
    total += add->value;
    add->reply(total);
  }
}

struct GuardedCounter {
  std::mutex mutex;
  std::int64_t total = 0;
};

us::Task<> ask_once(const us::Address<Add>& address) { static_cast<void>(co_await address.ask<Add>(1)); }
us::Task<> lock_once(GuardedCounter& guarded) {
  const std::lock_guard lock(guarded.mutex);
  ++guarded.total;
  co_return;
}

/// Awaits `ask` and leaves the answer in a place that both sides own.
us::Task<> fetch(us::Address<Add> address, std::shared_ptr<std::int64_t> answer) {
  *answer = (co_await address.ask<Add>(1)).value_or(-1);
}

template <typename MakeTask>
us::Task<> run_all(us::System& system, const char* form, MakeTask make_task) {
  const auto start = std::chrono::steady_clock::now();
  us::TaskGroup group(system);
  for (std::int64_t i = 0; i < tasks; ++i) group.spawn(make_task());
  co_await group.join();
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
  fmt::print("{}: {} tasks in {:.0f} ms\n", form, tasks, took.count());
}

us::Task<> application(us::System& system) {
  const us::Address<Add> address = system.spawn("counter", counter);
  co_await run_all(system, "actor", [&] { return ask_once(address); });
  GuardedCounter guarded;
  co_await run_all(system, "mutex", [&] { return lock_once(guarded); });

  // Two steps: the request is under way while the asker does something else.
  const auto total = std::make_shared<std::int64_t>();
  us::TaskGroup asking(system);
  asking.spawn(fetch(address, total));
  std::int64_t something_else = 0;
  for (std::int64_t i = 1; i <= 100; ++i) something_else += i;
  co_await asking.join();
  fmt::print("meanwhile: {}\n", something_else);
  fmt::print("actor's total, the last request included: {}\n", *total);
  fmt::print("mutex's total: {}\n", guarded.total);
}

int main() {
  us::System system;
  return us::wait(system, application(system)) ? 0 : 1;
}
