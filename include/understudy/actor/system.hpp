// System: owns actors, tasks, and the threads that run them. Many systems can live side by side in one process.
//
//     us::System system;
//     auto counter = system.spawn("counter", counter_actor, {.capacity = 100});
//     auto total = us::wait(system, counter.ask<Add>(5));
//     system.shutdown();
#pragma once

#include "understudy/actor/dead_letter.hpp"
#include "understudy/actor/spawn.hpp"
#include "understudy/runtime/detail/scheduler.hpp"
#include "understudy/runtime/network.hpp"
#include "understudy/runtime/options.hpp"
#include "understudy/runtime/task.hpp"

#include <memory>
#include <string>
#include <string_view>

namespace understudy {

namespace detail {
/// Ends a system's core.
struct EndSystem {
  void operator()(SystemCore* core) const noexcept;
};
}  // namespace detail

/// Threads: every member may be called from any thread, but construction and destruction.
class System {
 public:
  /// Starts the worker threads.
  explicit System(const RuntimeOptions& options = {});
  /// Runs on a scheduler made elsewhere: what SimulatedSystem does.
  explicit System(std::unique_ptr<detail::Scheduler> scheduler);
  System(const System&) = delete;
  System& operator=(const System&) = delete;
  /// Shuts down, if that has not been done.
  ~System();

  /// Starts an actor: `function(mailbox, args...)` for each of its incarnations, with copies of `args`. Its address is
  /// good at once. After shutdown has begun the actor is stopped before it runs. Some hundred nanoseconds.
  template <typename F, typename... Args>
    requires detail::ActorFunction<F, std::decay_t<Args>...>
  Address<detail::ActorMessage<F>> spawn(std::string_view name, F&& function, const SpawnOptions& options = {},
                                         Args&&... args) {
    return detail::spawn_in(core(), nullptr, name, std::forward<F>(function), options, std::forward<Args>(args)...);
  }
  /// Starts a task that belongs to no actor; it runs until it ends or the system shuts down.
  void start(Task<> task);

  /// Stops everything: actors one after the other, the youngest first, each with its children before itself, and each
  /// after it has handled what waits in its mailbox; then tasks; then threads. What has not ended after `limit` is
  /// destroyed where it is suspended. Blocks; must not be called on a worker (checked). Calling it again does nothing.
  void shutdown(Duration limit = std::chrono::seconds(5));

  /// Tells that were not handled, and why (see dead_letter.hpp). Copies what is kept.
  [[nodiscard]] DeadLetters dead_letters() const;
  /// How many dead letters are kept, of those that come and those that are there; 0 for none. All are counted.
  void keep_dead_letters(std::size_t count);
  /// Calls `subscriber` with each dead letter from now on, in place of an earlier subscriber; empty: nobody. It is
  /// called where the letter dies, on any thread, several at once, and must be quick: to work on letters, try_tell them
  /// to an actor. Those that die in the subscriber are counted and kept, but not handed to it. A call that is under way
  /// goes on after it has been replaced.
  void on_dead_letter(DeadLetterSubscriber subscriber);
  [[nodiscard]] const Clock& clock() const noexcept;
  [[nodiscard]] Network& network() noexcept;
  /// A number from the system's source of randomness.
  [[nodiscard]] std::uint64_t random_number() noexcept;
  [[nodiscard]] std::uint32_t worker_count() const noexcept;

  /// A system is what coroutines run on: TaskGroup and wait take it.
  operator detail::Scheduler&() noexcept;  // NOLINT(google-explicit-constructor)
  [[nodiscard]] detail::SystemCore& core() noexcept { return *core_; }

 private:
  std::unique_ptr<detail::SystemCore, detail::EndSystem> core_;
};

}  // namespace understudy
