// Waiting for several things: for all of them, or for the first.
//
//     auto [total, name] = co_await us::when_all(counter.ask<Add>(5), names.ask<Look>(7));
//     auto first = co_await us::when_any(near.ask<Get>(key), far.ask<Get>(key));      // first.index() says which
//     std::vector<us::Task<int>> tasks = ...;
//     std::vector<int> results = co_await us::when_all(std::move(tasks));
//
// They run beside one another, as tasks of a scope (runtime/scope.hpp) that ends before this does: so they may refer to
// what the caller has, they are no part of an actor that calls this, and they inherit its deadline. They start together
// and in no order. Taken is what can be moved and awaited: asks, tells, Tasks, sleeps, ticks.
//
// An error that is a value is a value: `when_all` waits for the others, `when_any` takes it as the first. An exception
// that leaves one of them cancels the others and is thrown again when all have ended. Cost: a frame and a scheduling
// for each; for what is cancelled some microseconds.
#pragma once

#include "understudy/runtime/detail/outcome.hpp"
#include "understudy/runtime/scope.hpp"

#include <cstddef>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

namespace understudy {

/// Something that can be moved into a task and awaited there.
template <typename A>
concept Awaitable = std::move_constructible<A> && requires { typename detail::Awaited<A>; };

/// The first of several: which, and what it gave.
template <typename T>
struct First {
  std::size_t index;
  T value;
};

namespace detail {

template <typename S, typename A>
Task<> settle_into(std::optional<S>& into, A awaitable) {
  if constexpr (std::is_void_v<Awaited<A>>) {
    co_await std::move(awaitable);
    into.emplace();
  } else {
    into.emplace(co_await std::move(awaitable));
  }
}

/// What the first of several came to. The one that sets it closes the scope.
template <typename V>
class Race {
 public:
  template <typename... Args>
  void finish(TaskGroupCore& scope, Args&&... args) {
    {
      const SpinGuard guard(lock_);
      if (std::exchange(decided_, true)) return;
    }
    winner_.emplace(std::forward<Args>(args)...);
    scope.close();
  }
  /// After the scope has ended.
  [[nodiscard]] std::optional<V>& winner() noexcept { return winner_; }

 private:
  SpinLock lock_;
  bool decided_ = false;
  std::optional<V> winner_;
};

template <std::size_t Index, typename V, typename A>
Task<> race_in(Race<V>& race, TaskGroupCore& scope, A awaitable) {
  if constexpr (std::is_void_v<Awaited<A>>) {
    co_await std::move(awaitable);
    race.finish(scope, std::in_place_index<Index>);
  } else {
    auto value = co_await std::move(awaitable);
    race.finish(scope, std::in_place_index<Index>, std::move(value));
  }
}
template <typename V, typename A>
Task<> race_in_range(Race<V>& race, TaskGroupCore& scope, std::size_t index, A awaitable) {
  if constexpr (std::is_void_v<Awaited<A>>) {
    co_await std::move(awaitable);
    race.finish(scope, index, std::monostate());
  } else {
    auto value = co_await std::move(awaitable);
    race.finish(scope, index, std::move(value));
  }
}

template <typename Results, std::size_t... Index, typename... A>
void spawn_all(OpenScope& scope, Results& results, std::index_sequence<Index...> /*all*/, A&... awaitables) {
  (scope.spawn(settle_into(std::get<Index>(results), std::move(awaitables))), ...);
}
template <typename V, std::size_t... Index, typename... A>
void spawn_race(OpenScope& scope, Race<V>& race, std::index_sequence<Index...> /*all*/, A&... awaitables) {
  (scope.spawn(race_in<Index>(race, scope.core(), std::move(awaitables))), ...);
}
template <typename Results, std::size_t... Index>
auto all_of(Results& results, std::index_sequence<Index...> /*all*/) {
  return std::tuple<typename std::tuple_element_t<Index, Results>::value_type...>(
      std::move(*std::get<Index>(results))...);
}

}  // namespace detail

/// Waits for all; gives a tuple of what they gave, std::monostate for nothing. In a coroutine of a System.
template <Awaitable... A>
Task<std::tuple<detail::Settled<A>...>> when_all(A... awaitables) {
  std::tuple<std::optional<detail::Settled<A>>...> results;
  detail::OpenScope scope;
  detail::spawn_all(scope, results, std::index_sequence_for<A...>(), awaitables...);
  co_await scope.ended();
  scope.rethrow();
  const bool complete = std::apply([](const auto&... result) { return (result.has_value() && ...); }, results);
  if (!complete) co_await detail::until_killed();
  co_return detail::all_of(results, std::index_sequence_for<A...>());
}

/// The same for as many as there are, all of one type.
template <Awaitable A>
Task<std::vector<detail::Settled<A>>> when_all(std::vector<A> awaitables) {
  std::vector<std::optional<detail::Settled<A>>> results(awaitables.size());
  detail::OpenScope scope;
  for (std::size_t i = 0; i < awaitables.size(); ++i) {
    scope.spawn(detail::settle_into(results[i], std::move(awaitables[i])));
  }
  co_await scope.ended();
  scope.rethrow();
  std::vector<detail::Settled<A>> all;
  all.reserve(results.size());
  for (auto& result : results) {
    if (!result) co_await detail::until_killed();
    all.push_back(std::move(*result));
  }
  co_return all;
}

/// Waits for the first; the others are cancelled, and have ended, with their destructors, before it is given: as a
/// variant of what each would give, std::monostate for nothing, whose index says which it was. What another one had all
/// but got is lost: ask for what must not be with `us::start`. In a coroutine of a System.
template <Awaitable... A>
  requires(sizeof...(A) > 0)
Task<std::variant<detail::Settled<A>...>> when_any(A... awaitables) {
  detail::Race<std::variant<detail::Settled<A>...>> race;
  detail::OpenScope scope;
  detail::spawn_race(scope, race, std::index_sequence_for<A...>(), awaitables...);
  co_await scope.ended();
  if (!race.winner()) scope.rethrow();
  if (!race.winner()) co_await detail::until_killed();
  co_return std::move(*race.winner());
}

/// The same for as many as there are, all of one type. Of none: waits for ever.
template <Awaitable A>
Task<First<detail::Settled<A>>> when_any(std::vector<A> awaitables) {
  detail::Race<First<detail::Settled<A>>> race;
  detail::OpenScope scope;
  for (std::size_t i = 0; i < awaitables.size(); ++i) {
    scope.spawn(detail::race_in_range(race, scope.core(), i, std::move(awaitables[i])));
  }
  co_await scope.ended();
  if (!race.winner()) scope.rethrow();
  if (!race.winner()) co_await detail::until_killed();
  co_return std::move(*race.winner());
}

}  // namespace understudy
