// Waiting for a message or something else, whichever comes first.
//
//     us::Pending<us::Result<Price>> price = us::start(market.ask<Quote>(id));
//     us::Interval tick(1s);
//     for (;;) {
//       auto next = co_await us::select(inbox, price, tick);
//       if (auto* message = std::get_if<0>(&next)) {
//         if (!*message) co_return;                             // empty when the actor is asked to stop
//         ...
//       } else if (auto* quote = std::get_if<1>(&next)) { ... }   // Result<Price>
//       else { ... }                                            // std::uint64_t: ticks that have come due
//     }
//
// Nothing that was received is lost when another branch wins:
//   - a message leaves the mailbox only if it is what `select` gives;
//   - a Pending or an Interval, given by name, keeps its result or its tick for the next `select`, or for `co_await`;
//   - anything else that can be moved and awaited (an ask, a sleep, a Task) is started by the `select`, as a task of a
//     scope, and if it loses it is cancelled and has ended, with its destructors, before the winner is given. What it
//     had all but got is lost with it, so give what must not be lost as a Pending.
// If several have come: the branch that is named first; the mailbox last, so that a flood of messages hides no event.
// But after a branch has won, a message that waits goes first: so neither hides the other.
#pragma once

#include "understudy/actor/mailbox.hpp"
#include "understudy/runtime/interval.hpp"
#include "understudy/runtime/pending.hpp"
#include "understudy/runtime/scope.hpp"
#include "understudy/runtime/when.hpp"

#include <tuple>
#include <utility>
#include <variant>

namespace understudy {
namespace detail {

struct MailboxAccess {
  template <typename M>
  static ActorCell& cell(Mailbox<M>& inbox) noexcept {
    return inbox.cell_;
  }
  template <typename M>
  static bool take(Mailbox<M>& inbox, std::optional<M>& into) noexcept {
    return inbox.take(into);
  }
};

/// Ends the wait of an actor in its mailbox; forgotten with this.
class Nudger final : public Watcher {
 public:
  explicit Nudger(ActorCell& cell) noexcept : cell_(cell) {}
  Nudger(const Nudger&) = delete;
  Nudger& operator=(const Nudger&) = delete;
  ~Nudger() { cell_.mailbox().forget_nudge(); }
  void arrived() noexcept override {
    if (cell_.mailbox().nudge()) cell_.schedule();
  }

 private:
  ActorCell& cell_;
};

/// One branch beside the mailbox: something that is started, and cancelled if it loses.
template <typename A>
class Branch {
 public:
  using Value = Settled<A>;
  void watch(Watcher& watcher) noexcept { outcome_.watch(watcher); }
  void watch(Watcher& watcher, A& /*awaitable*/) noexcept { outcome_.watch(watcher); }
  void start(OpenScope& scope, A& awaitable) {
    using Holder = Outcome<Value>*;
    scope.spawn(settle<Holder, A>(FinishGuard<Holder>(&outcome_), std::move(awaitable)));
  }
  [[nodiscard]] bool finished() const noexcept { return outcome_.finished(); }
  std::optional<Value> take() { return outcome_.take(); }

 private:
  Outcome<Value> outcome_;
};

/// Something that goes on if it loses.
template <typename T>
class Branch<Pending<T>&> {
 public:
  using Value = typename FlatResult<T>::type;
  Branch() = default;
  Branch(const Branch&) = delete;
  Branch& operator=(const Branch&) = delete;
  ~Branch() {
    if (pending_ != nullptr) pending_->outcome().unwatch();
  }
  void watch(Watcher& watcher, Pending<T>& pending) noexcept {
    pending_ = &pending;
    pending.outcome().watch(watcher);
  }
  void start(OpenScope& /*scope*/, Pending<T>& /*pending*/) noexcept {}
  [[nodiscard]] bool finished() const noexcept { return pending_->ready(); }
  std::optional<Value> take() { return Pending<T>::flat(pending_->outcome().take()); }

 private:
  Pending<T>* pending_ = nullptr;
};

/// A sleep until the next tick; the tick is taken only if it wins.
template <>
class Branch<Interval&> {
 public:
  using Value = std::uint64_t;
  void watch(Watcher& watcher, Interval& interval) noexcept {
    interval_ = &interval;
    due_.watch(watcher);
  }
  void start(OpenScope& scope, Interval& interval) {
    sleep until_due(interval.next() - this_thread().current->scheduler().clock().now());
    due_.start(scope, until_due);
  }
  [[nodiscard]] bool finished() const noexcept { return interval_->due(); }
  std::optional<Value> take() { return interval_->try_tick(); }

 private:
  Interval* interval_ = nullptr;
  Branch<sleep> due_;
};

/// Awaits a message, or the first of `branches`.
template <typename M, typename Branches>
class SelectReceive final : private Suspension, private Receiver {
 public:
  SelectReceive(Mailbox<M>& inbox, const Branches& branches) noexcept
      : inbox_(inbox), cell_(MailboxAccess::cell(inbox)), branches_(branches) {}
  SelectReceive(const SelectReceive&) = delete;
  SelectReceive& operator=(const SelectReceive&) = delete;
  ~SelectReceive() = default;

  /// True if it is decided, perhaps now.
  bool complete() noexcept override {
    if (decided_) return true;
    const LibraryCall call;
    if (call.fenced()) return false;
    // A branch that is ready each time, as a tick that the actor cannot keep up with, hides no message, nor a stop.
    decided_ = cell_.message_is_next() && (MailboxAccess::take(inbox_, message_) || cell_.mailbox().is_exhausted());
    if (decided_) return true;
    winner_ = std::apply([](const auto&... branch) { return first_finished(branch...); }, branches_);
    decided_ = winner_ != 0 || MailboxAccess::take(inbox_, message_) || cell_.mailbox().is_exhausted();
    return decided_;
  }
  [[nodiscard]] bool await_ready() noexcept { return !turn_is_over() && complete(); }
  bool await_suspend(std::coroutine_handle<> awaiting) noexcept { return wait_for_message(cell_, awaiting, *this); }
  void await_resume() noexcept {
    cell_.mark_busy();
    cell_.set_message_is_next(winner_ != 0);
    if (message_) cell_.count_message();
  }
  /// Which branch has won, from 1 on; 0: the mailbox.
  [[nodiscard]] std::size_t winner() const noexcept { return winner_; }
  [[nodiscard]] std::optional<M>& message() noexcept { return message_; }

 private:
  template <typename... B>
  static std::size_t first_finished(const B&... branch) noexcept {
    std::size_t index = 0;
    return ((++index, branch.finished()) || ...) ? index : 0;
  }
  [[nodiscard]] Suspension& suspension() noexcept override { return *this; }
  bool claim() noexcept override { return cell_.mailbox().claim_sleeper(); }
  [[nodiscard]] Wait waiting_for() const noexcept override {
    return {.kind = Wait::Kind::message, .claimed = !cell_.mailbox().sleeping()};
  }

  Mailbox<M>& inbox_;
  ActorCell& cell_;
  const Branches& branches_;
  bool decided_ = false;
  std::size_t winner_ = 0;
  std::optional<M> message_;
};

template <typename V, typename Branches, std::size_t... Index>
std::optional<V> taken_from(Branches& branches, std::size_t winner, std::index_sequence<Index...> /*all*/) {
  std::optional<V> taken;
  [[maybe_unused]] const auto take = [&]<std::size_t I>(std::integral_constant<std::size_t, I> /*index*/) {
    if (winner != I + 1) return;
    if (auto value = std::get<I>(branches).take()) taken.emplace(std::in_place_index<I + 1>, std::move(*value));
  };
  (take(std::integral_constant<std::size_t, Index>()), ...);
  return taken;
}

template <typename Branches, std::size_t... Index, typename... A>
void watch_all(Branches& branches, Watcher& watcher, std::index_sequence<Index...> /*all*/, A&... awaitables) {
  (std::get<Index>(branches).watch(watcher, awaitables), ...);
}
template <typename Branches, std::size_t... Index, typename... A>
void start_all(Branches& branches, OpenScope& scope, std::index_sequence<Index...> /*all*/, A&... awaitables) {
  (std::get<Index>(branches).start(scope, awaitables), ...);
}

template <typename M, typename... A>
Task<std::variant<std::optional<M>, typename Branch<A>::Value...>> select_from(Mailbox<M>& inbox, A... awaitables) {
  using V = std::variant<std::optional<M>, typename Branch<A>::Value...>;
  ActorCell& cell = MailboxAccess::cell(inbox);
  {
    const LibraryCall call;
    if (!call.fenced()) {
      cell.set_deadline(TimePoint::max());  // The message before is done with.
      cell.mailbox().note_in_hand(InHand::nothing);
    }
  }
  Nudger nudger(cell);
  std::tuple<Branch<A>...> branches;
  watch_all(branches, nudger, std::index_sequence_for<A...>(), awaitables...);
  SelectReceive<M, std::tuple<Branch<A>...>> receive(inbox, branches);
  {
    OpenScope scope;
    if (!receive.complete()) start_all(branches, scope, std::index_sequence_for<A...>(), awaitables...);
    co_await receive;
    scope.core().close();
    co_await scope.ended();
  }
  if (receive.winner() == 0) co_return V(std::in_place_index<0>, std::move(receive.message()));
  std::optional<V> taken = taken_from<V>(branches, receive.winner(), std::index_sequence_for<A...>());
  if (!taken) co_await until_killed();
  co_return std::move(*taken);
}

}  // namespace detail

/// Waits for the next message or the first of `others` (above). Gives a variant: first the optional message, empty when
/// the actor has been asked to stop and has handled everything, then what each of the others gives: Result<T> for a
/// Pending, the number of ticks for an Interval, for anything else what awaiting it gives (std::monostate for nothing).
/// An exception of the winner is thrown. Only the actor itself, as `receive`. While it waits, the actor is idle. Cost:
/// a scope; for each of the others that is started here, a task, and some microseconds to cancel it.
template <Message M, typename... A>
[[nodiscard]] auto select(Mailbox<M>& inbox, A&&... others) {
  return detail::select_from<M, A...>(inbox, std::forward<A>(others)...);
}

}  // namespace understudy
