// How a router chooses, and where: the words that Router, Broadcaster and FirstAnswer are made with.
//
//     us::Router jobs(system, "jobs", us::route::in_caller, workers, us::route::least_loaded);
//     us::Router jobs(system, "jobs", us::route::by_actor,  workers, us::route::least_loaded);
//
// in_caller: the choice is made where the sender is, and the message goes straight to the target's mailbox: no hop, no
// common queue. Backpressure is the target's own: the sender waits for the target it was given, and nobody else does.
//
// by_actor: an actor stands before the targets, with a mailbox and a name of its own: one place to stop, to watch and
// to find, at the price of a hop for each message. It never waits for one target while another could take the message.
//
// Targets that have stopped, or have been asked to, are skipped. With none left a send fails with `actor_stopped`.
#pragma once

#include "understudy/actor/detail/target_table.hpp"
#include "understudy/actor/message.hpp"

#include <concepts>
#include <cstdint>
#include <functional>
#include <type_traits>

namespace understudy {
namespace route {

/// Where the choice is made.
enum class Place : std::uint8_t { in_caller, by_actor };
using enum Place;

/// One after the other; a full target is passed over while another has room.
struct RoundRobin {};
inline constexpr RoundRobin round_robin{};

/// The target with the fewest messages waiting and in hand; equals take turns. Looks at each target: for some dozens.
struct LeastLoaded {};
inline constexpr LeastLoaded least_loaded{};

/// Equal keys go to one target, as long as it runs. Adding a target to n moves one in n + 1 keys, all of them to it;
/// removing one moves its keys alone. A full target is not passed over. Looks at each target: for some dozens.
template <typename KeyOf>
struct Hashed {
  KeyOf key_of;
};
/// Hashes `key_of(message)`, which std::hash must know. The Reply of a message is empty when its key is taken.
template <typename KeyOf>
[[nodiscard]] Hashed<std::decay_t<KeyOf>> by_key(KeyOf&& key_of) {
  return {std::forward<KeyOf>(key_of)};
}

}  // namespace route

namespace detail {

template <typename Policy>
inline constexpr bool reads_message = false;
template <typename KeyOf>
inline constexpr bool reads_message<route::Hashed<KeyOf>> = true;

template <typename KeyOf, typename M>
concept KeyFunction = std::invocable<const KeyOf&, const M&> && requires(const KeyOf& key_of, const M& message) {
  {
    std::hash<std::remove_cvref_t<decltype(std::invoke(key_of, message))>>{}(std::invoke(key_of, message))
  } -> std::convertible_to<std::size_t>;
};

template <typename Policy, typename M>
inline constexpr bool chooses_for = std::same_as<Policy, route::RoundRobin> || std::same_as<Policy, route::LeastLoaded>;
template <typename KeyOf, typename M>
inline constexpr bool chooses_for<route::Hashed<KeyOf>, M> = KeyFunction<KeyOf, M>;

}  // namespace detail

/// A policy that chooses one target for a message of type M.
template <typename Policy, typename M>
concept RoutingPolicy = Message<M> && detail::chooses_for<Policy, M>;

}  // namespace understudy
