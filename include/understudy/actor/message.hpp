// What can be sent to an actor, checked when the program is compiled.
//
// An actor's message is one type M: any movable value, and often a `std::variant` of several (nested ones too). A
// *request* is a message, or an alternative of one, that carries a `Reply<T>`: an aggregate whose last member is
// called `reply` or `response`:
//
//     struct Get { std::string key; us::Reply<std::optional<us::Bytes>> response; };
//
// A message can be delivered again (SpawnOptions::redeliver) if it can be copied. A request cannot, for its Reply is
// one of a kind; it says how, without it:
//
//     struct Put { std::string key; us::Reply<void> reply; Put again() const { return {key, {}}; } };
//
// A message may be urgent: it, or an alternative of it, has a member that says so:
//
//     struct Pause { static constexpr bool is_urgent() { return true; } };
//     struct Order { int priority; bool is_urgent() const { return priority > 9; } };
//
// Urgent messages, told or asked, overtake those that are not, also those that the actor has taken from the queue and
// not handed out yet; among themselves they keep their order. They share the mailbox's capacity, and wait, are refused
// or dropped as others are, though dropped last; one whose sender waits for room is nonetheless handled next. As long
// as there are urgent messages no others are handled: what may come in floods is not urgent. Stop, reset and replies
// need none of this: they never stand in a mailbox. Cost: mailboxes whose messages cannot be urgent pay nothing; others
// look at the queue's shared word for each message.
#pragma once

#include "understudy/actor/reply.hpp"

#include <concepts>
#include <type_traits>
#include <typeinfo>
#include <variant>

namespace understudy {
namespace detail {

template <typename Request>
struct ReplyOf {};
template <typename Request>
  requires requires(Request& request) { typename std::remove_cvref_t<decltype(request.reply)>::value_type; }
struct ReplyOf<Request> {
  using type = typename std::remove_cvref_t<decltype(std::declval<Request&>().reply)>::value_type;
};
template <typename Request>
  requires requires(Request& request) { typename std::remove_cvref_t<decltype(request.response)>::value_type; }
struct ReplyOf<Request> {
  using type = typename std::remove_cvref_t<decltype(std::declval<Request&>().response)>::value_type;
};

struct ReplyAccess {
  template <typename T>
  static ReplySlot* slot(const Reply<T>& reply) noexcept {
    return reply.slot();
  }
  template <typename T>
  static void renew(Reply<T>& reply, ReplySlot& slot) noexcept {
    reply = Reply<T>(static_cast<TypedReplySlot<T>&>(slot));
  }
};
/// What `look` says of the Reply that `message` carries; false if it carries none.
template <typename M, typename Look>
[[nodiscard]] bool look_at_reply([[maybe_unused]] const M& message, [[maybe_unused]] Look look) noexcept {
  if constexpr (requires { message.reply.is_given_up(); }) {
    return look(message.reply);
  } else if constexpr (requires { message.response.is_given_up(); }) {
    return look(message.response);
  } else {
    return false;
  }
}
template <typename... Alternatives, typename Look>
[[nodiscard]] bool look_at_reply(const std::variant<Alternatives...>& message, Look look) noexcept {
  return !message.valueless_by_exception() &&
         std::visit([look](const auto& one) { return look_at_reply(one, look); }, message);
}
/// Whether a message of this type can carry a Reply at all.
template <typename M>
inline constexpr bool may_carry_reply = requires(const M& message) { message.reply.is_given_up(); } ||
                                        requires(const M& message) { message.response.is_given_up(); };
template <typename... Alternatives>
inline constexpr bool may_carry_reply<std::variant<Alternatives...>> = (may_carry_reply<Alternatives> || ...);
/// Whether somebody waits, or waited, for what will be answered to `message`: its Reply was not made by hand.
template <typename M>
[[nodiscard]] bool has_asker(const M& message) noexcept {
  return look_at_reply(message, [](const auto& reply) { return static_cast<bool>(reply); });
}
/// The slot of the Reply that `message` carries, or null. Costs nothing for types that carry none.
template <typename M>
[[nodiscard]] ReplySlot* slot_carried_by(const M& message) noexcept {
  ReplySlot* slot = nullptr;
  static_cast<void>(look_at_reply(message, [&slot](const auto& reply) {
    slot = ReplyAccess::slot(reply);
    return true;
  }));
  return slot;
}
/// Gives the Reply that `message` carries, which is empty, its slot again.
template <typename M>
void renew_reply(M& message, ReplySlot& slot) noexcept {
  if constexpr (requires { message.reply.is_given_up(); }) {
    ReplyAccess::renew(message.reply, slot);
  } else if constexpr (requires { message.response.is_given_up(); }) {
    ReplyAccess::renew(message.response, slot);
  }
}
template <typename... Alternatives>
void renew_reply(std::variant<Alternatives...>& message, ReplySlot& slot) noexcept {
  std::visit([&slot](auto& one) { renew_reply(one, slot); }, message);
}
/// Whether somebody waited for that, and has given up.
template <typename M>
[[nodiscard]] bool asker_is_gone(const M& message) noexcept {
  return look_at_reply(message, [](const auto& reply) { return reply && reply.is_given_up(); });
}

/// The type of a message, of a sum the alternative's.
template <typename M>
[[nodiscard]] const std::type_info& type_of(const M& /*message*/) noexcept {
  return typeid(M);
}
template <typename... Alternatives>
[[nodiscard]] const std::type_info& type_of(const std::variant<Alternatives...>& message) noexcept {
  if (message.valueless_by_exception()) return typeid(message);
  return std::visit([](const auto& one) -> const std::type_info& { return type_of(one); }, message);
}

}  // namespace detail

/// A type that can be an actor's message.
template <typename M>
concept Message = std::movable<M> && alignof(M) <= 16;

/// `Request` can be sent to an actor whose message is `M`: it is M, or M can be made of it; if it may be urgent, M may.
template <typename M, typename Request>
concept Accepts = Message<M> && std::constructible_from<M, Request> &&
                  (!detail::has_urgent_lane<std::remove_cvref_t<Request>> || detail::has_urgent_lane<M>);

/// The type of the answer to `Request`.
template <typename Request>
using ReplyType = typename detail::ReplyOf<Request>::type;

/// `Request` carries a Reply and can be made from `Args` followed by it.
template <typename Request, typename... Args>
concept AskableWith =
    requires { typename ReplyType<Request>; } && requires(Args&&... args, Reply<ReplyType<Request>> reply) {
      Request{std::forward<Args>(args)..., std::move(reply)};
    };

}  // namespace understudy
