// Watching: learning that an actor has stopped for good, whatever the cause.
//
//     us::ActorEnd end = co_await us::ended(worker);                     // in a coroutine
//     us::watch(worker, boss, [](const us::ActorEnd& end) { return WorkerGone{end.path}; });   // as a message
//     us::link(left, right);                                             // if one fails for good, so does the other
//
// Each is told once; at once if the actor is long gone. Restarts are no ends: for those see supervision/incident.hpp. A
// watcher's message goes beyond its mailbox's capacity if need be: control is never refused.
//
// Threads: any.
#pragma once

#include "understudy/actor/address.hpp"
#include "understudy/actor/detail/cell_access.hpp"
#include "understudy/actor/detail/death_watch.hpp"
#include "understudy/runtime/detail/event.hpp"
#include "understudy/runtime/task.hpp"

#include <concepts>
#include <string>
#include <type_traits>
#include <utility>

namespace understudy {

enum class EndCause : std::uint8_t {
  returned,          ///< Its function returned, because it was asked to stop or by itself.
  crashed,           ///< An exception left it, and it was not restarted.
  stuck,             ///< It made no progress, and was not restarted.
  holding_a_thread,  ///< It held its thread, and was not restarted.
  reset,             ///< It was reset, and was not restarted.
  stopped,           ///< It was ended where it was: with its parent, or by a shutdown.
};
[[nodiscard]] std::string_view name_of(EndCause cause) noexcept;

/// How an actor ended.
struct ActorEnd {
  std::string path;
  std::uint32_t incarnation;  ///< Its last.
  EndCause cause;
  Error reason;  ///< Of one that returned: `actor_stopped`.
  /// True unless it returned, or was told to end.
  [[nodiscard]] bool failed() const noexcept { return cause != EndCause::returned && cause != EndCause::stopped; }
};

namespace detail {

[[nodiscard]] ActorEnd end_of(const ActorCell& cell);
/// Ends `cell` for good, because `end`, of an actor it is linked to.
void end_with(ActorCell& cell, const ActorEnd& end) noexcept;
/// Lists `watch`, or tells it now.
void begin_watch(ActorCell& cell, DeathWatch& watch) noexcept;

/// In the frame of a coroutine that waits.
class EndEvent final : public DeathWatch {
 public:
  explicit EndEvent(CellPointer cell) : cell_(std::move(cell)) { begin_watch(*cell_, *this); }
  ~EndEvent() {
    // One that is just being told is waited for: it is set in the same breath.
    if (!cell_->remove_watch(*this)) {
      for (std::uint64_t round = 0; !ended.is_set(); ++round) wait_a_little(round);
    }
  }
  void told(const ActorCell& /*cell*/) noexcept override { ended.set(); }
  Event ended;

 private:
  CellPointer cell_;
};

/// One that calls a function. Owns itself until it is told.
template <typename Function>
class EndCall final : public DeathWatch {
 public:
  explicit EndCall(Function function) : function_(std::move(function)) {}
  void told(const ActorCell& cell) noexcept override {
    function_(end_of(cell));
    delete this;
  }

 private:
  Function function_;
};
template <typename Function>
void call_at_end(ActorCell& cell, Function function) {
  begin_watch(cell, *new EndCall<Function>(std::move(function)));
}

/// Sends beyond the capacity. Nothing if the actor has stopped.
template <typename M>
void push_control(ActorCell& cell, M&& message) {
  auto* node = TellNode<M>::make(std::forward<M>(message));
  const Push pushed = cell.mailbox().push(*node, true);
  if (pushed >= Push::full) {
    TellNode<M>::release(node);
  } else if (pushed != Push::accepted) {
    cell.after_push(pushed);
  }
}

}  // namespace detail

/// Waits until the actor at `address` has stopped for good. In a coroutine of a System, its own or another.
template <Message M>
[[nodiscard]] Task<ActorEnd> ended(Address<M> address) {
  detail::CellPointer cell = detail::CellAccess::share(address);
  detail::EndEvent event(cell);
  co_await event.ended;
  co_return detail::end_of(*cell);
}

/// Tells `watcher` that the actor at `watched` has stopped, by the message that `make(const ActorEnd&)` gives.
template <Message Watched, Message M, typename Make>
  requires std::constructible_from<M, std::invoke_result_t<Make&, const ActorEnd&>>
void watch(const Address<Watched>& watched, Address<M> watcher, Make make) {
  detail::call_at_end(*detail::CellAccess::share(watched),
                      [to = detail::CellAccess::share(watcher), make = std::move(make)](const ActorEnd& end) mutable {
                        detail::push_control<M>(*to, M(make(end)));
                      });
}

/// Binds two actors to one another: if one of them fails and is not restarted, the other is ended where it is.
template <Message A, Message B>
void link(const Address<A>& a, const Address<B>& b) {
  const auto tie = [](const detail::CellPointer& one, detail::CellPointer other) {
    detail::ActorCell& cell = *one;
    detail::call_at_end(cell, [bound = std::move(other)](const ActorEnd& end) {
      if (end.failed()) detail::end_with(*bound, end);
    });
  };
  tie(detail::CellAccess::share(a), detail::CellAccess::share(b));
  tie(detail::CellAccess::share(b), detail::CellAccess::share(a));
}

}  // namespace understudy
