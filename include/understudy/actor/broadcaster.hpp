// Broadcaster: each message to every one of several actors. Messages must be copyable, so requests cannot be broadcast;
// FirstAnswer asks several.
//
//     us::Broadcaster news(system, "news", us::route::in_caller, subscribers);
//     us::Result<void> told = co_await news.tell(Headline("…"));
//
// Every target that takes messages gets its copy, whatever the others do: in_caller first all that have room, then the
// sender waits for the full ones, one after the other. by_actor nobody waits for a full target: its copy becomes a dead
// letter, and the others get theirs. Targets that have stopped are skipped.
//
// Errors: actor_stopped when no target runs; mailbox_full when a copy was refused (the other targets have theirs).
// by_actor only what keeps the message from the actor: the result does not wait for its work.
//
// Threads: any; copies share the targets.
#pragma once

#include "understudy/actor/detail/routes.hpp"
#include "understudy/actor/system.hpp"

namespace understudy {
namespace detail {

/// Offers a copy to every open target. Calls `when_full(target, copy)` for those without room.
template <typename M, typename WhenFullCall>
Push offer_to_all(const Routes& routes, const M& message, WhenFullCall when_full) {
  Push outcome = Push::closed;
  for (std::uint32_t i = 0, all = routes.table.size(); i < all; ++i) {
    Target& target = routes.table.at(i);
    if (!target.is_open()) continue;
    M copy(message);
    Push refused = Push::accepted;
    if (push_tell(target.cell(), copy, refused)) {
      if (outcome == Push::closed) outcome = Push::accepted;
    } else if (refused == Push::full) {
      outcome = Push::full;
      when_full(target, std::move(copy));
    }
  }
  return outcome;
}

template <typename M>
Task<Result<void>> broadcast(std::shared_ptr<Routes> routes, M message) {
  std::vector<Target*> full;
  if (offer_to_all(*routes, message, [&full](Target& target, M&& /*copy*/) { full.push_back(&target); }) ==
      Push::closed) {
    co_return std::unexpected(routes->none_left());
  }
  Result<void> outcome;
  for (Target* target : full) {
    Tell<M> tell(target->cell(), M(message));
    Result<void> sent = co_await std::move(tell);
    // One that has stopped meanwhile counts as one that had before.
    if (!sent && sent.error() != ErrorCode::actor_stopped) outcome = std::move(sent);
  }
  co_return outcome;
}

template <Message M>
Task<> broadcaster_actor(Mailbox<M>& inbox, std::shared_ptr<Routes> routes) {
  while (auto message = co_await inbox.receive()) {
    const Push outcome = offer_to_all(*routes, *message, [](Target& /*target*/, M&& copy) {
      refuse_message(std::move(copy), Push::full, ErrorCode::mailbox_full);
    });
    if (outcome == Push::closed) refuse_message(std::move(*message), Push::closed, routes->none_left());
  }
}

template <typename M>
Task<Result<void>> tell_door(Address<M> door, M message) {
  co_return co_await door.tell(std::move(message));
}

}  // namespace detail

template <Message M>
  requires std::copy_constructible<M>
class Broadcaster {
 public:
  /// A broadcaster to `targets`. by_actor: its actor is called `name`, and set up by `options`.
  Broadcaster(System& system, std::string_view name, route::Place place, const std::vector<Address<M>>& targets,
              const SpawnOptions& options = {})
      : routes_(std::make_shared<detail::Routes>(name, targets)) {
    if (place == route::by_actor) {
      door_ = std::make_shared<detail::Door<M>>(system.spawn(name, detail::broadcaster_actor<M>, options, routes_));
    }
  }
  /// The same inside an actor, whose child the broadcaster's actor is.
  Broadcaster(std::string_view name, route::Place place, const std::vector<Address<M>>& targets,
              const SpawnOptions& options = {})
      : routes_(std::make_shared<detail::Routes>(name, targets)) {
    if (place == route::by_actor) {
      door_ = std::make_shared<detail::Door<M>>(spawn_child(name, detail::broadcaster_actor<M>, options, routes_));
    }
  }

  /// Sends a copy to each target; waits for those that are full (in_caller). To be awaited.
  template <typename Value>
    requires Accepts<M, Value>
  [[nodiscard]] Task<Result<void>> tell(Value&& value) const {
    if (door_) return detail::tell_door<M>(door_->address(), M(std::forward<Value>(value)));
    return detail::broadcast<M>(routes_, M(std::forward<Value>(value)));
  }
  /// The same without waiting: a full target is left out, and the result is then `mailbox_full`. Any thread.
  template <typename Value>
    requires Accepts<M, Value>
  [[nodiscard]] Result<void> try_tell(Value&& value) const {
    if (door_) return door_->address().try_tell(std::forward<Value>(value));
    const M message(std::forward<Value>(value));
    const detail::Push outcome = detail::offer_to_all(*routes_, message, [](detail::Target&, M&&) {});
    if (outcome == detail::Push::closed) return std::unexpected(routes_->none_left());
    if (outcome == detail::Push::full) return failure(ErrorCode::mailbox_full);
    return {};
  }

  /// As Router's.
  bool add(const Address<M>& target) const { return routes_->table.add(detail::CellAccess::share(target)); }
  bool remove(const Address<M>& target) const { return routes_->table.remove(detail::CellAccess::cell(target)); }
  [[nodiscard]] std::size_t size() const noexcept { return routes_->table.open_count(); }
  [[nodiscard]] const std::string& name() const noexcept { return routes_->name; }
  [[nodiscard]] Address<M> address() const { return door_ ? door_->address() : Address<M>(); }

 private:
  std::shared_ptr<detail::Routes> routes_;
  std::shared_ptr<detail::Door<M>> door_;  // Null in the caller.
};

}  // namespace understudy
