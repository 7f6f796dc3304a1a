// How an actor's function becomes an actor. Users call System::spawn and spawn_child; this is what they are made of.
//
// An actor is a function from a mailbox (and arguments) to a Task:
//
//     us::Task<> counter(us::Mailbox<Add>& inbox, std::int64_t start);
//
// The function and the arguments are kept for the actor's whole life: each incarnation is a new call with copies of
// them. So a lambda with captures is fine: its captures live as long as the actor.
#pragma once

#include "understudy/actor/address.hpp"
#include "understudy/actor/detail/system_hooks.hpp"
#include "understudy/actor/mailbox.hpp"

#include <functional>
#include <tuple>

namespace understudy {
namespace detail {

template <typename F>
struct MessageOf : MessageOf<decltype(&F::operator())> {};
template <typename R, typename M, typename... Args>
struct MessageOf<R (*)(Mailbox<M>&, Args...)> {
  using type = M;
};
template <typename C, typename R, typename M, typename... Args>
struct MessageOf<R (C::*)(Mailbox<M>&, Args...) const> {
  using type = M;
};
template <typename C, typename R, typename M, typename... Args>
struct MessageOf<R (C::*)(Mailbox<M>&, Args...)> {
  using type = M;
};

/// An actor function that is to know of its lives (lifecycle_hooks.hpp).
template <typename F>
concept KnowsItsLives = requires(F& function, const ActorCell& cell) {
  function.life_begins(cell);
  function.life_has_ended(cell);
};

/// The message type of the actor function F.
template <typename F>
using ActorMessage = typename MessageOf<std::decay_t<F>>::type;

template <Message M, typename F, typename... Args>
class ActorCellOf final : public ActorCell {
 public:
  template <typename... Given>
  ActorCellOf(SystemCore& system, ActorCell* parent, std::string_view name, const SpawnOptions& options, F function,
              Given&&... args)
      : ActorCell(system, parent, name, options),
        body_(std::in_place, std::move(function), std::tuple<Args...>(std::forward<Given>(args)...)),
        inbox_(*this) {}

 private:
  Task<> make_incarnation() override {
    if constexpr (KnowsItsLives<F>) body_->function.life_begins(*this);
    return std::apply([this](const Args&... arg) { return std::invoke(body_->function, inbox_, Args(arg)...); },
                      body_->args);
  }
  [[nodiscard]] Redelivery* redelivery() noexcept override { return inbox_.redelivery(); }
  void note_life_ended() noexcept override {
    if constexpr (KnowsItsLives<F>) body_->function.life_has_ended(*this);
  }
  void forget_function() noexcept override { body_.reset(); }
  void bury(MessageHead& node, DeadLetterCause cause, const Error& reason) noexcept override {
    const M& waiting = node.message<M>();
    bool lost = node.kind != NodeKind::ask && !has_asker(waiting);
    if (node.kind == NodeKind::waiting_tell) {
      auto& tell = static_cast<WaitingTell&>(node);
      // A sender that still waits is told; one that was let in before has been told that its message was accepted.
      const bool refused = tell.refuse([&](Context& sender) {
        if (lost) note_dead_letter(*this, type_of(waiting), DeadLetterCause::stopped, reason, sender.cell());
      });
      lost = lost && !refused;
      if (!tell.admitted()) cause = DeadLetterCause::withdrawn;
    }
    if (lost) note_dead_letter(*this, type_of(waiting), cause, reason, std::nullopt);
    // A request's Reply ends with this thread's teardown error.
    std::optional<M> message;
    take_message<M>(node, message);
  }
  [[nodiscard]] const std::type_info& message_type() const noexcept override { return typeid(M); }

  struct Body {
    Body(F&& given, std::tuple<Args...>&& given_args) : function(std::move(given)), args(std::move(given_args)) {}
    F function;
    std::tuple<Args...> args;
  };

  std::optional<Body> body_;  // Until the actor has stopped.
  Mailbox<M> inbox_;
};

/// An actor function: callable with its mailbox and the arguments, giving a Task<>.
template <typename F, typename... Args>
concept ActorFunction = requires { typename ActorMessage<F>; } &&
                        std::is_invocable_r_v<Task<>, std::decay_t<F>&, Mailbox<ActorMessage<F>>&, Args...>;

template <typename F, typename... Args>
Address<ActorMessage<F>> spawn_in(SystemCore& system, ActorCell* parent, std::string_view name, F&& function,
                                  const SpawnOptions& options, Args&&... args) {
  using M = ActorMessage<F>;
  using Cell = ActorCellOf<M, std::decay_t<F>, std::decay_t<Args>...>;
  CellPointer cell(new Cell(system, parent, name, options, std::forward<F>(function), std::forward<Args>(args)...));
  launch(system, *cell);
  return Address<M>(std::move(cell));
}

}  // namespace detail

/// Starts `function` as a child of the actor that calls this: it stops before its parent's next incarnation starts, and
/// before its parent has stopped. Only inside an actor (checked).
template <typename F, typename... Args>
  requires detail::ActorFunction<F, std::decay_t<Args>...>
[[nodiscard]] Address<detail::ActorMessage<F>> spawn_child(std::string_view name, F&& function,
                                                           const SpawnOptions& options = {}, Args&&... args) {
  detail::ActorCell& parent = detail::current_cell("spawn_child");
  return detail::spawn_in(parent.system(), &parent, name, std::forward<F>(function), options,
                          std::forward<Args>(args)...);
}

/// What an actor may know of itself.
struct ActorInfo {
  std::string path;
  std::uint32_t incarnation;
};
/// The actor that calls this. Only inside an actor (checked).
[[nodiscard]] ActorInfo this_actor();
/// Progress, said by hand: an actor in a long computation or a long wait calls this more often than its cutoff. Only
/// inside an actor (checked).
void beat();

}  // namespace understudy
