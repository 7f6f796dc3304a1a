// Router: one of several actors for each message, chosen by a policy, in the sender or by an actor (see routing.hpp).
//
//     us::Router jobs(system, "jobs", us::route::in_caller, workers, us::route::round_robin);
//     us::Result<int> done = co_await jobs.ask<Job>(5).within(1s);
//
// What a send can end with is what it can with the chosen target's Address, and `actor_stopped` when no target runs. A
// target that stops in the instant between choice and send refuses with `actor_stopped`: the request was not started.
// To take a target out without that, `remove` it first, then stop it: it handles what it has.
//
// Order: messages from one sender to one key (by_key) are handled in sending order, while the set of targets stays.
//
// Full targets. round_robin and least_loaded pass over a full target while another has room; by_key does not. With no
// room anywhere:
//
//                in_caller                                     by_actor
//     tell       waits for the chosen one, or is refused,      the actor waits, and behind its own bounded mailbox its
//                by that one's policy                          senders do; by_key: refused, not waited for
//     ask        waits in line there, or is refused            the same
//     try_tell   mailbox_full                                  mailbox_full when the actor's own mailbox is full
//
// What the actor refuses ends with `mailbox_full` for its asker; a tell, whose sender is gone, becomes a dead letter.
//
// Cost: in_caller adds the choice to a send (some ns; by_key and least_loaded look at each target), by_actor a hop.
//
// Threads: any; one object may be used by many at once. Copies share the targets, and each takes turns by itself.
#pragma once

#include "understudy/actor/detail/routes.hpp"
#include "understudy/actor/system.hpp"

namespace understudy {

/// A send through a router, ready to be awaited; its target has been chosen. Refers to the Router, which must outlive
/// the await.
template <typename Send>
class [[nodiscard("a send through a router does nothing until it is awaited")]] Routed {
 public:
  Routed(std::optional<Send>&& send, const detail::Routes& routes) : send_(std::move(send)), routes_(&routes) {}

  /// Limits the wait for the answer, as for every ask.
  [[nodiscard]] auto within(Duration limit) &&
    requires requires(Send send) { std::move(send).within(limit); }
  {
    using Timed = decltype(std::declval<Send>().within(limit));
    std::optional<Timed> timed;
    if (send_) timed.emplace(std::move(*send_).within(limit));
    return Routed<Timed>(std::move(timed), *routes_);
  }
  [[nodiscard]] auto operator co_await() && { return detail::RoutedAwaiter<Send>(std::move(send_), *routes_); }

 private:
  std::optional<Send> send_;
  const detail::Routes* routes_;
};

template <Message M, typename Policy = route::RoundRobin>
  requires RoutingPolicy<Policy, M>
class Router {
 public:
  /// A router over `targets` (each must point somewhere). by_actor: its actor is called `name`, and set up by
  /// `options`.
  Router(System& system, std::string_view name, route::Place place, const std::vector<Address<M>>& targets,
         Policy policy = {}, const SpawnOptions& options = {})
      : routes_(std::make_shared<detail::Routes>(name, targets)), policy_(std::move(policy)) {
    if (place == route::by_actor) {
      door_ = std::make_shared<detail::Door<M>>(
          system.spawn(name, detail::router_actor<M, Policy>, options, routes_, policy_));
    }
  }
  /// The same inside an actor, whose child the router's actor is.
  Router(std::string_view name, route::Place place, const std::vector<Address<M>>& targets, Policy policy = {},
         const SpawnOptions& options = {})
      : routes_(std::make_shared<detail::Routes>(name, targets)), policy_(std::move(policy)) {
    if (place == route::by_actor) {
      door_ = std::make_shared<detail::Door<M>>(
          spawn_child(name, detail::router_actor<M, Policy>, options, routes_, policy_));
    }
  }

  /// As Address::ask, to the target that the policy chooses.
  template <typename Request, typename... Args>
    requires Accepts<M, Request> && AskableWith<Request, std::decay_t<Args>...>
  [[nodiscard]] auto ask(Args&&... args) const {
    if constexpr (detail::reads_message<Policy>) {
      using Send = Ask<M, detail::ReadyMade<M, Request>, M>;
      M message(Request{std::forward<Args>(args)..., Reply<ReplyType<Request>>()});
      std::optional<Send> send;
      if (detail::ActorCell* cell = target_for(&message)) send.emplace(*cell, std::tuple<M>(std::move(message)));
      return Routed<Send>(std::move(send), *routes_);
    } else {
      using Send = Ask<M, Request, std::decay_t<Args>...>;
      std::optional<Send> send;
      if (detail::ActorCell* cell = target_for(nullptr)) {
        send.emplace(*cell, std::tuple<std::decay_t<Args>...>(std::forward<Args>(args)...));
      }
      return Routed<Send>(std::move(send), *routes_);
    }
  }
  /// As Address::tell, to the target that the policy chooses.
  template <typename Value>
    requires Accepts<M, Value>
  [[nodiscard]] Routed<Tell<M>> tell(Value&& value) const {
    return make_tell(M(std::forward<Value>(value)));
  }
  /// The same, with the message made from `args`.
  template <typename Value, typename... Args>
    requires Accepts<M, Value> && requires(Args&&... args) { Value{std::forward<Args>(args)...}; }
  [[nodiscard]] Routed<Tell<M>> tell(Args&&... args) const {
    return make_tell(M(Value{std::forward<Args>(args)...}));
  }
  /// As Address::try_tell. Any thread, coroutine or not.
  template <typename Value>
    requires Accepts<M, Value>
  [[nodiscard]] Result<void> try_tell(Value&& value) const {
    if (door_) return door_->address().try_tell(std::forward<Value>(value));
    M message(std::forward<Value>(value));
    detail::Target* tried = nullptr;
    const detail::Push outcome = detail::offer(*routes_, policy_, position_, message, tried);
    if (outcome == detail::Push::accepted) return {};
    Error error = outcome == detail::Push::full ? Error(ErrorCode::mailbox_full) : routes_->none_left();
    detail::drop_unsent(std::move(message), error);
    return std::unexpected(std::move(error));
  }

  /// One more target. False if it is there already. A target that was removed may come again.
  bool add(const Address<M>& target) const { return routes_->table.add(detail::CellAccess::share(target)); }
  /// No more messages for `target`; what it has been sent it keeps. False if it is not there. A send that overlaps the
  /// removal may still reach it. Its cell, some hundred bytes, is kept as long as the router.
  bool remove(const Address<M>& target) const { return routes_->table.remove(detail::CellAccess::cell(target)); }
  /// Targets that take messages now.
  [[nodiscard]] std::size_t size() const noexcept { return routes_->table.open_count(); }
  [[nodiscard]] const std::string& name() const noexcept { return routes_->name; }
  /// The router's actor; points nowhere for one in the caller. It stops with the last copy of the router.
  [[nodiscard]] Address<M> address() const { return door_ ? door_->address() : Address<M>(); }

 private:
  [[nodiscard]] detail::ActorCell* target_for(const M* message) const {
    if (door_) return &door_->cell();
    detail::Target* chosen = detail::choose(policy_, routes_->table, position_, message);
    return chosen != nullptr ? &chosen->cell() : nullptr;
  }
  [[nodiscard]] Routed<Tell<M>> make_tell(M&& message) const {
    std::optional<Tell<M>> send;
    if (detail::ActorCell* cell = target_for(&message)) send.emplace(*cell, std::move(message));
    return {std::move(send), *routes_};
  }

  std::shared_ptr<detail::Routes> routes_;
  std::shared_ptr<detail::Door<M>> door_;  // Null in the caller.
  Policy policy_;
  detail::RoundPosition position_;
};

}  // namespace understudy
