// What the copies of a router share, and the sends that go through one.
#pragma once

#include "understudy/actor/detail/cell_access.hpp"
#include "understudy/actor/detail/system_hooks.hpp"
#include "understudy/actor/mailbox.hpp"
#include "understudy/actor/routing.hpp"

#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace understudy::detail {

struct Routes {
  template <Message M>
  Routes(std::string_view router_name, const std::vector<Address<M>>& targets) : name(router_name) {
    for (const Address<M>& target : targets) table.add(CellAccess::share(target));
  }
  [[nodiscard]] Error none_left() const {
    return {ErrorCode::actor_stopped, "the router \"" + name + "\" has no target that runs"};
  }

  const std::string name;
  TargetTable table;
};

/// The actor before the targets; stopped when the last copy of its router goes.
template <Message M>
class Door {
 public:
  explicit Door(Address<M> actor) noexcept : actor_(std::move(actor)) {}
  Door(const Door&) = delete;
  Door& operator=(const Door&) = delete;
  ~Door() { actor_.stop(); }
  [[nodiscard]] const Address<M>& address() const noexcept { return actor_; }
  [[nodiscard]] ActorCell& cell() const noexcept { return CellAccess::cell(actor_); }

 private:
  Address<M> actor_;
};

template <typename M>
[[nodiscard]] Target* choose(const route::RoundRobin& /*policy*/, const TargetTable& table,
                             const RoundPosition& position, const M* /*message*/) noexcept {
  return choose_in_turn(table, position);
}
template <typename M>
[[nodiscard]] Target* choose(const route::LeastLoaded& /*policy*/, const TargetTable& table,
                             const RoundPosition& position, const M* /*message*/) noexcept {
  return choose_least_loaded(table, position);
}
template <typename KeyOf, typename M>
[[nodiscard]] Target* choose(const route::Hashed<KeyOf>& policy, const TargetTable& table,
                             const RoundPosition& /*position*/, const M* message) {
  decltype(auto) key = std::invoke(policy.key_of, *message);
  return choose_by_hash(table, spread_bits(std::hash<std::remove_cvref_t<decltype(key)>>{}(key)));
}

/// Pushes `message` to a target with room now. Otherwise it is untouched, and the outcome says why; `tried` is then the
/// target that was full.
template <typename M, typename Policy>
[[nodiscard]] Push offer(const Routes& routes, const Policy& policy, const RoundPosition& position, M& message,
                         Target*& tried) {
  // A target may fill up or stop between the choice and the push: each is tried once more at the most.
  for (std::uint32_t attempts = routes.table.size() + 1; attempts > 0; --attempts) {
    tried = choose(policy, routes.table, position, &message);
    if (tried == nullptr) return Push::closed;
    Push refused = Push::accepted;
    if (push_tell(tried->cell(), message, refused)) return Push::accepted;
    if (refused == Push::full && (reads_message<Policy> || !tried->has_room())) return Push::full;
  }
  return tried == nullptr ? Push::closed : Push::full;
}

/// A send to the target that was chosen for it, ready to be awaited, or one for which there is none.
template <typename Send>
class RoutedAwaiter {
  using Inner = decltype(std::declval<Send>().operator co_await());
  using R = decltype(std::declval<Inner&>().await_resume());

 public:
  RoutedAwaiter(std::optional<Send>&& send, const Routes& routes) : routes_(send ? nullptr : &routes) {
    if (send) ::new (static_cast<void*>(&inner_)) Inner(std::move(*send).operator co_await());
  }
  RoutedAwaiter(const RoutedAwaiter&) = delete;
  RoutedAwaiter& operator=(const RoutedAwaiter&) = delete;
  ~RoutedAwaiter() {
    if (routes_ == nullptr) inner_.~Inner();
  }

  [[nodiscard]] bool await_ready() { return routes_ != nullptr || inner_.await_ready(); }
  decltype(auto) await_suspend(std::coroutine_handle<> awaiting) { return inner_.await_suspend(awaiting); }
  [[nodiscard]] R await_resume() {
    if (routes_ != nullptr) return std::unexpected(routes_->none_left());
    return inner_.await_resume();
  }

 private:
  const Routes* routes_;  // Set if there is no target.
  union {
    Inner inner_;
  };
};

/// Finds the request in a message: the message itself, or an alternative of it, nested ones too. Null: another is
/// there.
template <typename Request, typename M>
[[nodiscard]] Request* find_request(M& message) noexcept {
  if constexpr (std::same_as<Request, M>) {
    return &message;
  } else if constexpr (requires { std::variant_size<M>::value; }) {
    return std::visit([](auto& part) noexcept -> Request* { return find_request<Request>(part); }, message);
  } else {
    return nullptr;
  }
}
/// A message that was made before its target was known; becomes one with the Reply that the ask gives it.
template <typename M, typename Request>
struct ReadyMade {
  M message;
  Reply<ReplyType<Request>> reply;

  // NOLINTNEXTLINE(google-explicit-constructor): a request becomes its message
  explicit(false) operator M() && {
    Request* request = find_request<Request>(message);
    if constexpr (requires { request->reply; }) {
      request->reply = std::move(reply);
    } else {
      request->response = std::move(reply);
    }
    return std::move(message);
  }
};

/// A message that a router's actor cannot pass on: its asker is told, or it becomes a dead letter.
template <typename M>
void refuse_message(M&& message, Push refused, const Error& reason) {
  note_unsent(current_cell("a router"), message, cause_of(refused), reason);
  drop_unsent(std::forward<M>(message), reason);
}

/// The actor form of a router. It waits for room only while no target has any, so a slow one holds up nobody else.
template <Message M, typename Policy>
Task<> router_actor(Mailbox<M>& inbox, std::shared_ptr<Routes> routes, Policy policy) {
  const RoundPosition position;
  while (auto message = co_await inbox.receive()) {
    Target* full = nullptr;
    const Push outcome = offer(*routes, policy, position, *message, full);
    if (outcome < Push::full) continue;
    if (outcome == Push::closed) {
      refuse_message(std::move(*message), Push::closed, routes->none_left());
    } else if (reads_message<Policy>) {
      refuse_message(std::move(*message), Push::full, ErrorCode::mailbox_full);
    } else {
      // What it is refused by in the end is told to its asker, or makes it a dead letter.
      Tell<M> tell(full->cell(), std::move(*message));
      static_cast<void>(co_await std::move(tell));
    }
  }
}

}  // namespace understudy::detail
