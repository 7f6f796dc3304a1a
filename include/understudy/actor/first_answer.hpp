// FirstAnswer: asks several actors the same, and takes the first success; the other asks are cancelled.
//
//     us::FirstAnswer mirrors(system, "mirrors", us::route::in_caller, replicas);
//     us::Result<Page> page = co_await mirrors.ask<Fetch>("index").within(50ms);
//
// Each target gets a copy of the arguments. Once one has succeeded, requests that no actor has taken yet are never
// started, and actors that have one in hand see `reply.is_given_up()`. An answer that is an error is a failure. When
// all have failed the result is an error with the last one's code, whose message names every target and what it said.
// Targets that have stopped are not asked; with none left the result is `actor_stopped`. The limit given to `within` is
// each target's.
//
// by_actor the asks are made by an actor, which runs as many races beside one another as its mailbox has room; one
// whose asker goes away meanwhile goes on until it is decided.
//
// Cost: a task for each target. An actor that waits here longer than its cutoff counts as stuck: give a limit.
//
// Threads: any; copies share the targets.
#pragma once

#include "understudy/actor/detail/answer_race.hpp"
#include "understudy/actor/system.hpp"

namespace understudy {

/// A request to several actors, ready to be awaited. Gives Result<ReplyType<Request>>. Holds all that it uses.
template <typename M, typename Request, typename... Args>
class [[nodiscard("an ask does nothing until it is awaited")]] FirstAsk {
  using T = ReplyType<Request>;

 public:
  FirstAsk(std::shared_ptr<detail::Routes> routes, std::shared_ptr<detail::Door<detail::RaceMessage>> door,
           std::tuple<Args...>&& args)
      : routes_(std::move(routes)), door_(std::move(door)), args_(std::move(args)) {}

  /// Limits the wait for each answer.
  [[nodiscard]] FirstAsk within(Duration limit) && {
    limit_ = limit;
    return std::move(*this);
  }
  [[nodiscard]] auto operator co_await() && {
    return detail::OwningAwaiter<Result<T>>(
        door_ ? ask_door(std::move(door_), std::move(args_), limit_)
              : detail::first_answer<M, Request, Args...>(std::move(routes_), std::move(args_), limit_));
  }

 private:
  static Task<Result<T>> ask_door(std::shared_ptr<detail::Door<detail::RaceMessage>> door, std::tuple<Args...> args,
                                  std::optional<Duration> limit) {
    using Work = detail::RaceWorkOf<M, Request, Args...>;
    auto work = std::make_unique<Work>(std::move(args), limit);
    using Asked = detail::RaceRequest<Work, T>;
    Ask<detail::RaceMessage, Asked, std::unique_ptr<Work>> ask(door->cell(), std::make_tuple(std::move(work)));
    co_return co_await std::move(ask);
  }

  std::shared_ptr<detail::Routes> routes_;
  std::shared_ptr<detail::Door<detail::RaceMessage>> door_;
  std::tuple<Args...> args_;
  std::optional<Duration> limit_;
};

template <Message M>
class FirstAnswer {
 public:
  /// Asks `targets`. by_actor: its actor is called `name`, and set up by `options`.
  FirstAnswer(System& system, std::string_view name, route::Place place, const std::vector<Address<M>>& targets,
              const SpawnOptions& options = {})
      : routes_(std::make_shared<detail::Routes>(name, targets)) {
    if (place == route::by_actor) {
      door_ = std::make_shared<Door>(system.spawn(name, detail::race_actor, options, routes_));
    }
  }
  /// The same inside an actor, whose child the router's actor is.
  FirstAnswer(std::string_view name, route::Place place, const std::vector<Address<M>>& targets,
              const SpawnOptions& options = {})
      : routes_(std::make_shared<detail::Routes>(name, targets)) {
    if (place == route::by_actor) {
      door_ = std::make_shared<Door>(spawn_child(name, detail::race_actor, options, routes_));
    }
  }

  /// Asks every target; the first success is the result. The arguments are copied for each.
  template <typename Request, typename... Args>
    requires Accepts<M, Request> && AskableWith<Request, std::decay_t<Args>...> &&
             (std::copy_constructible<std::decay_t<Args>> && ...)
  [[nodiscard]] FirstAsk<M, Request, std::decay_t<Args>...> ask(Args&&... args) const {
    return {routes_, door_, std::tuple<std::decay_t<Args>...>(std::forward<Args>(args)...)};
  }

  /// As Router's.
  bool add(const Address<M>& target) const { return routes_->table.add(detail::CellAccess::share(target)); }
  bool remove(const Address<M>& target) const { return routes_->table.remove(detail::CellAccess::cell(target)); }
  [[nodiscard]] std::size_t size() const noexcept { return routes_->table.open_count(); }
  [[nodiscard]] const std::string& name() const noexcept { return routes_->name; }

 private:
  using Door = detail::Door<detail::RaceMessage>;
  std::shared_ptr<detail::Routes> routes_;
  std::shared_ptr<Door> door_;  // Null in the caller.
};

}  // namespace understudy
