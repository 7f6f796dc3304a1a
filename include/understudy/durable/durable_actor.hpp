// durable(): makes an actor of a function from a mailbox and a Durable state.
//
//     us::Task<> account(us::Mailbox<Message>& inbox, us::Durable<Account>& account, std::string owner);
//
//     auto address = system.spawn("account", us::durable(account, {.directory = "accounts/ada"}), {.capacity = 100},
//     "ada");
//
// With an actor for each key the directory follows from the arguments:
//
//     us::OnDemand<std::string, Message> accounts(system, "accounts", us::durable(account, [](const std::string& owner)
//     {
//       return us::DurableOptions{.directory = "accounts/" + owner};
//     }));
//
// Each incarnation recovers the state before the function is called; messages wait meanwhile. Its writer and its
// snapshotter are children of the actor; a failure of the writer is its own (decisions/0006). When the function
// returns, what it has recorded is written, answered and flushed, and the directory let go of, before the actor has
// stopped.
//
// Failure to recover. A disk that fails is a crash, and the supervisor's business. What no restart cures (data_damaged;
// directory_locked, by another process) is logged, and the actor refuses: it ends every request with that error, and
// keeps every tell as a dead letter, until it is stopped, or until it is reset, and tries again. So whoever asks is
// told what is wrong, and nothing on the disk has been changed.
#pragma once

#include "understudy/actor/spawn.hpp"
#include "understudy/durable/durable.hpp"

#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

namespace understudy {
namespace detail {

/// Logs that the calling actor cannot recover.
void report_refusal(const Error& reason);
/// The function of a durable actor, as an actor's.
template <typename F, typename MakeOptions, Message M, DurableState State, typename... Args>
class DurableActor {
 public:
  DurableActor(F function, MakeOptions options) : function_(std::move(function)), options_(std::move(options)) {}

  Task<> operator()(Mailbox<M>& inbox, Args... args) const {
    auto state = std::make_shared<State>();
    ReplayFunction apply = [state](const Record& record) { return apply_record(record, *state); };
    DurableOptions options = options_for(args...);
    Result<Recovered> recovered = co_await recover(full_disks_, std::move(options), std::move(apply));
    if (!recovered) {
      co_await refuse_all(inbox, std::move(recovered).error());
      co_return;
    }
    Durable<State> durable(std::move(*state), std::move(*recovered));
    Task<> life = std::invoke(function_, inbox, durable, std::forward<Args>(args)...);
    co_await std::move(life);
    co_await durable.finish();
  }

 private:
  [[nodiscard]] DurableOptions options_for(const std::remove_reference_t<Args>&... args) const {
    if constexpr (std::is_same_v<MakeOptions, DurableOptions>) {
      return options_;
    } else {
      return std::invoke(options_, args...);
    }
  }
  /// Ends what is sent to an actor that cannot recover.
  static Task<> refuse_all(Mailbox<M>& inbox, Error reason) {
    report_refusal(reason);
    const ActorCell& cell = current_cell("a durable actor");
    while (auto message = co_await inbox.receive()) {
      if (!has_asker(*message)) {
        note_dead_letter(cell, type_of(*message), DeadLetterCause::rejected, reason, std::nullopt);
      }
      drop_unsent(std::move(*message), reason);
    }
  }

  F function_;
  MakeOptions options_;
  std::shared_ptr<FullDisks> full_disks_ = std::make_shared<FullDisks>();
};

template <typename F>
struct DurableFunction : DurableFunction<decltype(&F::operator())> {};
template <typename M, typename State, typename... Args>
struct DurableFunction<Task<> (*)(Mailbox<M>&, Durable<State>&, Args...)> {
  template <typename F, typename MakeOptions>
  using Actor = DurableActor<F, MakeOptions, M, State, Args...>;
};
template <typename C, typename M, typename State, typename... Args>
struct DurableFunction<Task<> (C::*)(Mailbox<M>&, Durable<State>&, Args...) const> {
  template <typename F, typename MakeOptions>
  using Actor = DurableActor<F, MakeOptions, M, State, Args...>;
};

template <typename F, typename MakeOptions>
using DurableActorOf =
    typename DurableFunction<std::decay_t<F>>::template Actor<std::decay_t<F>, std::decay_t<MakeOptions>>;

}  // namespace detail

/// `function`, a durable actor's, to be given to spawn, spawn_child, Pool or OnDemand.
template <typename F>
[[nodiscard]] detail::DurableActorOf<F, DurableOptions> durable(F&& function, DurableOptions options) {
  return {std::forward<F>(function), std::move(options)};
}
/// The same, with options that `make_options(args...)` gives as each incarnation begins.
template <typename F, typename MakeOptions>
  requires(!std::convertible_to<MakeOptions, DurableOptions>)
[[nodiscard]] detail::DurableActorOf<F, MakeOptions> durable(F&& function, MakeOptions&& make_options) {
  return {std::forward<F>(function), std::forward<MakeOptions>(make_options)};
}

}  // namespace understudy
