// Which messages go by a mailbox's urgent lane: see message.hpp. Known when the program is compiled, but for a sum of
// urgent and other messages, or one that decides by its content; mailboxes of other types pay nothing.
#pragma once

#include <concepts>
#include <variant>

namespace understudy::detail {

template <typename M>
concept SaysUrgency = requires(const M& message) {
  { message.is_urgent() } -> std::same_as<bool>;
};

/// Whether a mailbox of M has an urgent lane.
template <typename M>
inline constexpr bool has_urgent_lane = SaysUrgency<M>;
template <typename... Alternatives>
inline constexpr bool has_urgent_lane<std::variant<Alternatives...>> = (has_urgent_lane<Alternatives> || ...);

template <typename M>
[[nodiscard]] constexpr bool is_urgent([[maybe_unused]] const M& message) noexcept {
  if constexpr (SaysUrgency<M>) {
    return message.is_urgent();
  } else {
    return false;
  }
}
template <typename... Alternatives>
[[nodiscard]] constexpr bool is_urgent([[maybe_unused]] const std::variant<Alternatives...>& message) noexcept {
  if constexpr (has_urgent_lane<std::variant<Alternatives...>>) {
    return !message.valueless_by_exception() && std::visit([](const auto& one) { return is_urgent(one); }, message);
  } else {
    return false;
  }
}

}  // namespace understudy::detail
