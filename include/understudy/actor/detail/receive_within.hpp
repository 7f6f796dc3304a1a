// The awaitable of Mailbox::receive().within(). A part of actor/mailbox.hpp, which includes it at its end.
#pragma once

#include "understudy/actor/mailbox.hpp"

#include <optional>

namespace understudy {

/// The awaitable of Mailbox::receive().within().
template <Message M>
class [[nodiscard]] Mailbox<M>::ReceiveWithin final : private detail::Suspension,
                                                      private detail::Receiver,
                                                      private detail::Timer {
 public:
  ReceiveWithin(Mailbox& inbox, Duration limit) noexcept : inbox_(inbox), limit_(limit) {}
  ReceiveWithin(const ReceiveWithin&) = delete;
  ReceiveWithin& operator=(const ReceiveWithin&) = delete;
  ~ReceiveWithin() { disarm(); }

  [[nodiscard]] bool await_ready() noexcept { return !detail::turn_is_over() && complete(); }
  bool await_suspend(std::coroutine_handle<> awaiting) noexcept {
    // In the library from here on, as `publish` has it: it is known whether the mailbox is still this one's to wake.
    detail::ThreadState& thread = detail::this_thread();
    thread.user_code.store(nullptr, std::memory_order_relaxed);
    detail::Scheduler& scheduler = inbox_.cell_.scheduler();
    if (limit_ > Duration{0} && !detail::is_fenced(thread)) {
      armed_ = true;
      scheduler.start_timer(*this, after(scheduler.clock().now(), limit_));
    }
    return detail::wait_for_message(inbox_.cell_, awaiting, *this);
  }
  [[nodiscard]] Result<M> await_resume() noexcept {
    disarm();
    inbox_.cell_.mark_busy();
    if (message_) {
      inbox_.cell_.count_message();
      return Result<M>(std::in_place, std::move(*message_));
    }
    inbox_.cell_.set_deadline(TimePoint::max());
    inbox_.cell_.mailbox().note_in_hand(detail::InHand::nothing);
    return failure(inbox_.cell_.mailbox().is_exhausted() ? ErrorCode::actor_stopped : ErrorCode::timeout);
  }

 private:
  void fire() noexcept override {
    if (inbox_.cell_.mailbox().nudge()) inbox_.cell_.schedule();
  }
  void disarm() noexcept {
    if (!std::exchange(armed_, false)) return;
    inbox_.cell_.scheduler().cancel_timer(*this);
    inbox_.cell_.mailbox().forget_nudge();
  }
  bool complete() noexcept override {
    const detail::LibraryCall call;
    if (call.fenced()) return false;
    const detail::MailboxCore& core = inbox_.cell_.mailbox();
    return inbox_.take(message_) || limit_ <= Duration{0} || core.nudged() || core.is_exhausted();
  }
  [[nodiscard]] detail::Suspension& suspension() noexcept override { return *this; }
  bool claim() noexcept override { return inbox_.cell_.mailbox().claim_sleeper(); }
  [[nodiscard]] detail::Wait waiting_for() const noexcept override {
    return {.kind = detail::Wait::Kind::message, .claimed = !inbox_.cell_.mailbox().sleeping()};
  }

  Mailbox& inbox_;
  Duration limit_;
  bool armed_ = false;
  std::optional<M> message_;
};

}  // namespace understudy
