// The awaitable of Mailbox::receive(). A part of actor/mailbox.hpp, which includes it at its end.
#pragma once

#include "understudy/actor/mailbox.hpp"

#include <optional>
#include <utility>

namespace understudy {

/// The awaitable of Mailbox::receive.
template <Message M>
class [[nodiscard]] Mailbox<M>::Receive final : private detail::Suspension, private detail::Receiver {
 public:
  explicit Receive(Mailbox& inbox) noexcept : inbox_(inbox) {}
  Receive(const Receive&) = delete;
  Receive& operator=(const Receive&) = delete;
  ~Receive() {
    if (node_ != nullptr) [[unlikely]]
      let_go();
  }

  /// The same for at most `limit`; gives Result<M>: the message, or `timeout`, or `actor_stopped` where `receive` gives
  /// none. What comes just as the time is over is handed out by this receive or by the next: none is lost. Zero or
  /// less: what waits now. One timer, if it must wait.
  [[nodiscard]] ReceiveWithin within(Duration limit) && noexcept { return ReceiveWithin(inbox_, limit); }

  [[nodiscard]] bool await_ready() noexcept {
    if (inbox_.cell_.mailbox().seems_quiet() || detail::turn_is_over()) return false;
    const detail::LibraryCall call;
    if (call.fenced()) [[unlikely]]
      return false;
    node_ = inbox_.take_at_once();
    return node_ != nullptr || complete();
  }
  bool await_suspend(std::coroutine_handle<> awaiting) noexcept {
    return detail::wait_for_message(inbox_.cell_, awaiting, *this);
  }
  [[nodiscard]] std::optional<M> await_resume() noexcept {
    inbox_.cell_.mark_busy();
    if (node_ != nullptr) [[likely]] {
      inbox_.cell_.count_message();
      return taken();
    }
    if (message_) {
      inbox_.cell_.count_message();
    } else {
      inbox_.cell_.set_deadline(TimePoint::max());
      inbox_.cell_.mailbox().note_in_hand(detail::InHand::nothing);
    }
    return std::move(message_);
  }

 private:
  bool complete() noexcept override { return inbox_.take(node_, message_) || inbox_.cell_.mailbox().is_exhausted(); }
  [[nodiscard]] std::optional<M> taken() noexcept {
    detail::MessageHead& node = *std::exchange(node_, nullptr);
    std::optional<M> message(std::in_place, std::move(node.template message<M>()));
    detail::release_taken<M>(node);
    return message;
  }
  /// It was killed before it could hand the message out.
  [[gnu::noinline]] void let_go() noexcept { static_cast<void>(taken()); }
  [[nodiscard]] detail::Suspension& suspension() noexcept override { return *this; }
  bool claim() noexcept override { return inbox_.cell_.mailbox().claim_sleeper(); }
  [[nodiscard]] detail::Wait waiting_for() const noexcept override {
    return {.kind = detail::Wait::Kind::message, .claimed = !inbox_.cell_.mailbox().sleeping()};
  }

  Mailbox& inbox_;
  detail::MessageHead* node_ = nullptr;  // Of the message to hand out; null: that is message_, or none.
  std::optional<M> message_;
};

}  // namespace understudy
