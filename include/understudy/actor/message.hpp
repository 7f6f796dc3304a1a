// What can be sent to an actor, checked when the program is compiled.
//
// An actor's message is one type M: any movable value, and often a `std::variant` of several (nested ones too). A
// *request* is a message, or an alternative of one, that carries a `Reply<T>`: an aggregate whose last member is
// called `reply` or `response`:
//
//     struct Get { std::string key; us::Reply<std::optional<us::Bytes>> response; };
#pragma once

#include "understudy/actor/reply.hpp"

#include <concepts>
#include <type_traits>
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
  static const ReplySlot* slot(const Reply<T>& reply) noexcept {
    return reply.slot_;
  }
};
template <typename M>
inline constexpr bool is_variant = false;
template <typename... Alternatives>
inline constexpr bool is_variant<std::variant<Alternatives...>> = true;

/// The slot of the Reply that `message` carries, or null. Costs nothing for types that carry none.
template <typename M>
const ReplySlot* slot_carried_by(const M& message) noexcept {
  if constexpr (requires { typename ReplyOf<M>::type; }) {
    if constexpr (requires { ReplyAccess::slot(message.reply); }) {
      return ReplyAccess::slot(message.reply);
    } else if constexpr (requires { ReplyAccess::slot(message.response); }) {
      return ReplyAccess::slot(message.response);
    }
  } else if constexpr (is_variant<M>) {
    if (message.valueless_by_exception()) return nullptr;
    return std::visit([](const auto& alternative) { return slot_carried_by(alternative); }, message);
  }
  return nullptr;
}

}  // namespace detail

/// A type that can be an actor's message.
template <typename M>
concept Message = std::movable<M> && alignof(M) <= 16;

/// `Request` can be sent to an actor whose message is `M`: it is M, or M can be made of it.
template <typename M, typename Request>
concept Accepts = Message<M> && std::constructible_from<M, Request>;

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
