// OnDemand<Key, M>: one actor for each key (a session, a device, an account), which comes to life with the first
// message to it, and goes to sleep when it has had none for a while.
//
//     us::Task<> session(us::Mailbox<Request>& inbox, std::string user) {
//       Profile profile = co_await load(user);                     // each life begins here
//       while (auto request = co_await inbox.receive()) { ... }    // empty: go to sleep (or stop)
//       co_await save(user, profile);
//     }
//     us::OnDemand<std::string, Request> sessions(system, "sessions", session, {.idle_after = 5min});
//     us::Result<Page> page = co_await sessions.at("ada").ask<Open>("inbox").within(1s);
//
// State. An actor that sleeps has no frame, so its state is its function's business: load it in the beginning, save it
// before returning, or as it changes. A function may return whenever it likes; the next message begins its next life.
//
// Messages. Whoever sends to an actor that sleeps, or is falling asleep, wakes it: the mailbox stays, in order, as over
// a restart. A key has one actor, and it lives one life at a time, however many ask for it at once.
//
// Limits. At most `awake_max` are awake. When one more is sent a message, the actor that has been idle longest is put
// to sleep at once; if none is idle the newcomer waits its turn, first come first served, with its messages in its
// mailbox (senders see a full mailbox after `actor.capacity`). Whether one has become idle is then looked at every
// millisecond. An actor keeps its place while it asks another: chains within one OnDemand must be shorter than
// `awake_max`, or have deadlines. An actor that sleeps and of which nobody holds an Address is forgotten, cell and all:
// memory follows the keys in use. Within a quarter of `idle_after` after that time.
//
// Failures. Each is a root of its system ("/sessions/ada") and restarts by itself; one that fails too often stops, and
// the next `at` begins it anew. One that `stop` was called on: likewise, once it has stopped.
//
// Cost. `at`: a lock on one of 16 shards, a hash lookup, and the Address. A life's beginning and end: a lock. Nothing a
// message. A sleeping actor that is still known: some hundred bytes. While any is known a timer runs, and looks at all
// that are awake four times in `idle_after`.
//
// Threads: any; copies share the actors. They stop, after what waits for them, when the last copy ends.
#pragma once

#include "understudy/actor/detail/on_demand_core.hpp"
#include "understudy/actor/system.hpp"

namespace understudy {

template <typename Key, Message M, typename Hash = std::hash<Key>>
  requires std::copyable<Key> && std::equality_comparable<Key>
class OnDemand {
  using Core = detail::OnDemandCore<Key, M, Hash>;

 public:
  /// Actors that run `function(mailbox, key, args...)`. The function is shared by all keys, and may be called on
  /// several threads at once; the arguments are copied for each life.
  template <typename F, typename... Args>
    requires detail::FunctionLike<F> && detail::ActorFunction<const std::decay_t<F>, Key, std::decay_t<Args>...> &&
             std::same_as<detail::ActorMessage<F>, M>
  OnDemand(System& system, std::string_view name, F&& function, const OnDemandOptions& options = {}, Args&&... args)
      : shared_(std::make_shared<Shared>(std::make_shared<Core>(
            system.core(), system, name, options,
            [function = std::decay_t<F>(std::forward<F>(function)),
             given = std::tuple<std::decay_t<Args>...>(std::forward<Args>(args)...)](Mailbox<M>& inbox,
                                                                                     const Key& key) {
              return std::apply(
                  [&](const auto&... arg) {
                    return detail::live_once<M, const std::decay_t<F>, Key, std::decay_t<Args>...>(inbox, function, key,
                                                                                                   arg...);
                  },
                  given);
            }))) {}

  /// The actor of `key`: the same one for everybody, awake or not. It wakes with the first message. After the system's
  /// shutdown has begun, one that has stopped.
  [[nodiscard]] Address<M> at(const Key& key) const { return shared_->core->at(key); }
  [[nodiscard]] OnDemandStatistics statistics() const { return shared_->core->statistics(); }
  [[nodiscard]] const std::string& name() const noexcept { return shared_->core->name(); }

 private:
  struct Shared {
    explicit Shared(std::shared_ptr<Core> made) noexcept : core(std::move(made)) {}
    Shared(const Shared&) = delete;
    Shared& operator=(const Shared&) = delete;
    ~Shared() { core->close(); }
    std::shared_ptr<Core> core;
  };

  std::shared_ptr<Shared> shared_;
};

}  // namespace understudy
