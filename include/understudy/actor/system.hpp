// System: owns actors, tasks, and the threads that run them. Many systems can live side by side in one process.
//
//     us::System system;
//     auto counter = system.spawn("counter", counter_actor, {.capacity = 100});
//     auto total = us::wait(system, counter.ask<Add>(5));
//     system.shutdown();
#pragma once

#include "understudy/actor/dead_letter.hpp"
#include "understudy/actor/detail/cell_access.hpp"
#include "understudy/actor/name.hpp"
#include "understudy/actor/snapshot.hpp"
#include "understudy/actor/spawn.hpp"
#include "understudy/runtime/detail/scheduler.hpp"
#include "understudy/runtime/network.hpp"
#include "understudy/runtime/options.hpp"
#include "understudy/runtime/task.hpp"

#include <memory>
#include <optional>
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
  explicit System(std::shared_ptr<detail::Scheduler> scheduler);
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
  /// The same, under a name by which it is found (see name.hpp; the actor is called by it, too). Fails as `register_as`
  /// does; nothing is started then.
  template <Message M, typename F, typename... Args>
    requires detail::ActorFunction<F, std::decay_t<Args>...> && std::same_as<detail::ActorMessage<F>, M>
  Result<Address<M>> spawn_as(const Name<M>& name, F&& function, const SpawnOptions& options = {}, Args&&... args) {
    using Cell = detail::ActorCellOf<M, std::decay_t<F>, std::decay_t<Args>...>;
    detail::CellPointer cell(
        new Cell(core(), nullptr, name.text(), options, std::forward<F>(function), std::forward<Args>(args)...));
    Result<void> added = detail::add_name(core(), name.text(), name.hash(), typeid(M), cell);
    if (!added) return std::unexpected(std::move(added).error());
    detail::launch(core(), *cell);
    return Address<M>(std::move(cell));
  }
  /// `name` stands for the actor at `address`, of this system, until it stops; then it may be given anew. Fails with
  /// `already_installed` while another has it, and with `invalid_argument` if it was ever used with another message
  /// type (both are named). Each registration keeps some hundred bytes as long as the system.
  template <Message M>
  Result<void> register_as(const Name<M>& name, const Address<M>& address) {
    return detail::add_name(core(), name.text(), name.hash(), typeid(M), detail::CellAccess::share(address));
  }
  /// The actor of that name. Fails with `not_installed` (nobody has registered it yet), `actor_stopped`, or
  /// `invalid_argument` (it takes other messages; both types are named). Any thread, no lock; about 15 ns.
  template <Message M>
  [[nodiscard]] Result<Address<M>> find(const Name<M>& name) {
    Result<detail::CellPointer> found = detail::find_name(core(), name.text(), name.hash(), typeid(M));
    if (!found) return std::unexpected(std::move(found).error());
    return Address<M>(*std::move(found));
  }
  /// Starts a task that belongs to no actor; it runs until it ends or the system shuts down.
  void start(Task<> task);

  /// Stops everything: actors one after the other, the youngest first, each with its children before itself, and each
  /// after it has handled what waits in its mailbox; then tasks; then threads. What has not ended after `limit` is
  /// destroyed where it is suspended. Blocks; must not be called on a worker (checked). Calling it again does nothing.
  void shutdown(Duration limit = std::chrono::seconds(5));

  /// What every actor does at this moment. Stops nothing; some microseconds, and about half of one an actor. Any
  /// thread.
  [[nodiscard]] Snapshot snapshot() const;

  /// Asks whoever owns the system to shut it down, and says why: what a supervisor does when it has no other way left.
  /// The first reason stays. Any thread.
  void request_shutdown(Error reason);
  /// Why a shutdown was asked for; nothing if it was not.
  [[nodiscard]] std::optional<Error> shutdown_requested() const;
  /// Waits for that. In a coroutine of the system; for a thread: `us::wait(system,
  /// system.wait_for_shutdown_request())`.
  [[nodiscard]] Task<Error> wait_for_shutdown_request();

  /// Threads that were given up, with what they ran, because that did not come back (supervision/supervisor.hpp).
  struct Abandoned {
    std::uint32_t threads_now = 0;  ///< That have not come back.
    std::uint64_t threads_ever = 0;
    std::uint64_t refused = 0;  ///< Messages, replies, spawns and writes of replaced incarnations.
  };
  [[nodiscard]] Abandoned abandoned() const noexcept;

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
