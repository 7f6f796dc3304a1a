// Reply<T>: the one-shot responder that a request carries. Whoever holds it answers the asker, once.
//
//     struct Add { std::int64_t value; us::Reply<std::int64_t> reply; };
//     ...
//     add->reply(total);
//
// A Reply may be moved: into a container for later, or in a message to another actor that answers instead. One that is
// destroyed unanswered ends its ask with an error: `reply_dropped`, or `actor_crashed` if its actor failed or was reset
// with the message in hand. So no ask hangs on a forgotten answer.
//
// Threads: one Reply is used by one thread at a time, any thread.
#pragma once

#include "understudy/actor/detail/reply_slot.hpp"
#include "understudy/actor/detail/slot_pointer.hpp"

namespace understudy {
namespace detail {
struct ReplyAccess;
}  // namespace detail

template <typename T>
class [[nodiscard]] Reply {
 public:
  using value_type = T;

  /// A reply that nobody waits for: answering it does nothing. What a request made by hand carries.
  Reply() noexcept = default;
  explicit Reply(detail::TypedReplySlot<T>& slot) noexcept : slot_(slot) {}
  Reply(Reply&& other) noexcept = default;
  Reply& operator=(Reply&& other) noexcept {
    if (this != &other) {
      drop();
      slot_ = std::move(other.slot_);
    }
    return *this;
  }
  Reply(const Reply&) = delete;
  Reply& operator=(const Reply&) = delete;
  ~Reply() { drop(); }

  /// Answers with a value. False if there is nobody to answer: the asker is gone, or has been answered by this Reply.
  template <typename... Value>
    requires std::constructible_from<std::conditional_t<std::is_void_v<T>, detail::Nothing, T>, Value...>
  bool operator()(Value&&... value) {
    const detail::LibraryCall call;
    detail::ReplySlot* slot = call.fenced() ? slot_.refuse() : slot_.release();
    return slot != nullptr && static_cast<detail::TypedReplySlot<T>*>(slot)->answer(std::forward<Value>(value)...);
  }
  /// Answers with an error.
  void fail(Error error) noexcept {
    const detail::LibraryCall call;
    if (detail::ReplySlot* slot = call.fenced() ? slot_.refuse() : slot_.release()) slot->fail(std::move(error));
  }
  /// Answers with either.
  void complete(Result<T> result) {
    if (!result) {
      fail(std::move(result).error());
    } else if constexpr (std::is_void_v<T>) {
      (*this)();
    } else {
      (*this)(std::move(*result));
    }
  }
  /// True if it has not been answered, and somebody asked. The asker may be gone all the same.
  [[nodiscard]] explicit operator bool() const noexcept { return static_cast<bool>(slot_); }
  /// True while somebody waits for the answer: it has not been given, and the asker is still there. One that is about
  /// to give up may do so the next instant. For work in steps: stop when it says false.
  [[nodiscard]] bool wanted() const noexcept { return !is_given_up(); }
  /// When the asker stops waiting; TimePoint::max() if it said nothing. Not after the answer.
  [[nodiscard]] TimePoint deadline() const noexcept {
    const detail::LibraryCall call;
    const detail::ReplySlot* slot = call.fenced() ? nullptr : slot_.get();
    return slot != nullptr && slot->timed ? slot->deadline() : TimePoint::max();
  }
  /// True if the asker has given up (deadline, cancellation): work for it alone can be left undone.
  [[nodiscard]] bool is_given_up() const noexcept {
    const detail::LibraryCall call;
    const detail::ReplySlot* slot = call.fenced() ? nullptr : slot_.get();
    return slot == nullptr || slot->is_given_up();
  }

 private:
  friend struct detail::ReplyAccess;
  [[nodiscard]] detail::ReplySlot* slot() const noexcept { return slot_.get(); }
  void drop() noexcept {
    if (!slot_) return;
    const detail::LibraryCall call;
    if (call.fenced()) {
      static_cast<void>(slot_.refuse());
    } else if (detail::ReplySlot* slot = slot_.release()) {
      detail::fail_dropped(*slot);
    }
  }

  detail::SlotPointer slot_;
};

}  // namespace understudy
