#include "forms.hpp"

#include "understudy/actor/system.hpp"
#include "understudy/runtime/mutex.hpp"
#include "understudy/runtime/task_group.hpp"
#include "understudy/runtime/wait.hpp"

#include <chrono>

namespace us = understudy;

namespace bench {
namespace {

struct Add {
  std::int64_t value;
  us::Reply<std::int64_t> reply;
};

us::Task<> counter_actor(us::Mailbox<Add>& inbox) {
  std::int64_t total = 0;
  while (auto add = co_await inbox.receive()) {
    total += add->value;
    add->reply(total);
  }
}

us::Task<> ask_once(const us::Address<Add>& counter, std::int64_t value) {
  static_cast<void>(co_await counter.ask<Add>(value));
}

us::Task<> run_actor(us::System& system, const us::Address<Add>& counter, std::uint64_t tasks) {
  us::TaskGroup group(system);
  for (std::uint64_t i = 0; i < tasks; ++i) group.spawn(ask_once(counter, static_cast<std::int64_t>(i)));
  co_await group.join();
}

us::Task<> run_actor_now(us::System& system, const us::Address<Add>& counter, std::uint64_t tasks) {
  us::TaskGroup group(system);
  for (std::uint64_t i = 0; i < tasks; ++i) {
    co_await group.spawn_now(ask_once(counter, static_cast<std::int64_t>(i)));
  }
  co_await group.join();
}

struct Counter {
  us::Mutex mutex;
  std::int64_t total = 0;
};

us::Task<> add_locked(Counter& counter, std::int64_t value) {
  const us::Mutex::Guard guard = co_await counter.mutex.lock();
  counter.total += value;
}

/// The caller does not wait at once: it starts the locking task, could do something else, and awaits it afterwards.
us::Task<> add_detached(us::System& system, Counter& counter, std::int64_t value) {
  us::TaskGroup detached(system);
  detached.spawn(add_locked(counter, value));
  co_await detached.join();
}

us::Task<> run_mutex(us::System& system, Counter& counter, std::uint64_t tasks, bool detached) {
  us::TaskGroup group(system);
  for (std::uint64_t i = 0; i < tasks; ++i) {
    const auto value = static_cast<std::int64_t>(i);
    group.spawn(detached ? add_detached(system, counter, value) : add_locked(counter, value));
  }
  co_await group.join();
}

}  // namespace

Outcome run_form(std::string_view form, std::uint64_t tasks, std::uint32_t workers) {
  us::System system({.workers = workers});
  Outcome outcome;
  const auto begin = std::chrono::steady_clock::now();
  if (form.starts_with("actor")) {
    const us::Address<Add> counter = system.spawn("counter", counter_actor, {.capacity = 100});
    static_cast<void>(
        us::wait(system, form == "actor" ? run_actor(system, counter, tasks) : run_actor_now(system, counter, tasks)));
    outcome.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    outcome.total = us::wait(system, counter.ask<Add>(0)).value_or(-1);
    return outcome;
  }
  Counter counter;
  static_cast<void>(us::wait(system, run_mutex(system, counter, tasks, form == "mutex-detached")));
  outcome.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  outcome.total = counter.total;
  return outcome;
}

}  // namespace bench
