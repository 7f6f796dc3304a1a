// Address<M>: where to send messages of type M. Cheap to copy, typed, and valid over all incarnations of its actor; it
// outlives the actor and its system too (sending then gives `actor_stopped`).
//
// Threads: an Address may be copied and used from any thread; one object is not changed by two at once.
#pragma once

#include "understudy/actor/ask.hpp"
#include "understudy/actor/tell.hpp"

#include <string>

namespace understudy {
namespace detail {
struct CellAccess;
}

template <Message M>
class Address {
 public:
  using message_type = M;

  /// Points nowhere: using it is a programming error, checked.
  Address() noexcept = default;
  explicit Address(detail::CellPointer cell) noexcept : cell_(std::move(cell)) {}

  /// A request, to be awaited: `co_await address.ask<Add>(5)`, `co_await address.ask<Add>(5).within(1s)`. The
  /// arguments make a `Request`, all members but its reply. Gives Result<ReplyType<Request>>. In a coroutine of a
  /// System; from a plain thread: `us::wait(system, address.ask<Add>(5))`.
  template <typename Request, typename... Args>
    requires Accepts<M, Request> && AskableWith<Request, std::decay_t<Args>...>
  [[nodiscard]] Ask<M, Request, std::decay_t<Args>...> ask(Args&&... args) const {
    return {cell(), std::tuple<std::decay_t<Args>...>(std::forward<Args>(args)...)};
  }

  /// A message, to be awaited: `co_await address.tell(Add{5})`. Gives Result<void>. In a coroutine of a System.
  template <typename Value>
    requires Accepts<M, Value>
  [[nodiscard]] Tell<M> tell(Value&& value) const {
    return {cell(), std::in_place, [&]() -> M { return M(std::forward<Value>(value)); }};
  }

  /// The same, with the message made from `args`: `co_await address.tell<Add>(5)`.
  template <typename Value, typename... Args>
    requires Accepts<M, Value> && requires(Args&&... args) { Value{std::forward<Args>(args)...}; }
  [[nodiscard]] Tell<M> tell(Args&&... args) const {
    return {cell(), std::in_place, [&]() -> M { return M(Value{std::forward<Args>(args)...}); }};
  }

  /// Sends without waiting. Any thread, coroutine or not. Fails with `mailbox_full` if there is no room now and the
  /// mailbox's policy is to wait or to reject, and with `actor_stopped`; requests in the message end with the same
  /// error. Constant time, no system call unless an idle worker is woken.
  template <typename Value>
    requires Accepts<M, Value>
  [[nodiscard]] Result<void> try_tell(Value&& value) const {
    M message(std::forward<Value>(value));
    detail::Push refused = detail::Push::accepted;
    if (detail::push_tell(cell(), message, refused)) return {};
    Error error = detail::refusal(refused);
    detail::note_unsent(cell(), message, detail::cause_of(refused), error);
    detail::drop_unsent(std::move(message), error);
    return std::unexpected(std::move(error));
  }

  /// Asks the actor to stop: it takes no more messages, handles those that wait, and ends. Returns at once. Any thread.
  void stop() const noexcept { cell().request_stop(); }
  /// Ends the actor's present incarnation, wherever it is, and starts the next on the same mailbox, as a crash would.
  /// False if it is not running. Any thread. Without a supervisor the actor stops.
  bool reset() const { return cell().request_end(0, {detail::Ending::Kind::reset, reset_error()}); }

  [[nodiscard]] std::string_view name() const noexcept { return cell().name(); }
  /// Names from the root of the tree down: "/key-value/writer".
  [[nodiscard]] std::string path() const { return cell().path(); }
  /// Which life the actor is in: 1 for the first, 0 before it.
  [[nodiscard]] std::uint32_t incarnation() const noexcept { return cell().incarnation(); }
  /// True once the actor has stopped for good.
  [[nodiscard]] bool stopped() const noexcept { return cell().stopped(); }
  /// Messages that wait, those of waiting senders included. A hint.
  [[nodiscard]] std::size_t depth() const noexcept { return cell().mailbox().depth(); }
  /// Requests, so far, that the actor did not start because their deadline had passed or their asker had gone.
  [[nodiscard]] std::uint64_t not_started() const noexcept {
    return cell().liveness().not_started.load(std::memory_order_relaxed);
  }
  [[nodiscard]] explicit operator bool() const noexcept { return static_cast<bool>(cell_); }
  friend bool operator==(const Address& a, const Address& b) noexcept { return a.cell_.get() == b.cell_.get(); }

 private:
  friend struct detail::CellAccess;
  [[nodiscard]] detail::ActorCell& cell() const noexcept {
    if (!cell_) detail::empty_address_used();
    return *cell_;
  }
  static Error reset_error() { return {ErrorCode::actor_crashed, "the actor was reset"}; }

  detail::CellPointer cell_;
};

}  // namespace understudy
